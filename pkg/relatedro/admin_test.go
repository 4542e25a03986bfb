package relatedro

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func fieldsOf(errs []error) string {
	var names []string
	for _, err := range errs {
		var f *FieldError
		if !errors.As(err, &f) {
			return err.Error()
		}
		names = append(names, f.Field)
	}
	return strings.Join(names, " ")
}

func TestWantedCheck(t *testing.T) {
	karmak := Connection{"account", "user", "01"}
	branch := func(b string) Wanted {
		return Wanted{Status: Enabled, DMS: KarmakFusion, Karmak: Connection{"account", "user", b}}
	}
	for name, c := range map[string]struct {
		wanted Wanted
		fields string
	}{
		"enabled":                    {Wanted{Status: Enabled, DMS: KarmakFusion, Karmak: karmak}, ""},
		"disabled without a word":    {Wanted{Status: Disabled, DMS: KarmakFusion, Karmak: Connection{}}, ""},
		"disabled, account alone":    {Wanted{Status: Disabled, DMS: KarmakFusion, Karmak: Connection{Account: "a"}}, ""},
		"enabled without account":    {Wanted{Status: Enabled, DMS: KarmakFusion, Karmak: Connection{User: "u"}}, "karmak.account"},
		"enabled without user":       {Wanted{Status: Enabled, DMS: KarmakFusion, Karmak: Connection{Account: "a"}}, "karmak.user"},
		"nothing":                    {Wanted{}, "status dms"},
		"malformed while disabled":   {Wanted{Status: Disabled, DMS: KarmakFusion, Karmak: Connection{"a b", "u|", ""}}, "karmak.account karmak.user"},
		"no branch":                  {branch(""), ""},
		"branch of words":            {branch("Main St. & 5th (north)"), ""},
		"branch as long as may be":   {branch(strings.Repeat("b", MaxBranch)), ""},
		"branch too long":            {branch(strings.Repeat("b", MaxBranch+1)), "karmak.branch"},
		"branch with a comma":        {branch("a,b"), "karmak.branch"},
		"branch with a bar":          {branch("a|b"), "karmak.branch"},
		"branch with brackets":       {branch("a[EQ]b"), "karmak.branch"},
		"branch with a control":      {branch("a\nb"), "karmak.branch"},
		"branch beyond ASCII":        {branch("Zürich"), "karmak.branch"},
		"branch with blanks outside": {branch(" 01"), "karmak.branch"},
		"branch NULL":                {branch("NULL"), "karmak.branch"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fieldsOf(c.wanted.Check()); got != c.fields {
				t.Errorf("got %q, want %q", got, c.fields)
			}
		})
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

// patient is a DMS that keeps how long it was given.
type patient struct {
	DMS
	given time.Duration
}

// CheckActivation notes the time left.
func (p *patient) CheckActivation(ctx context.Context, _ Connection) Activation {
	if deadline, ok := ctx.Deadline(); ok {
		p.given = time.Until(deadline)
	}
	return Activation{State: ActivationUnreachable}
}

// lender is a store whose leases are always free.
type lender struct{ AdminStore }

// TakeLease lends.
func (lender) TakeLease(context.Context, Claim) (int64, error) { return 1, nil }

// ReleaseLease forgets.
func (lender) ReleaseLease(context.Context, string, int64) error { return nil }

func TestKarmakHasTenSeconds(t *testing.T) {
	dms := &patient{}
	admin := NewAdmin(lender{}, dms, nil, time.Now)
	admin.ask(t.Context(), Connection{})
	if dms.given <= 0 || dms.given > VerifyWithin {
		t.Errorf("given %v", dms.given)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if admin.ask(short, Connection{}); dms.given > time.Second {
		t.Errorf("given %v of one second", dms.given)
	}
}
