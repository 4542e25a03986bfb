package karmaktest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// account is a stored Account, with its ROs by identity, by number and by original.
type account struct {
	Account    // without ROs
	ros        map[identity]*entry
	byNumber   map[string][]*entry // by canonical number
	byOriginal map[string][]*entry
	noInts     int // ROs whose number or original does not fit an int column
}

// identity identifies an RO within its account. Numbers are in canonical form, and case does not
// matter in branches.
type identity struct{ number, branch string }

// entry is a stored RO. It is immutable: a change replaces the entry.
type entry struct {
	ro  RO
	seq int
}

func (e *entry) copy() RO {
	ro := e.ro
	ro.Tasks, ro.Malformed = slices.Clone(ro.Tasks), maps.Clone(ro.Malformed)
	return ro
}

func identityOf(number, branch string) identity { return identity{canonical(number), fold(branch)} }

// canonical returns the same form for equal numbers: digits without leading zeros, letters in one
// case.
func canonical(number string) string {
	if !digits(number) {
		return fold(number)
	}
	if trimmed := strings.TrimLeft(number, "0"); trimmed != "" {
		return trimmed
	}
	return "0"
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func (a *account) list() []RO {
	entries := slices.SortedFunc(maps.Values(a.ros), func(x, y *entry) int { return x.seq - y.seq })
	ros := make([]RO, len(entries))
	for i, e := range entries {
		ros[i] = e.copy()
	}
	return ros
}

func (s *Simulator) account(id string) (*account, error) {
	if a := s.accounts[id]; a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("account %q: %w", id, ErrNotFound)
}

func (s *Simulator) find(account, number, branch string) (*account, *entry, error) {
	a, err := s.account(account)
	if err != nil {
		return nil, nil, err
	}
	e := a.ros[identityOf(number, branch)]
	if e == nil {
		return nil, nil, fmt.Errorf("RO %q of branch %q at account %q: %w", number, branch, account, ErrNotFound)
	}
	return a, e, nil
}

// put adds ro, or replaces the RO with the same identity.
func (s *Simulator) put(a *account, ro RO) {
	ro.Tasks, ro.Malformed = slices.Clone(ro.Tasks), maps.Clone(ro.Malformed)
	if old := a.ros[identityOf(ro.Number, ro.Branch)]; old != nil {
		a.remove(old)
	}
	now := s.config.Now()
	if ro.AddedAt.IsZero() {
		if ro.AddedAt = ro.OpenedAt; ro.AddedAt.IsZero() {
			ro.AddedAt = now
		}
	}
	if ro.LastUpdate.IsZero() {
		ro.LastUpdate = now
	}
	s.added++
	a.insert(&entry{ro, s.added})
}

func (a *account) insert(e *entry) {
	number, original := canonical(e.ro.Number), canonical(e.ro.Original)
	a.ros[identityOf(number, e.ro.Branch)] = e
	a.noInts += asInt(!e.fitsInt())
	a.byNumber[number] = append(a.byNumber[number], e)
	if original != "" {
		a.byOriginal[original] = append(a.byOriginal[original], e)
	}
}

func (a *account) remove(e *entry) {
	number := canonical(e.ro.Number)
	delete(a.ros, identityOf(number, e.ro.Branch))
	a.noInts -= asInt(!e.fitsInt())
	same := func(other *entry) bool { return other == e }
	original := canonical(e.ro.Original)
	a.byNumber[number] = slices.DeleteFunc(a.byNumber[number], same)
	a.byOriginal[original] = slices.DeleteFunc(a.byOriginal[original], same)
}

func (e *entry) fitsInt() bool {
	return isInt(e.ro.Number) && (e.ro.Original == "" || isInt(e.ro.Original))
}

// intNumbers reports whether the account's columns of RO numbers are int columns: its answers write
// numbers as such, and the number of each RO fits. Otherwise they are columns of text.
func (a *account) intNumbers() bool { return a.Rendering.Numbers != "string" && a.noInts == 0 }

// rendering returns the account's Rendering. It makes columns of text strings unless the Rendering
// says otherwise.
func (a *account) rendering() Rendering {
	r := a.Rendering
	if !a.intNumbers() && r.Numbers != "number" && r.Numbers != "mixed" {
		r.Numbers = "string"
	}
	return r
}

// candidates returns the entries that may meet the conditions. It uses the index for the first EQ
// or IN on RONumber or OriginalRONumber.
func (a *account) candidates(conditions []condition) []*entry {
	for _, c := range conditions {
		index := a.index(c.column.name)
		if index == nil || len(c.values) == 0 || (c.op != "EQ" && c.op != "IN") {
			continue
		}
		var found []*entry
		seen := make(map[string]bool)
		for _, value := range c.values {
			if key := canonical(value.text); !seen[key] {
				seen[key] = true
				found = append(found, index[key]...)
			}
		}
		return found
	}
	return slices.Collect(maps.Values(a.ros))
}

func (a *account) index(column string) map[string][]*entry {
	switch column {
	case "RONumber":
		return a.byNumber
	case "OriginalRONumber":
		return a.byOriginal
	}
	return nil
}
