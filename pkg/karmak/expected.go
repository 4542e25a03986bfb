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

// taskPages bounds how much Expected reads of one look-up.
const taskPages = 20

// taskRow is a row of RepairOrderTask with the columns that are used.
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

// customer returns whom the task is to be billed to; none is zero.
func (r taskRow) customer() relatedro.Customer {
	c := relatedro.Customer{Number: string(r.AlternateBillingCustomer), Name: string(r.AlternateBillingCompanyName)}
	if c.Number == "0" {
		c.Number = ""
	}
	return c
}

// Expected returns for RO numbers who is named as their tasks' alternate billing customer,
// each with the number of its tasks, by name; empty where there is none. It does not fail: a
// number that could not be asked for has no entry.
//
// It costs one look-up for about 200 numbers, one more for numbers that are no integers, and
// further pages from 100 tasks on. None is tried again, and none opens the account's circuit:
// what is expected is worth no trouble of the dealer's. Filters by the connection's branch.
// Karmak does not say whether RepairOrderTask has one; where it has none, nothing is known.
func (c *Client) Expected(ctx context.Context, over relatedro.Connection, ros []string) map[string][]relatedro.Expected {
	s, refusal := c.session(over)
	if refusal != nil {
		return nil
	}
	askedFor := slices.DeleteFunc(slices.Clone(ros), func(ro string) bool { return !askable(ro) })
	known := make(map[string][]relatedro.Expected, len(askedFor))
	for _, kept := range []func(string) bool{isInteger, func(ro string) bool { return !isInteger(ro) }} {
		base := query{kind: CallTasks, column: numberColumn, branch: s.branch}
		base.numbers = slices.DeleteFunc(slices.Clone(askedFor), func(ro string) bool { return !kept(ro) })
		for _, part := range base.cut(c.cfg.BaseURL) {
			rows, err := c.tasks(ctx, s, part)
			if err != nil { // which the log and the metrics have
				return known
			}
			for _, ro := range part.numbers {
				known[ro] = expectedOf(ro, rows)
			}
		}
	}
	return known
}

// tasks reads the tasks that a look-up asks for, each once.
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

// decodeTasks adds the rows of an answer to rows, and returns how many it has.
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

// expectedOf returns what the rows of one RO expect.
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
