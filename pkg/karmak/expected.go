package karmak

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"related-ro/pkg/relatedro"
)

// taskPages is the maximum number of pages that Expected reads for one look-up.
const taskPages = 20

// taskRow is a row of RepairOrderTask, with the columns in use.
type taskRow struct {
	RONumber                    number
	TaskNumber                  number
	AlternateBillingCustomer    text
	AlternateBillingCompanyName text
}

func (r *taskRow) cells() []cell {
	return []cell{
		{numberColumn, &r.RONumber},
		{"TaskNumber", &r.TaskNumber},
		{alternateColumn, &r.AlternateBillingCustomer},
		{"AlternateBillingCompanyName", &r.AlternateBillingCompanyName},
	}
}

// customer returns the task's alternate billing customer, or the zero value if it has none.
func (r taskRow) customer() relatedro.Customer {
	c := relatedro.Customer{Number: string(r.AlternateBillingCustomer), Name: string(r.AlternateBillingCompanyName)}
	if c.Number == "0" {
		c.Number = ""
	}
	return c
}

// Expected returns, for each RO number, the alternate billing customers of its tasks, sorted by
// name, each with its number of tasks. The list is empty for an RO without any. Expected does not
// fail: a number whose look-up failed has no entry.
//
// It costs one look-up for about 200 numbers, one more for numbers that are not integers, and
// further pages from 100 tasks on. No request is retried, and none opens the account's circuit: the
// expected billing is not worth load on the dealer's server. The look-up filters by the
// connection's branch. Karmak does not publish whether RepairOrderTask has a branch column; without
// one the result is unknown.
func (c *Client) Expected(ctx context.Context, over relatedro.Connection, ros []string) map[string][]relatedro.Expected {
	s, refusal := c.session(over)
	if refusal != nil {
		return nil
	}
	askedFor := slices.DeleteFunc(slices.Clone(ros), func(ro string) bool { return !askable(ro) })
	known := make(map[string][]relatedro.Expected, len(askedFor))
	for _, group := range byInteger(askedFor) {
		base := query{kind: CallTasks, column: numberColumn, branch: s.branch, numbers: group}
		for _, part := range base.cut(c.cfg.BaseURL) {
			rows, err := c.tasks(ctx, s, part)
			if err != nil { // already in the log and the metrics
				return known
			}
			for _, ro := range part.numbers {
				known[ro] = expectedOf(ro, rows)
			}
		}
	}
	return known
}

// tasks reads the distinct tasks of a look-up.
func (c *Client) tasks(ctx context.Context, s *session, q query) (rows map[taskRow]bool, err error) {
	rows = make(map[taskRow]bool)
	whole, err := pages(taskPages, func(size, page int) (n int, err error) {
		q.size = size
		err = c.get(ctx, s, q.url(s.face.views(), page), request{kind: CallTasks, part: true, read: func(body []byte) (unread []string, err error) {
			n, unread, err = decodeTasks(body, rows)
			return unread, err
		}})
		return n, err
	})
	if err == nil && !whole {
		err = errors.New("too many tasks")
	}
	return rows, err
}

// decodeTasks adds the rows of an answer to rows, and returns how many the answer has.
func decodeTasks(body []byte, rows map[taskRow]bool) (n int, unread []string, err error) {
	objects, err := decodeList(body)
	found := 0
	for i, object := range objects {
		var r taskRow
		unread = append(unread, fill(i, object, r.cells())...)
		if r.RONumber == "" {
			unread = append(unread, fmt.Sprintf("row %d: no %s", i+1, numberColumn))
			continue
		}
		rows[r] = true
		found++
	}
	if len(objects) > 0 && found == 0 {
		return 0, nil, errors.New("no row has an RO number: " + unread[0])
	}
	return len(objects), unread, err
}

// expectedOf returns the expected billing of one RO from its rows.
func expectedOf(ro string, rows map[taskRow]bool) []relatedro.Expected {
	var list []relatedro.Expected
	for r := range rows {
		customer := r.customer()
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
