package tools_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"related-ro/infra/checks/tools"
)

func TestOnceInstallsOnce(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "tool-1")
	installs := 0
	for range 3 {
		err := tools.Once(t.Context(), directory, func(context.Context, string) error { installs++; return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	if installs != 1 {
		t.Errorf("installed %d times, want once", installs)
	}
}

func TestOnceStartsAnewAfterFailure(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "tool-1")
	broken := errors.New("broken off")
	half := func(_ context.Context, directory string) error {
		return errors.Join(broken, os.WriteFile(filepath.Join(directory, "half"), nil, 0o644))
	}
	if err := tools.Once(t.Context(), directory, half); !errors.Is(err, broken) {
		t.Fatalf("got %v, want %v", err, broken)
	}
	whole := func(_ context.Context, directory string) error {
		entries, err := os.ReadDir(directory)
		if err != nil || len(entries) > 0 {
			t.Errorf("the directory is not empty: %v, %v", entries, err)
		}
		return nil
	}
	if err := tools.Once(t.Context(), directory, whole); err != nil {
		t.Fatal(err)
	}
}
