package soak

import (
	"cmp"
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// TestSoak sends SOAK_MESSAGES messages, 200 by default. SOAK_SEED repeats the
// choice of messages of an earlier run.
func TestSoak(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	messages := int(number(t, "SOAK_MESSAGES", 200))
	seed := number(t, "SOAK_SEED", rand.Uint64())
	t.Logf("sending %d messages, seed %d", messages, seed)
	result, err := run(ctx, messages, seed)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	result.judge(t)
	if sum := result.OK + result.Skipped + result.Disabled + result.DeadLettered; sum != result.Sent || result.Sent != messages {
		t.Errorf("%d messages ended, %d were sent, want %d", sum, result.Sent, messages)
	}
}

// number returns a number of the environment.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(cmp.Or(os.Getenv(name), strconv.FormatUint(otherwise, 10)), 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
