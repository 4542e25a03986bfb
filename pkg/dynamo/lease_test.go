package dynamo_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"related-ro/pkg/dynamo"
	"related-ro/pkg/relatedro"
)

// claim returns a claim on account "acc" that begins the given seconds after noon and lasts ten.
func claim(holder string, rank relatedro.Rank, second int) relatedro.Claim {
	now := noon.Add(time.Duration(second) * time.Second)
	return relatedro.Claim{Account: "acc", Holder: holder, Rank: rank, Now: now, Until: now.Add(10 * time.Second)}
}

// take takes the lease and returns its fencing number, or 0 if another holder has it.
func take(t testing.TB, s *dynamo.Store, c relatedro.Claim) (fence int64) {
	t.Helper()
	fence, err := s.TakeLease(t.Context(), c)
	if err != nil && !errors.Is(err, relatedro.ErrLeased) || (err == nil) != (fence > 0) {
		t.Fatalf("TakeLease: fence %d, error %v", fence, err)
	}
	return fence
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLeaseHasOneHolder(t *testing.T) {
	s := newStore(t)
	batch, person := relatedro.RankBatch, relatedro.RankPerson
	for _, step := range []struct {
		what string
		c    relatedro.Claim
		want int64
	}{
		{"the first", claim("a", batch, 0), 1},
		{"another", claim("b", batch, 1), 0},
		{"a person, too, while it is held", claim("c", person, 2), 0},
		{"the holder's request, repeated as its answer was lost", claim("a", batch, 3), 2},
		{"another, a moment before it ends", claim("b", batch, 12), 0},
		{"another, as it ends: its holder has crashed", claim("b", batch, 13), 3},
	} {
		if got := take(t, s, step.c); got != step.want {
			t.Fatalf("%s: fence %d, want %d", step.what, got, step.want)
		}
	}
	elsewhere := claim("d", batch, 13)
	elsewhere.Account = "acc-2"
	if take(t, s, elsewhere) != 1 {
		t.Error("a lease on acc also blocks acc-2")
	}
	other := claim("e", batch, 14)
	other.Account = "ACC"
	if take(t, s, other) != 0 {
		t.Error("acc and ACC have separate leases")
	}
}

func TestLeaseIsReleasedByItsHolderAlone(t *testing.T) {
	s := newStore(t)
	crashed := take(t, s, claim("a", relatedro.RankBatch, 0))
	held := take(t, s, claim("b", relatedro.RankBatch, 10))
	must(t, s.ReleaseLease(t.Context(), "acc", crashed)) // too late
	if take(t, s, claim("c", relatedro.RankBatch, 11)) != 0 {
		t.Fatal("a former holder released the current lease")
	}
	must(t, s.ReleaseLease(t.Context(), "acc", held))
	if next := take(t, s, claim("c", relatedro.RankBatch, 11)); next <= held {
		t.Errorf("fence %d after %d, want a larger one", next, held)
	}
	must(t, s.ReleaseLease(t.Context(), "never-leased", 1))
}

func TestLowerRanksStandBack(t *testing.T) {
	follow, batch, person := relatedro.RankFollow, relatedro.RankBatch, relatedro.RankPerson
	for _, tt := range []struct {
		name   string
		wants  []relatedro.Claim
		taker  relatedro.Claim
		taken  bool
		remain relatedro.Rank // expected WantedBy afterwards
	}{
		{"nobody waits", nil, claim("t", follow, 1), true, 0},
		{"a person waits", []relatedro.Claim{claim("w", person, 0)}, claim("t", batch, 1), false, person},
		{"a batch waits", []relatedro.Claim{claim("w", batch, 0)}, claim("t", follow, 1), false, batch},
		{"one of the same rank waits", []relatedro.Claim{claim("w", batch, 0)}, claim("t", batch, 1), true, 0},
		{"one of a lower rank waits", []relatedro.Claim{claim("w", batch, 0)}, claim("t", person, 1), true, 0},
		{"the lower rank came last", []relatedro.Claim{claim("w", person, 0), claim("x", batch, 1)}, claim("t", batch, 2), false, person},
		{"the higher rank came last", []relatedro.Claim{claim("w", batch, 0), claim("x", person, 1)}, claim("t", batch, 2), false, person},
		{"who waited has crashed", []relatedro.Claim{claim("w", person, 0)}, claim("t", follow, 10), true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t)
			for _, c := range tt.wants {
				must(t, s.WantLease(t.Context(), c))
			}
			if taken := take(t, s, tt.taker) > 0; taken != tt.taken {
				t.Errorf("taken: %v, unexpectedly", taken)
			}
			lease, err := s.Lease(t.Context(), "acc")
			if err != nil || lease.WantedBy != tt.remain || lease.HeldUntil.IsZero() == tt.taken || lease.HeldSince.IsZero() == tt.taken {
				t.Errorf("lease %+v, error %v", lease, err)
			}
		})
	}
}

// A process whose clock is years ahead must not lock all others out of an account.
func TestLeaseOfAWrongClockDoesNotCount(t *testing.T) {
	s := newStore(t)
	wrong := claim("w", relatedro.RankPerson, 0)
	wrong.Now = noon.AddDate(1, 0, 0)
	wrong.Until = wrong.Now.Add(time.Minute)
	take(t, s, wrong)
	must(t, s.WantLease(t.Context(), wrong))
	if take(t, s, claim("a", relatedro.RankFollow, 0)) == 0 {
		t.Error("a claim from a wrong clock blocks the lease for a year")
	}
}

func TestLeaseCostsOneCallEach(t *testing.T) {
	s := newStore(t)
	counted := countCalls(t)
	fence := take(t, s, claim("a", relatedro.RankBatch, 0))
	must(t, s.ReleaseLease(t.Context(), "acc", fence))
	if n := counted.count["UpdateItem"]; n != 2 || len(counted.count) != 1 {
		t.Errorf("calls %v, want 2 UpdateItem", counted.count)
	}
}

func TestLeaseRacing(t *testing.T) {
	table := server.Table(t)
	var all sync.WaitGroup
	results := make([]error, 8)
	for i := range results {
		all.Go(func() {
			s := dynamo.New(server.Client(), table)
			_, results[i] = s.TakeLease(t.Context(), claim(fmt.Sprint(i), relatedro.RankBatch, 0))
		})
	}
	all.Wait()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
		} else if !errors.Is(err, relatedro.ErrLeased) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d claims got the lease, want 1", won)
	}
}
