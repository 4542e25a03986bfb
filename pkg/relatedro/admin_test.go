package relatedro

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func fieldsOf(errs FieldErrors) string {
	var names []string
	for _, err := range errs {
		names = append(names, err.Field)
	}
	return strings.Join(names, " ")
}

// choosy is a DMS that requires an account and rejects a blank one.
type choosy struct{ DMS }

// Name implements DMS.
func (choosy) Name() string { return "Choosy" }

// Setup implements DMS.
func (choosy) Setup() string { return "This location has no Choosy account yet." }

// CheckConnection checks only the account.
func (choosy) CheckConnection(connection Connection) (missing, wrong FieldErrors) {
	switch {
	case connection.Account == "":
		missing = FieldErrors{{"account", "must be there"}}
	case strings.TrimSpace(connection.Account) == "":
		wrong = FieldErrors{{"account", "must not be blank"}}
	}
	return missing, wrong
}

func TestCheck(t *testing.T) {
	admin := NewAdmin(nil, choosy{}, nil, time.Now)
	for name, c := range map[string]struct {
		wanted Wanted
		fields string
	}{
		"enabled":                 {Wanted{Status: Enabled, Connection: Connection{Account: "a"}}, ""},
		"disabled without a word": {Wanted{Status: Disabled}, ""},
		"enabled without account": {Wanted{Status: Enabled}, "connection.account"},
		"nothing":                 {Wanted{}, "status"},
		"wrong while disabled":    {Wanted{Status: Disabled, Connection: Connection{Account: " "}}, "connection.account"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fieldsOf(admin.check(c.wanted)); got != c.fields {
				t.Errorf("got %q, want %q", got, c.fields)
			}
		})
	}
}

func TestOnlySupportSetsUpAConnection(t *testing.T) {
	admin := NewAdmin(nil, choosy{}, nil, time.Now)
	for role, refused := range map[Role]bool{ServiceManager: true, Support: false} {
		_, err := admin.Change(t.Context(), Actor{Roles: []Role{role}}, "loc-100", 0, Wanted{Status: Enabled})
		var r *Refusal
		if errors.As(err, &r) != refused || refused && !strings.HasPrefix(r.Message, "This location has no Choosy account") {
			t.Errorf("%s: %v", role, err)
		}
	}
}

func TestCheckSearch(t *testing.T) {
	for name, c := range map[string]struct {
		ro     string
		prefix bool
		ok     bool
	}{
		"whole":                 {"50123", false, true},
		"whole, of one":         {"5", false, true},
		"beginning of two":      {"50", true, true},
		"beginning of one":      {"5", true, false},
		"beginning of none":     {"", true, false},
		"beginning padded":      {"0050", true, true},
		"one after padding":     {"005", true, false},
		"padding alone":         {"000", true, false},
		"a zero that is kept":   {"0R", true, true},
		"empty":                 {"", false, false},
		"a filter's characters": {"50|51", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := CheckSearch("ro", c.ro, c.prefix); (err == nil) != c.ok {
				t.Error(err)
			}
		})
	}
}

// patient is a DMS that records the time it was given.
type patient struct {
	DMS
	given time.Duration
}

// CheckActivation records the time left.
func (p *patient) CheckActivation(ctx context.Context, _ Connection) Activation {
	if deadline, ok := ctx.Deadline(); ok {
		p.given = time.Until(deadline)
	}
	return Activation{State: ActivationUnreachable}
}

// lender is a store whose leases are always free.
type lender struct{ AdminStore }

// TakeLease always succeeds.
func (lender) TakeLease(context.Context, Claim) (int64, error) { return 1, nil }

// ReleaseLease does nothing.
func (lender) ReleaseLease(context.Context, string, int64) error { return nil }

func TestTheDMSHasTenSeconds(t *testing.T) {
	dms := &patient{}
	admin := NewAdmin(lender{}, dms, nil, time.Now)
	admin.ask(t.Context(), Connection{})
	if dms.given <= 0 || dms.given > VerifyWithin {
		t.Errorf("the DMS has %v, want at most VerifyWithin", dms.given)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if admin.ask(short, Connection{}); dms.given > time.Second {
		t.Errorf("the DMS has %v of the one second left", dms.given)
	}
}
