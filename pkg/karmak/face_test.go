package karmak_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// generations returns n ROs from number 1000 on. They form families of the given depth, in which
// each RO is made from the one before. firsts are the first numbers of the families.
func generations(n, depth int) (ros []karmaktest.RO, firsts []string) {
	for i := range n {
		number := strconv.Itoa(1000 + i)
		firsts = append(firsts, number)
		ros = append(ros, karmaktest.RO{Number: number, Branch: "MAIN"})
		for level := range depth {
			next := strconv.Itoa(100_000 + i*100 + level)
			ros = append(ros, karmaktest.RO{Number: next, Original: number, Branch: "MAIN"})
			number = next
		}
	}
	return ros, firsts
}

// TestBothFacesCostTheSame checks the number of look-ups, which is the same for both faces.
func TestBothFacesCostTheSame(t *testing.T) {
	for _, c := range []struct {
		ros     func(n, related int) ([]karmaktest.RO, []string)
		n       int
		related int
		branch  string
		page    int
		want    int
	}{
		{forest, 50, 1, "MAIN", 50, 5},
		{forest, 50, 1, "", 100, 3},
		{forest, 50, 1, "MAIN", 100, 3},
		{forest, 50, 1, "", 500, 3},
		{forest, 50, 1, "MAIN", 500, 3},
		{forest, 50, 2, "MAIN", 500, 3},
		{forest, 2, 2, "MAIN", 500, 3},
		{forest, 1, 0, "", 500, 2},
		{forest, 1, 0, "MAIN", 500, 2},
		{forest, 1, 1, "", 500, 3},
		{forest, 1, 1, "MAIN", 500, 3},
		{forest, 500, 1, "MAIN", 500, 9},
		{generations, 1, 5, "MAIN", 500, 11},
		{generations, 50, 2, "MAIN", 20, 12},
		{generations, 206, 1, "MAIN", 500, 5}, // a few more than fit in one URL
		{generations, 600, 1, "MAIN", 500, 10},
	} {
		ros, numbers := c.ros(c.n, c.related)
		for _, f := range faces() {
			t.Run(fmt.Sprintf("%s, %d ROs with %d related, branch %q, pages of %d", f.name, c.n, c.related, c.branch, c.page),
				func(t *testing.T) {
					sim := f.dealer(t, ros...)
					changeAccount(t, sim, func(a *karmaktest.Account) { a.MaxPageSize = c.page })
					for ro, found := range families(t, client(t, sim, bothKeys), f.atBranch(c.branch), numbers...) {
						if found.Failure != nil || len(found.Related) != c.related {
							t.Fatalf("RO %s has %d related, %v", ro, len(found.Related), found.Failure)
						}
					}
					expectLookups(t, sim, c.want)
				})
		}
	}
}

// TestAccountThatIsMoved checks a move: the old face refuses the account, the new one has its ROs,
// and a client that has used both needs no restart.
func TestAccountThatIsMoved(t *testing.T) {
	unity, newer := faces()[0], faces()[1]
	sim := unity.dealer(t, karmaktest.RO{Number: "100"}, karmaktest.RO{Number: "101", Original: "100"})
	c := client(t, sim, bothKeys)
	reads := func(f face, want relatedro.Reason) {
		t.Helper()
		found, err := c.Families(t.Context(), f.connection, []string{"100"})
		switch {
		case want != "" && failureReason(err) != want:
			t.Errorf("%s: %v, want %s", f.name, err, want)
		case want == "" && (err != nil || len(found["100"].Related) != 1):
			t.Errorf("%s: %v, %v", f.name, found, err)
		}
	}
	move := func(to string) {
		t.Helper()
		if err := sim.Move(account, to); err != nil {
			t.Fatal(err)
		}
	}
	reads(unity, "")
	reads(newer, relatedro.NotActivated)
	move(karmaktest.ReportDataAccess)
	reads(unity, relatedro.AccountNotPermitted)
	reads(newer, "")
	move(karmaktest.Unity)
	reads(unity, "")
	reads(newer, relatedro.NotActivated)
}

func failureReason(err error) relatedro.Reason {
	if f, ok := err.(*relatedro.Failure); ok {
		return f.Reason
	}
	return ""
}

// TestSubscriptionKeyIsOurs checks that a wrong subscription key is reported as our fault and does
// not affect Unity's accounts.
func TestSubscriptionKeyIsOurs(t *testing.T) {
	unity, newer := faces()[0], faces()[1]
	for name, c := range map[string]struct {
		key   string
		want  relatedro.Reason
		log   string
		asked int
	}{
		"missing":    {"", relatedro.CredentialsUnavailable, `no "subscriptionKey"`, 0},
		"wrong":      {"wr0ng", relatedro.CredentialsRejected, "refused", 1},
		"unsendable": {"two\nlines", relatedro.CredentialsUnavailable, "header can carry", 0},
	} {
		t.Run(name, func(t *testing.T) {
			sim := newer.dealer(t, karmaktest.RO{Number: "100"})
			if err := sim.AddAccount(karmaktest.Account{ID: "other", Users: []string{user},
				ROs: []karmaktest.RO{{Number: "200"}}}); err != nil {
				t.Fatal(err)
			}
			var output bytes.Buffer
			client := client(t, sim, func(k *karmak.Config) {
				k.Credentials, k.Logger = fixed(c.key), slog.New(slog.NewJSONHandler(&output, nil))
			})
			_, err := client.Families(t.Context(), newer.connection, []string{"100"})
			if failureReason(err) != c.want || !strings.Contains(err.Error(), c.log) {
				t.Errorf("Families: %v, want %s and %q", err, c.want, c.log)
			}
			a := client.CheckActivation(t.Context(), newer.connection)
			if a.State != relatedro.ActivationUnreachable || !strings.Contains(strings.ToLower(a.Message), "subscription key") {
				t.Errorf("CheckActivation: %+v", a)
			}
			if c.asked == 0 && !strings.Contains(strings.ReplaceAll(output.String(), `\"`, `"`), c.log) {
				t.Errorf("the log does not have the error: %s", output.String())
			}
			expectLookups(t, sim, c.asked)
			connection := relatedro.Connection{Account: "other", User: unity.connection.User}
			if found, err := client.Families(t.Context(), connection, []string{"200"}); err != nil || found["200"].Failure != nil {
				t.Errorf("through Unity: %v, %v", found, err)
			}
			if c.key != "" && strings.Contains(output.String()+err.Error(), c.key) {
				t.Error("the key is in the log")
			}
		})
	}
}

func TestSubscriptionKeyIsReadAgainOnceItIsRefused(t *testing.T) {
	newer := faces()[1]
	sim := newer.dealer(t, karmaktest.RO{Number: "100"})
	now, key := time.Now(), "subscr1ption"
	c := client(t, sim, func(k *karmak.Config) {
		k.Now = func() time.Time { return now }
		k.Credentials = func(ctx context.Context) (karmak.Credentials, error) { return fixed(key)(ctx) }
	})
	families(t, c, newer.connection, "100")
	sim.RotateSubscriptionKey("rotated")
	key = "rotated"
	now = now.Add(time.Minute)
	families(t, c, newer.connection, "100")
}

func TestAccountHeaderIsConfiguration(t *testing.T) {
	newer := faces()[1]
	sim := newer.dealer(t, karmaktest.RO{Number: "100"})
	c := client(t, sim, bothKeys, func(k *karmak.Config) {
		k.AccountHeader = "Dealer-Number"
		k.Transport = renaming{http.DefaultTransport}
	})
	families(t, c, newer.connection, "100")
	config := config(sim)
	config.AccountHeader = "Dealer Number"
	if err := config.Validate(); err == nil || !strings.Contains(err.Error(), "AccountHeader") {
		t.Errorf("AccountHeader with a space: %v", err)
	}
}

// renaming simulates a Karmak that reads the account number from another header.
type renaming struct{ http.RoundTripper }

func (r renaming) RoundTrip(request *http.Request) (*http.Response, error) {
	request.Header.Set("KarmakAccountNumber", request.Header.Get("Dealer-Number"))
	return r.RoundTripper.RoundTrip(request)
}

// TestOfflineDealerAtTheNewerInterface: the newer interface has no status, so the response code
// must show that the server is offline.
func TestOfflineDealerAtTheNewerInterface(t *testing.T) {
	newer := faces()[1]
	sim := newer.dealer(t, karmaktest.RO{Number: "100"})
	strike(t, sim, karmaktest.Fault{Kind: karmaktest.Offline})
	c := client(t, sim, bothKeys)
	if _, err := c.Families(t.Context(), newer.connection, []string{"100"}); failureReason(err) != relatedro.DealerOffline {
		t.Errorf("Families: %v", err)
	}
	want := "This dealer's Karmak Fusion server does not answer. Please check that the server is running."
	if a := client(t, sim, bothKeys).CheckActivation(t.Context(), newer.connection); a.State != relatedro.ActivationUnreachable ||
		a.Message != want {
		t.Errorf("CheckActivation: %+v", a)
	}
}
