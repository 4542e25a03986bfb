package karmaktest

import (
	"net/http"
)

// The interfaces that may reach an account, as named by [Account].
const (
	Unity            = "unity"
	ReportDataAccess = "rda"
)

// reportDataPath is the base path of the views at the newer interface.
const reportDataPath = "/ops/DataAccess/Frw/"

// Headers of the newer interface.
const (
	keyHeader    = "Ocp-Apim-Subscription-Key"
	numberHeader = "KarmakAccountNumber"
)

// numbered returns the id of the account that has the number, or "" if there is none.
func (s *Simulator) numbered(number string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for id, a := range s.accounts {
		if number != "" && a.Number == number {
			return id
		}
	}
	return ""
}

// admitNumber reports whether the call may read an account at the newer interface. If not, it
// returns the refusal.
func (s *Simulator) admitNumber(c call) (response, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	a, header := s.accounts[c.account], c.request.Header
	switch key := header.Get(keyHeader); {
	case key == "":
		return message(http.StatusUnauthorized, "a subscription key is required"), false
	case key != s.subscription:
		return message(http.StatusUnauthorized, "the subscription key is not valid"), false
	case header.Get(numberHeader) == "":
		return message(http.StatusBadRequest, "%s is missing", numberHeader), false
	case a == nil || a.Face != ReportDataAccess:
		return message(http.StatusForbidden, "the account is not open to this subscription"), false
	}
	return response{}, true
}

// RotateSubscriptionKey sets the key that the newer interface requires from now on.
func (s *Simulator) RotateSubscriptionKey(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscription = key
}

// Move moves an account to another face, [Unity] or [ReportDataAccess], as Karmak does for a
// dealer. The previous face refuses the account from then on. The error is ErrNotFound for an
// unknown account, or says why the face cannot reach the account.
func (s *Simulator) Move(account, face string) error {
	return s.UpdateAccount(account, func(a *Account) { a.Face = face })
}
