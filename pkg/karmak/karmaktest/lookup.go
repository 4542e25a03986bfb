package karmaktest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxURL is the maximum length of a URL. Servers and proxies accept URLs up to it. Longer ones are
// refused.
const maxURL = 2000

// lookUp answers a look-up in a view. Under the fault NotActivated there is no view, no access to
// it, or no column OriginalRONumber in it. The caller must hold s.mu.
func (s *Simulator) lookUp(c call, f Fault, a *account) response {
	r := c.request
	if len("http://")+len(r.Host)+len(r.RequestURI) > maxURL {
		return message(http.StatusRequestURITooLong, "the URL is longer than %d characters", maxURL)
	}
	if c.view == nil {
		return noSuchView(c.viewName)
	}
	if f.Kind == NotActivated {
		switch f.Status {
		case http.StatusBadRequest:
			c.view.drop("OriginalRONumber")
		case http.StatusNotFound:
			return noSuchView(c.viewName)
		default:
			return message(http.StatusForbidden, "The account has no access to %s.", c.viewName)
		}
	}
	if a.Rules.NoTaskBranch && c.view.name == CallTasks {
		c.view.drop("Branch")
	}
	q, err := s.parseQuery(c.view, r.URL.RawQuery, a)
	if err != nil {
		status := http.StatusBadRequest
		if refused := new(refusal); errors.As(err, &refused) {
			status = refused.status
		}
		return message(status, "%s", err)
	}
	rows := q.page(q.rows(a))
	if len(rows) == 0 {
		return a.Rendering.noRows()
	}
	return response{http.StatusOK, jsonHeader(), q.render(rows, a.rendering()), len(rows)}
}

// touches returns a function that reports whether a look-up has an RO number in its filter, or a
// row of it in its answer.
func (s *Simulator) touches(c call) func(ro string) bool {
	return func(ro string) bool { return s.numbers(c)[canonical(ro)] }
}

func (s *Simulator) numbers(c call) map[string]bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	a := s.accounts[c.account]
	if c.view == nil || a == nil {
		return nil
	}
	q, err := s.parseQuery(c.view, c.request.URL.RawQuery, a)
	if err != nil {
		return nil
	}
	numbers := make(map[string]bool)
	for _, condition := range q.conditions {
		if a.index(condition.column.name) != nil {
			for _, value := range condition.values {
				numbers[canonical(value.text)] = true
			}
		}
	}
	for _, row := range q.page(q.rows(a)) {
		numbers[canonical(row.ro.Number)] = true
	}
	return numbers
}

func noSuchView(name string) response { return message(http.StatusNotFound, "no such view: %s", name) }

// query holds the parsed parameters of a look-up.
type query struct {
	view       *view
	conditions []condition
	selected   []selection
	order      []order
	number     int // of the page, from 1
	size       int
	now        time.Time
}

type selection struct {
	column
	key string // name in the answer: the alias, or the column's name
}

type order struct {
	column
	descending bool
}

func (s *Simulator) parseQuery(v *view, raw string, a *account) (query, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return query{}, fmt.Errorf("query: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains([]string{"filter", "sort", "select", "page", "pagesize"}, name) {
			return query{}, fmt.Errorf("no such parameter: %s", name)
		}
		if len(values[name]) > 1 {
			return query{}, fmt.Errorf("%s is given more than once", name)
		}
	}
	if values.Has("sort") && !a.Rules.Sort {
		return query{}, errors.New("sort: not allowed; sort in your application")
	}
	if !values.Has("select") && !a.Rules.WholeRows {
		return query{}, errors.New("select: missing; select only the columns needed")
	}
	q := query{view: v, now: s.config.Now()}
	if values.Has("filter") {
		if q.conditions, err = parseFilter(v, values.Get("filter"), a); err != nil {
			return query{}, err
		}
	}
	if q.selected, err = parseSelect(v, values); err != nil {
		return query{}, err
	}
	if q.order, err = parseSort(v, values, q.selected); err != nil {
		return query{}, err
	}
	if q.number, err = positive(values, "page", 1); err != nil {
		return query{}, err
	}
	maxPageSize := cmp.Or(a.MaxPageSize, s.config.MaxPageSize)
	q.size, err = positive(values, "pagesize", maxPageSize)
	q.size = min(q.size, maxPageSize)
	return q, err
}

// parseSelect reads col or col:alias, joined by commas. Without the parameter it selects every
// column.
func parseSelect(v *view, values url.Values) ([]selection, error) {
	var selected []selection
	if !values.Has("select") {
		for _, c := range v.columns {
			selected = append(selected, selection{c, c.name})
		}
		return selected, nil
	}
	for _, part := range strings.Split(values.Get("select"), ",") {
		name, alias, aliased := strings.Cut(part, ":")
		if aliased && alias == "" {
			return nil, fmt.Errorf("select: empty alias for %q", name)
		}
		c, err := v.column(name)
		if err != nil {
			return nil, fmt.Errorf("select: %w", err)
		}
		key := cmp.Or(alias, name)
		if slices.ContainsFunc(selected, func(s selection) bool { return s.key == key }) {
			return nil, fmt.Errorf("select: %q is selected twice", key)
		}
		selected = append(selected, selection{c, key})
	}
	return selected, nil
}

// parseSort reads col or -col, joined by commas. Each column must be selected. Without the
// parameter it sorts by the view's default column if selected, or else by the first selected
// column.
func parseSort(v *view, values url.Values, selected []selection) ([]order, error) {
	isSelected := func(name string) bool {
		return slices.ContainsFunc(selected, func(s selection) bool { return s.name == name })
	}
	keys := values.Get("sort")
	switch {
	case values.Has("sort"):
	case isSelected(v.defaultSort):
		keys = v.defaultSort
	default:
		keys = selected[0].name
	}
	var orders []order
	for _, part := range strings.Split(keys, ",") {
		name, descending := strings.CutPrefix(part, "-")
		c, err := v.column(name)
		if err != nil {
			return nil, fmt.Errorf("sort: %w", err)
		}
		if !isSelected(name) {
			return nil, fmt.Errorf("sort: column %q is not selected", name)
		}
		orders = append(orders, order{c, descending})
	}
	return orders, nil
}

func positive(values url.Values, name string, missing int) (int, error) {
	if !values.Has(name) {
		return missing, nil
	}
	n, err := strconv.Atoi(values.Get(name))
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s: %q is no number from 1 on", name, values.Get(name))
	}
	return n, nil
}

// rows returns the account's rows that meet every condition, in order.
func (q query) rows(a *account) []row {
	var rows []row
	for _, e := range a.candidates(q.conditions) {
		for range 1 + e.ro.Duplicates {
			rows = append(rows, q.view.rows(e)...)
		}
	}
	for i := range rows {
		rows[i].now = q.now
	}
	rows = slices.DeleteFunc(rows, func(r row) bool {
		return slices.ContainsFunc(q.conditions, func(c condition) bool { return !c.meets(r) })
	})
	slices.SortStableFunc(rows, func(x, y row) int {
		for _, o := range q.order {
			n := compare(o.cell(x), o.cell(y), a.Rules.CaseSensitive)
			if o.descending {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		// A database does not promise the same order for two requests.
		if q.number%2 == 0 {
			return cmp.Compare(y.seq, x.seq)
		}
		return cmp.Compare(x.seq, y.seq)
	})
	return rows
}

func (q query) page(rows []row) []row {
	if q.number-1 > len(rows)/q.size { // also keeps the product below from overflowing
		return nil
	}
	start := min((q.number-1)*q.size, len(rows))
	return rows[start:min(start+q.size, len(rows))]
}

// render writes rows as a JSON array of objects, with the selected columns in their order.
func (q query) render(rows []row, rendering Rendering) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	for i, r := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('{')
		first := true
		for _, s := range q.selected {
			value := rendering.value(s.name, s.cell(r))
			if odd, ok := r.ro.Malformed[s.name]; ok {
				if value = odd; string(odd) == "null" {
					value = rendering.value(s.name, text(""))
				}
			}
			if value == nil {
				continue
			}
			if !first {
				b.WriteByte(',')
			}
			first = false
			b.Write(marshal(s.key))
			b.WriteByte(':')
			b.Write(value)
		}
		b.WriteByte('}')
	}
	b.WriteByte(']')
	return b.Bytes()
}
