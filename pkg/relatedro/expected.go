package relatedro

import (
	"context"
	"slices"
	"strings"
)

// Customer is an account of the dealer's to which ROs and tasks are billed.
type Customer struct{ Number, Name string }

// is reports whether both are one customer: by number, or where one has none, by name.
func (c Customer) is(o Customer) bool {
	if c.Number != "" && o.Number != "" {
		return strings.EqualFold(c.Number, o.Number)
	}
	return c.Name != "" && strings.EqualFold(c.Name, o.Name)
}

// Expected is a related RO that the DMS has not made yet: tasks of the case's own RO are to
// be billed to another customer, and no RO of the family is billed to that one.
type Expected struct {
	Customer
	Tasks int
}

// MostExpected is how many customers are kept of one RO.
const MostExpected = 10

// expects reports whether the task's case says what is expected: its location wants it, and
// the case is not closed.
func (t *task) expects() bool {
	return t.settings.Expecting && t.decision.Case.Status != CaseClosed
}

// expected asks what is expected of the ROs whose families were found. A number that has
// no entry is not known: the list of related ROs is what counts, and fails for none of this.
func (r *Retriever) expected(ctx context.Context, over Connection, tasks []*task, families map[string]Family) map[string][]Expected {
	wanted := slices.DeleteFunc(slices.Clone(tasks), func(t *task) bool {
		return !t.expects() || families[t.decision.Case.RO].Failure != nil
	})
	if len(wanted) == 0 {
		return nil
	}
	return r.dms.Expected(ctx, over, originals(wanted))
}

// expected returns what the case is to say: what the DMS said just now or, where it said
// nothing, what the case says already, without the customers that the family's ROs are billed to.
func (t *task) expected(said map[string][]Expected, billed []Customer, over Connection) []Expected {
	list, known := said[t.decision.Case.RO]
	if !known && over.Reads(t.decision.Case.FetchedOver) {
		list = t.decision.Case.Expected
	}
	if !t.expects() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(list), func(e Expected) bool { return slices.ContainsFunc(billed, e.is) })
}
