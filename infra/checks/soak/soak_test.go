package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"
	"time"
)

func TestSoakOf200Messages(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	seed := rand.Uint64()
	result, err := run(ctx, options{messages: 200, seed: seed, root: "../../.."})
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	var table bytes.Buffer
	if err := result.print(&table); err != nil {
		t.Fatal(err)
	}
	t.Logf("seed %d\n%s", seed, &table)
	if !result.right() {
		t.Error("a message was lost or a case is wrong")
	}
	if sum := result.OK + result.Skipped + result.Disabled + result.DeadLettered; sum != result.Sent || result.Sent != 200 {
		t.Errorf("%d messages ended, %d were sent, want 200", sum, result.Sent)
	}
}
