package karmaktest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// ErrNotFound is in the chain of errors about an unknown account or RO.
var ErrNotFound = errors.New("not found")

// AddAccount adds an account or changes an existing one. A change replaces the account's own
// fields, keeps its ROs and adds those given as AddRO does. The error names the invalid field; in
// that case nothing has changed.
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

// AddRO adds an RO to an account, or replaces the one with the same number and branch. The error
// describes the fault of the RO, or is ErrNotFound for an unknown account.
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

// UpdateAccount calls change to modify an account's own fields, but not its id or ROs. change must
// not call the simulator. The error is ErrNotFound for an unknown account, or names the invalid
// field.
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

// UpdateRO calls change to modify an RO, possibly including its number or branch. LastUpdate
// becomes now unless change sets it. change must not call the simulator. The error is ErrNotFound
// for an unknown account or RO, or describes the fault of the changed RO.
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

// RemoveRO removes an RO, as a deletion does. The error is ErrNotFound for an unknown account or
// RO.
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

// Spinoff creates an alternate RO, ro, with the RO from at branch as its original. Empty fields of
// ro take these defaults: branch, customer, unit, VIN and department from the original, the status
// of an open RO, and now as the opening. The original's tasks whose alternate billing customer is
// ro's customer move to ro, unless the account's rules let them stay. The error is ErrNotFound for
// an unknown account or RO, or describes the fault of ro. A number that the branch already has is a
// fault.
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

// split separates the tasks that are billed to the customer from the rest. The moved tasks are
// billed to it by their own RO.
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
