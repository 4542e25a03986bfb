// Package seeded starts local stacks with the seed data, for tests.
package seeded

import (
	"testing"

	"related-ro/infra/local/seed"
	"related-ro/infra/local/stack"
)

// Start starts a stack that runs until the test ends, and loads the seed data into it.
func Start(t testing.TB, options stack.Options) (*stack.Stack, seed.Data) {
	t.Helper()
	data, err := seed.Read()
	if err != nil {
		t.Fatal(err)
	}
	s, err := stack.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the stack: %v", err)
		}
	})
	if err := data.Plant(t.Context(), s.Platform()); err != nil {
		t.Fatal(err)
	}
	return s, data
}
