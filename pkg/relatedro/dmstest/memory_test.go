package dmstest_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"related-ro/pkg/relatedro"
	"related-ro/pkg/relatedro/dmstest"
)

// ledger is an in-memory DMS with rules unlike Karmak's: work order numbers are letters and digits
// in lower case, and a shop's key alone identifies it. It looks up one RO at a time.
type ledger struct {
	shops   map[string][]dmstest.RO // by key
	queries int
}

var (
	_ relatedro.DMS  = (*ledger)(nil)
	_ relatedro.Feed = (*ledger)(nil)
)

func number(n int) string { return fmt.Sprintf("wo-%c%02d", 'a'+n%26, n) }

// shop returns the ROs that a connection reads.
func (l *ledger) shop(ctx context.Context, connection relatedro.Connection) ([]dmstest.RO, error) {
	if missing, wrong := l.CheckConnection(connection); len(missing)+len(wrong) > 0 {
		return nil, &relatedro.Failure{Reason: relatedro.AccountNotPermitted, Err: append(missing, wrong...)}
	}
	if ctx.Err() != nil {
		return nil, &relatedro.Failure{Reason: relatedro.OutOfTime, Err: ctx.Err()}
	}
	l.queries++
	ros, ok := l.shops[connection.Account]
	if !ok {
		return nil, &relatedro.Failure{Reason: relatedro.AccountNotPermitted}
	}
	return slices.DeleteFunc(slices.Clone(ros), func(ro dmstest.RO) bool {
		return connection.Branch != "" && ro.Branch != connection.Branch
	}), nil
}

func (*ledger) Name() string { return "Ledger" }

func (*ledger) CheckConnection(connection relatedro.Connection) (missing, wrong relatedro.FieldErrors) {
	switch {
	case connection.Account == "":
		missing = append(missing, &relatedro.FieldError{Field: "account", Rule: "must name a shop"})
	case strings.Contains(connection.Account, " "):
		wrong = append(wrong, &relatedro.FieldError{Field: "account", Rule: "must have no blanks"})
	}
	return missing, wrong
}

func (*ledger) Setup() string { return "This location has no shop yet." }

func (*ledger) Sentence(_ relatedro.Connection, reason relatedro.Reason) string {
	if own := reason.Sentence(); own != relatedro.Reason("").Sentence() {
		return own
	}
	return "The ledger says " + string(reason) + "."
}

func (l *ledger) CheckActivation(ctx context.Context, connection relatedro.Connection) relatedro.Activation {
	ros, err := l.shop(ctx, connection)
	switch {
	case err != nil:
		return relatedro.Activation{State: relatedro.ActivationUnreachable, Message: "The ledger does not know this shop."}
	case len(ros) == 0:
		return relatedro.Activation{State: relatedro.Inactive, Message: "The shop has no such branch."}
	}
	return relatedro.Activation{State: relatedro.Active, Message: "The ledger is open."}
}

func (l *ledger) Branches(ctx context.Context, connection relatedro.Connection) (branches []relatedro.Branch, err error) {
	connection.Branch = ""
	ros, err := l.shop(ctx, connection)
	for _, ro := range ros {
		branches = append(branches, relatedro.Branch{Code: ro.Branch})
	}
	slices.SortFunc(branches, func(a, b relatedro.Branch) int { return cmp.Compare(a.Code, b.Code) })
	return slices.Compact(branches), err
}

func (l *ledger) Touched(
	ctx context.Context, connection relatedro.Connection, since time.Time,
) (ros []relatedro.RelatedRO, whole bool, err error) {
	all, err := l.shop(ctx, connection)
	for _, ro := range all {
		if !since.After(dmstest.Today) {
			ros = append(ros, seen(ro))
		}
	}
	return ros, err == nil, err
}

func (l *ledger) Expected(ctx context.Context, connection relatedro.Connection, requested []string) map[string][]relatedro.Expected {
	ros, err := l.shop(ctx, connection)
	if err != nil {
		return nil
	}
	found := make(map[string][]relatedro.Expected)
	for _, ro := range requested {
		found[ro] = nil
	}
	for _, ro := range ros {
		if _, ok := found[number(ro.N)]; ok && ro.Expects != "" {
			found[number(ro.N)] = []relatedro.Expected{{Customer: relatedro.Customer{Name: ro.Expects}, Tasks: 1}}
		}
	}
	return found
}

func (l *ledger) Families(
	ctx context.Context, connection relatedro.Connection, requested []string, _ ...string,
) (map[string]relatedro.Family, error) {
	ros, err := l.shop(ctx, connection)
	if err != nil {
		return nil, err
	}
	found := make(map[string]relatedro.Family, len(requested))
	for _, ro := range requested {
		found[ro] = familyOf(ros, ro)
	}
	return found, nil
}

// familyOf walks up to the first RO, then down from it.
func familyOf(ros []dmstest.RO, requested string) relatedro.Family {
	byN := map[int]dmstest.RO{}
	var own dmstest.RO
	for _, ro := range ros {
		if relatedro.CanonicalRO(number(ro.N)) == relatedro.CanonicalRO(requested) {
			if own.N != 0 {
				return relatedro.Family{Failure: &relatedro.Failure{Reason: relatedro.AmbiguousBranch}}
			}
			own = ro
		}
		byN[ro.N] = ro
	}
	if own.N == 0 {
		return relatedro.Family{Failure: &relatedro.Failure{Reason: relatedro.RONotFound}}
	}
	ancestors := map[int]bool{}
	first := own.N
	for n := own.MadeFrom; n != 0; n = byN[n].MadeFrom {
		ancestors[n], first = true, n
	}
	f := relatedro.Family{Own: seen(own)}
	for _, ro := range ros {
		if ro.N == own.N || !ancestors[ro.N] && !descends(byN, ro, first) {
			continue
		}
		related := seen(ro)
		switch {
		case ancestors[ro.N]:
			related.Relation = relatedro.Original
		case ro.MadeFrom == own.N:
			related.Relation = relatedro.Alternate
		case ancestors[ro.MadeFrom]:
			related.Relation = relatedro.Sibling
		default:
			related.Relation = relatedro.Descendant
		}
		f.Related = append(f.Related, related)
	}
	slices.SortFunc(f.Related, func(a, b relatedro.RelatedRO) int { return strings.Compare(a.RO, b.RO) })
	return f
}

func descends(byN map[int]dmstest.RO, ro dmstest.RO, from int) bool {
	for n := ro.MadeFrom; n != 0; n = byN[n].MadeFrom {
		if n == from {
			return true
		}
	}
	return false
}

func seen(ro dmstest.RO) relatedro.RelatedRO {
	s := relatedro.RelatedRO{
		RO: number(ro.N), BillTo: ro.BillTo, Warranty: ro.Warranty, Voided: ro.Voided, InvoiceNumber: ro.Invoice, Status: relatedro.ROOpen,
	}
	if ro.MadeFrom != 0 {
		s.MadeFrom = number(ro.MadeFrom)
	}
	if ro.Invoice != "" {
		s.Status = relatedro.ROInvoiced
	}
	return s
}

// TestAnotherDMS runs the suite against a DMS with other rules, to show that the product's rules
// are not Karmak's.
func TestAnotherDMS(t *testing.T) {
	dmstest.Run(t, func(_ *testing.T, world []dmstest.RO) dmstest.Subject {
		l := &ledger{shops: map[string][]dmstest.RO{"shop": world}}
		return dmstest.Subject{
			DMS: l, Feed: l,
			Connection:    func(branch string) relatedro.Connection { return relatedro.Connection{Account: "shop", Branch: branch} },
			Foreign:       relatedro.Connection{Account: "others"},
			Number:        number,
			Spelled:       func(n int) string { return strings.ToUpper(number(n)) },
			ListsBranches: true,
			Add:           func(ro dmstest.RO) { l.shops["shop"] = append(l.shops["shop"], ro) },
			Queries:       func() int { return l.queries },
		}
	})
}
