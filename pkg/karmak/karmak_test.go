package karmak_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

func TestMain(m *testing.M) {
	// A server may keep a connection for half a second after its last answer, longer than goleak looks.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

const (
	account = "acct-1"
	user    = "user-1"
)

// over is the connection of most tests. at returns the same connection at a branch.
var connection = relatedro.Connection{Account: account, User: user}

func atBranch(branch string) relatedro.Connection {
	return relatedro.Connection{Account: account, User: user, Branch: branch}
}

// dealer starts a simulator with one account that has the ROs.
func dealer(t testing.TB, config karmaktest.Config, ros ...karmaktest.RO) *karmaktest.Server {
	t.Helper()
	config.ClientID, config.ClientSecret = "client", "s3cret-value"
	sim := karmaktest.Start(config)
	t.Cleanup(sim.Close)
	err := sim.AddAccount(karmaktest.Account{ID: account, Users: []string{user}, FusionVersion: "3.61.4.0", ROs: ros})
	if err != nil {
		t.Fatal(err)
	}
	return sim
}

// strike sets a fault, unless it is the zero fault.
func strike(t testing.TB, sim *karmaktest.Server, fault karmaktest.Fault) {
	t.Helper()
	if fault.Kind == "" {
		return
	}
	if err := sim.SetFault(fault); err != nil {
		t.Fatal(err)
	}
}

// changeAccount changes the account of most tests.
func changeAccount(t testing.TB, sim *karmaktest.Server, change func(*karmaktest.Account)) {
	t.Helper()
	if err := sim.UpdateAccount(account, change); err != nil {
		t.Fatal(err)
	}
}

// client returns a client of the simulator with short waits.
func client(t testing.TB, sim *karmaktest.Server, change ...func(*karmak.Config)) *karmak.Client {
	t.Helper()
	config := config(sim)
	for _, c := range change {
		c(&config)
	}
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	c := karmak.New(config)
	t.Cleanup(c.Close)
	return c
}

// fresh returns a client like client does. The caller must close it.
func fresh(sim *karmaktest.Server) *karmak.Client { return karmak.New(config(sim)) }

func config(sim *karmaktest.Server) karmak.Config {
	return karmak.Config{
		BaseURL:     sim.URL,
		Credentials: karmak.Static("client", "s3cret-value"),
		RetryDelay:  time.Millisecond,
	}
}

func families(t testing.TB, c *karmak.Client, connection relatedro.Connection, ros ...string) map[string]relatedro.Family {
	t.Helper()
	found, err := c.Families(t.Context(), connection, ros)
	if err != nil {
		t.Fatalf("Families: %v", err)
	}
	return found
}
