package karmak

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"related-ro/pkg/relatedro"
)

// taskPages is the maximum number of pages that Expected reads for one look-up.
const taskPages = 20

// Expected returns, for each RO number, the alternate billing customers of its tasks, sorted by
// name, each with its number of tasks. The list is empty for an RO without any. Expected does not
// fail: a number whose look-up failed has no entry.
//
// It costs one look-up for about 200 numbers, one more for numbers that are not integers, and
// further pages from 100 tasks on. No request is retried, and none opens the account's circuit: the
// expected billing is not worth load on the dealer's server. The look-up filters by the
// connection's branch. Karmak does not publish whether RepairOrderTask has a branch column; without
// one the result is unknown.
func (c *Client) Expected(ctx context.Context, connection relatedro.Connection, ros []string) map[string][]relatedro.Expected {
	s, refusal := c.session(connection)
	if refusal != nil {
		return nil
	}
	numbers := slices.DeleteFunc(slices.Clone(ros), func(ro string) bool { return !askable(ro) })
	known := make(map[string][]relatedro.Expected, len(numbers))
	for _, group := range byInteger(numbers) {
		base := query{kind: CallTasks, column: numberColumn, branch: s.branch, numbers: group}
		for _, part := range base.cut(c.cfg.BaseURL) {
			tasks, err := c.tasks(ctx, s, part)
			if err != nil { // already in the log and the metrics
				return known
			}
			for _, ro := range part.numbers {
				known[ro] = expectedOf(ro, tasks)
			}
		}
	}
	return known
}

// tasks reads the distinct tasks of a look-up.
func (c *Client) tasks(ctx context.Context, s *session, q query) (tasks map[row]bool, err error) {
	tasks = make(map[row]bool)
	whole, err := pages(taskPages, func(size, page int) (int, error) {
		q.size = size
		rows, err := c.rows(ctx, s, q.url(s.face.views(), page), request{kind: CallTasks, part: true})
		for _, r := range rows {
			tasks[r] = true
		}
		return len(rows), err
	})
	if err == nil && !whole {
		err = errors.New("too many tasks")
	}
	return tasks, err
}

// expectedOf returns the expected billing of one RO from the tasks.
func expectedOf(ro string, tasks map[row]bool) []relatedro.Expected {
	var list []relatedro.Expected
	for r := range tasks {
		customer := r.alternate()
		if relatedro.CanonicalRO(string(r.RONumber)) != relatedro.CanonicalRO(ro) || customer == (relatedro.Customer{}) {
			continue
		}
		i := slices.IndexFunc(list, func(e relatedro.Expected) bool { return e.Customer == customer })
		if i < 0 {
			i, list = len(list), append(list, relatedro.Expected{Customer: customer})
		}
		list[i].Tasks++
	}
	slices.SortFunc(list, func(a, b relatedro.Expected) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Number, b.Number))
	})
	return list[:min(len(list), relatedro.MostExpected)]
}
