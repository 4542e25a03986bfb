package karmaktest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// maxControlBody is the maximum size of a request to the control API. Seed data of 10,000 ROs takes
// a tenth of it.
const maxControlBody = 64 << 20

// controlHandler serves the control API of the package's documentation.
func (s *Simulator) controlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /control/state", func(w http.ResponseWriter, r *http.Request) {
		account := r.URL.Query().Get("account")
		respond(w, s.state(account), s.anyOrKnown(account))
	})
	mux.HandleFunc("GET /control/counts", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, s.Counts(), nil)
	})
	mux.HandleFunc("DELETE /control/counts", func(w http.ResponseWriter, _ *http.Request) {
		s.ResetCounts()
		respond(w, nil, nil)
	})
	mux.HandleFunc("GET /control/requests", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, append([]Request{}, s.Requests()...), nil) // an empty list, not null
	})
	mux.HandleFunc("POST /control/load", func(w http.ResponseWriter, r *http.Request) {
		respond(w, nil, s.Load(http.MaxBytesReader(w, r.Body, maxControlBody)))
	})
	mux.HandleFunc("POST /control/account", decoded(func(a Account) (any, error) { return a, s.AddAccount(a) }))
	mux.HandleFunc("PATCH /control/account", decoded(s.controlUpdateAccount))
	mux.HandleFunc("POST /control/ro", decoded(s.controlAddRO))
	mux.HandleFunc("PATCH /control/ro", decoded(s.controlUpdateRO))
	mux.HandleFunc("DELETE /control/ro", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query().Get
		err := required("account", q("account"), "number", q("number"))
		if err == nil {
			err = s.RemoveRO(q("account"), q("number"), q("branch"))
		}
		respond(w, nil, err)
	})
	mux.HandleFunc("POST /control/spinoff", decoded(s.controlSpinoff))
	mux.HandleFunc("POST /control/fault", decoded(func(f Fault) (any, error) {
		if err := s.anyOrKnown(f.Account); err != nil {
			return nil, err
		}
		return f, s.SetFault(f)
	}))
	mux.HandleFunc("DELETE /control/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		respond(w, nil, nil)
	})
	return mux
}

// anyOrKnown returns ErrNotFound for an unknown account, so that a typo cannot pass unnoticed.
// Empty means all accounts.
func (s *Simulator) anyOrKnown(account string) error {
	if account == "" {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, err := s.account(account)
	return err
}

func (s *Simulator) controlAddRO(body struct {
	Account string
	RO      RO
}) (any, error) {
	if err := required("account", body.Account); err != nil {
		return nil, err
	}
	return body.RO, inField("ro", s.AddRO(body.Account, body.RO))
}

// controlUpdateRO changes only the fields in set.
func (s *Simulator) controlUpdateRO(body struct {
	Account, Number, Branch string
	Set                     json.RawMessage
}) (any, error) {
	if err := required("account", body.Account, "number", body.Number, "set", string(body.Set)); err != nil {
		return nil, err
	}
	if err := checkSet[RO](body.Set); err != nil {
		return nil, err
	}
	var id identity // set may change the identity too
	err := s.UpdateRO(body.Account, body.Number, body.Branch, func(ro *RO) {
		*ro = overlay(*ro, body.Set)
		id = identity{ro.Number, ro.Branch}
	})
	if err != nil {
		return nil, inField("set", err)
	}
	return s.RO(body.Account, id.number, id.branch)
}

func (s *Simulator) controlUpdateAccount(body struct {
	ID  string
	Set json.RawMessage
}) (any, error) {
	if err := required("id", body.ID, "set", string(body.Set)); err != nil {
		return nil, err
	}
	if err := checkSet[Account](body.Set); err != nil {
		return nil, err
	}
	var changed Account
	err := s.UpdateAccount(body.ID, func(a *Account) {
		*a = overlay(*a, body.Set)
		changed = *a
	})
	return changed, inField("set", err)
}

// checkSet returns an error unless set is an object with some fields of a T and no others.
func checkSet[T any](set json.RawMessage) error {
	if err := unmarshalStrictly(set, new(T)); err != nil {
		return fmt.Errorf("set: %w", err)
	}
	return nil
}

// overlay returns current with each field in set replaced as a whole. set must have passed
// checkSet.
func overlay[T any](current T, set json.RawMessage) T {
	fields := decode[map[string]json.RawMessage](marshal(current))
	for name, value := range decode[map[string]json.RawMessage](set) {
		maps.DeleteFunc(fields, func(other string, _ json.RawMessage) bool { return strings.EqualFold(other, name) })
		fields[name] = value
	}
	return decode[T](marshal(fields))
}

// decode reads data that is known to be JSON of a T.
func decode[T any](data []byte) (v T) {
	if err := json.Unmarshal(data, &v); err != nil {
		panic(fmt.Sprintf("karmaktest: decode again what could be decoded: %v", err))
	}
	return v
}

func (s *Simulator) controlSpinoff(body struct {
	Account, From, Branch string
	RO                    RO
}) (any, error) {
	if err := required("account", body.Account, "from", body.From); err != nil {
		return nil, err
	}
	if err := s.Spinoff(body.Account, body.From, body.Branch, body.RO); err != nil {
		return nil, inField("ro", err)
	}
	return s.RO(body.Account, body.RO.Number, cmp.Or(body.RO.Branch, body.Branch))
}

// required returns an error for the first field without a value. fields alternates names and
// values.
func required(fields ...string) error {
	for i := 0; i < len(fields); i += 2 {
		if fields[i+1] == "" {
			return fmt.Errorf("%s: missing", fields[i])
		}
	}
	return nil
}

// inField prefixes the field that err names with name. It returns other errors unchanged.
func inField(name string, err error) error {
	if err == nil || errors.Is(err, ErrNotFound) {
		return err
	}
	return fmt.Errorf("%s.%w", name, err)
}

// decoded serves a request whose body is a JSON value of type T. The result of do is the answer.
func decoded[T any](do func(T) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body T
		if err := decodeStrictly(http.MaxBytesReader(w, r.Body, maxControlBody), &body); err != nil {
			respond(w, nil, err)
			return
		}
		v, err := do(body)
		respond(w, v, err)
	}
}

// respond answers 200 with v, 204 if v is nil, 404 for ErrNotFound, and 400 with the message of any
// other error.
func respond(w http.ResponseWriter, v any, err error) {
	a := response{status: http.StatusNoContent}
	switch {
	case errors.Is(err, ErrNotFound):
		a = message(http.StatusNotFound, "%s", err)
	case err != nil:
		a = message(http.StatusBadRequest, "%s", err)
	case v != nil:
		a = jsonResponse(http.StatusOK, v)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	w.Write(a.body) // an error means that the client went away
}
