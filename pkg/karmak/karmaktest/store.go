package karmaktest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrNotFound is wrapped by the errors of methods that name an account or an RO that does not exist.
var ErrNotFound = errors.New("not found")

// AddAccount adds an account, or changes one: its own fields are replaced, its ROs stay and get those given as AddRO does.
// The error names the field that is wrong; nothing has changed then.
func (s *Simulator) AddAccount(a Account) error {
	if err := a.validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addAccount(a)
	return nil
}

func (s *Simulator) addAccount(a Account) {
	known := s.accounts[a.ID]
	if known == nil {
		known = &account{
			ros:        make(map[identity]*entry),
			byNumber:   make(map[string][]*entry),
			byOriginal: make(map[string][]*entry),
		}
		s.accounts[a.ID] = known
	}
	ros := a.ROs
	a.ROs = nil
	a.Users, a.Branches = slices.Clone(a.Users), slices.Clone(a.Branches)
	known.Account = a
	for _, ro := range ros {
		s.put(known, ro)
	}
}

// AddRO adds an RO to an account, in place of one with the same number and branch. The error says what is wrong with the RO,
// or is ErrNotFound for an unknown account.
func (s *Simulator) AddRO(account string, ro RO) error {
	if err := ro.validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.account(account)
	if err != nil {
		return err
	}
	s.put(a, ro)
	return nil
}

// UpdateAccount lets change alter an account's own fields, but neither its id nor its ROs. change must not call the simulator. The error
// is ErrNotFound for an unknown account, or names the field that is wrong.
func (s *Simulator) UpdateAccount(id string, change func(*Account)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, err := s.account(id)
	if err != nil {
		return err
	}
	a := known.Account
	a.Users, a.Branches = slices.Clone(a.Users), slices.Clone(a.Branches)
	change(&a)
	switch err := a.validate(); {
	case err != nil:
		return err
	case a.ID != id:
		return errors.New("id: cannot change")
	case a.ROs != nil:
		return errors.New("ros: each is changed by itself")
	}
	known.Account = a
	return nil
}

// UpdateRO lets change alter an RO, which may also move it to another number or branch. LastUpdate becomes now unless change
// sets it. change must not call the simulator. The error is ErrNotFound for an unknown account or RO, or says why the changed RO
// cannot be.
func (s *Simulator) UpdateRO(account, number, branch string, change func(*RO)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, e, err := s.find(account, number, branch)
	if err != nil {
		return err
	}
	ro := e.copy()
	change(&ro)
	if err := ro.validate(); err != nil {
		return err
	}
	id := identityOf(ro.Number, ro.Branch)
	if other := a.ros[id]; other != nil && other != e {
		return fmt.Errorf("number: RO %s of branch %q exists already", ro.Number, ro.Branch)
	}
	if ro.LastUpdate.Equal(e.ro.LastUpdate) {
		ro.LastUpdate = s.config.Now()
	}
	a.remove(e)
	a.insert(&entry{ro, e.seq})
	return nil
}

// Reopen makes an invoiced or completed RO an open one again. The error is that of UpdateRO.
func (s *Simulator) Reopen(account, number, branch string) error {
	return s.UpdateRO(account, number, branch, func(ro *RO) {
		ro.Status, ro.Completed, ro.InvoiceNumber = "OPEN", false, ""
		ro.CompletedAt, ro.InvoicedAt = time.Time{}, time.Time{}
	})
}

// Combine moves an RO's tasks and charges into another one of the branch, and takes the RO away. Its spinoffs go on naming it as their
// original. The error is ErrNotFound for an unknown account or RO.
func (s *Simulator) Combine(account, from, into, branch string) error {
	combined, err := s.RO(account, from, branch)
	if err != nil {
		return err
	}
	if canonical(from) == canonical(into) {
		return errors.New("into: the RO itself")
	}
	err = s.UpdateRO(account, into, branch, func(ro *RO) {
		ro.Tasks = append(ro.Tasks, combined.Tasks...)
		ro.TotalCharges += combined.TotalCharges
	})
	if err != nil {
		return err
	}
	return s.RemoveRO(account, from, branch)
}

// RemoveRO takes an RO away, as deleting does. The error is ErrNotFound for an unknown account or RO.
func (s *Simulator) RemoveRO(account, number, branch string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, e, err := s.find(account, number, branch)
	if err != nil {
		return err
	}
	a.remove(e)
	return nil
}

// Spinoff makes an alternate RO out of the RO from of branch: ro with from as its original. What ro leaves empty of branch,
// customer, unit, VIN, department, status and opening is taken from the original, from an open RO and from now. The original's tasks that
// are to be billed to ro's customer go with it, unless the account's rules let them stay. The error is
// ErrNotFound for an unknown account or RO, or says what is wrong with ro; a number that the branch has already is wrong.
func (s *Simulator) Spinoff(account, from, branch string, ro RO) error {
	if err := ro.validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, e, err := s.find(account, from, branch)
	if err != nil {
		return err
	}
	original, now := e.ro, s.config.Now()
	ro.Original = original.Number
	ro.Branch = cmp.Or(ro.Branch, original.Branch)
	ro.CustomerName = cmp.Or(ro.CustomerName, original.CustomerName)
	ro.CustomerUnitNumber = cmp.Or(ro.CustomerUnitNumber, original.CustomerUnitNumber)
	ro.VIN = cmp.Or(ro.VIN, original.VIN)
	ro.Department = cmp.Or(ro.Department, original.Department)
	ro.Status = cmp.Or(ro.Status, "OPEN")
	if ro.OpenedAt.IsZero() {
		ro.OpenedAt = now
	}
	if a.ros[identityOf(ro.Number, ro.Branch)] != nil {
		return fmt.Errorf("number: RO %s of branch %q exists already", ro.Number, ro.Branch)
	}
	if rest, moved := split(e.copy().Tasks, ro.BillingCustomerNumber); len(moved) > 0 && !a.Rules.TasksStay {
		ro.Tasks = slices.Concat(ro.Tasks, moved)
		original.Tasks = rest
		a.remove(e)
		a.insert(&entry{original, e.seq})
	}
	s.put(a, ro)
	return nil
}

// split takes the tasks out that are to be billed to a customer; these are billed to it by their own RO then.
func split(tasks []Task, customer string) (rest, moved []Task) {
	for _, task := range tasks {
		if customer == "" || task.AlternateBillingCustomer != customer {
			rest = append(rest, task)
			continue
		}
		task.AlternateBillingCustomer, task.AlternateBillingCompanyName = "", ""
		moved = append(moved, task)
	}
	return rest, moved
}

// RO returns a copy of an RO. The error is ErrNotFound for an unknown account or RO.
func (s *Simulator) RO(account, number, branch string) (RO, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, e, err := s.find(account, number, branch)
	if err != nil {
		return RO{}, err
	}
	return e.copy(), nil
}

// ROs returns a copy of an account's ROs in the order in which they were added. It is empty for an unknown account.
func (s *Simulator) ROs(account string) []RO {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if a := s.accounts[account]; a != nil {
		return a.list()
	}
	return nil
}
