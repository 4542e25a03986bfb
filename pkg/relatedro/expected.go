package relatedro

import (
	"context"
	"slices"
	"strings"
)

// Customer is a customer account of the dealer, to which ROs and tasks are billed.
type Customer struct{ Number, Name string }

// is reports whether both are the same customer: by number, or by name if either has no number.
func (c Customer) is(o Customer) bool {
	if c.Number != "" && o.Number != "" {
		return strings.EqualFold(c.Number, o.Number)
	}
	return c.Name != "" && strings.EqualFold(c.Name, o.Name)
}

// Expected is a related RO that the DMS has not made yet: tasks of the case's own RO are to be
// billed to another customer, and none of the family's ROs is billed to that customer.
type Expected struct {
	Customer
	Tasks int
}

// MostExpected is the maximum number of expected customers per RO.
const MostExpected = 10

// expects reports whether the task's case shows expected ROs: its location has them switched on,
// and the case is not closed.
func (t *task) expects() bool {
	return t.settings.Expecting && t.decision.Case.Status != CaseClosed
}

// expected queries the expected ROs for the tasks whose families were found. A number without an
// entry is unknown: the list of related ROs matters more, and does not fail because of it.
func (r *Retriever) expected(ctx context.Context, connection Connection, tasks []*task, families map[string]Family) map[string][]Expected {
	wanted := slices.DeleteFunc(slices.Clone(tasks), func(t *task) bool {
		return !t.expects() || families[t.decision.Case.RO].Failure != nil
	})
	if len(wanted) == 0 {
		return nil
	}
	return r.dms.Expected(ctx, connection, originals(wanted))
}

// expected returns the expected ROs to store with the case: the DMS's answer or, without one, those
// already stored. It removes the customers that the family's ROs are billed to.
func (t *task) expected(found map[string][]Expected, billed []Customer, connection Connection) []Expected {
	list, known := found[t.decision.Case.RO]
	if !known && connection.Reads(t.decision.Case.FetchedOver) {
		list = t.decision.Case.Expected
	}
	if !t.expects() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(list), func(e Expected) bool { return slices.ContainsFunc(billed, e.is) })
}
