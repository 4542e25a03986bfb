package karmaktest

import (
	"fmt"
	"io"
	"maps"
	"slices"
)

// seed is the JSON form of a simulator's data.
type seed struct {
	Accounts []Account `json:"accounts"`
	Faults   []Fault   `json:"faults,omitempty"`
}

// Load reads whole accounts and faults,
// {"accounts":[{"id","users","fusionVersion","ros":[…]}],"faults":[…]}, and adds them as AddAccount
// and SetFault do. The error names the invalid field; in that case nothing has changed.
func (s *Simulator) Load(r io.Reader) error {
	var data seed
	if err := decodeStrictly(r, &data); err != nil {
		return err
	}
	for i, a := range data.Accounts {
		if err := a.validate(); err != nil {
			return fmt.Errorf("accounts[%d].%w", i, err)
		}
	}
	for i, f := range data.Faults {
		if err := f.Validate(); err != nil {
			return fmt.Errorf("faults[%d].%w", i, err)
		}
	}
	s.mu.Lock()
	for _, a := range data.Accounts {
		s.addAccount(a)
	}
	s.mu.Unlock()
	for _, f := range data.Faults {
		s.faults.set(f)
	}
	return nil
}

// state returns the data in the form that Load reads, for one account unless account is empty.
func (s *Simulator) state(account string) seed {
	data := seed{Accounts: []Account{}, Faults: s.faults.list()}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, id := range slices.Sorted(maps.Keys(s.accounts)) {
		if account == "" || account == id {
			a := s.accounts[id].Account
			a.ROs = s.accounts[id].list()
			data.Accounts = append(data.Accounts, a)
		}
	}
	return data
}
