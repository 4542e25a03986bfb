package relatedro

import (
	"context"
	"crypto/rand"
	"fmt"
)

// Wanted is the requested state of a location's settings.
type Wanted struct {
	Status     FeatureStatus
	Connection Connection
	SingleRO   bool

	// SameDealer is our support staff's statement that Connection reaches the dealer whose ROs the
	// location already reads, through another kind of interface.
	SameDealer bool

	Expecting *bool // nil leaves the setting as it is
}

// ConnectionField is the prefix of a connection's fields in a *FieldError, and the field of the
// whole connection in a *Refusal.
const ConnectionField = "connection"

// Change sets a location's settings to w and returns them. Enabling first asks the DMS about
// exactly the values to be saved. If they are the location's current connection, a negative answer
// is stored too.
//
// It returns FieldErrors if w breaks a rule, ErrStale if version is not the stored one, and a
// *Refusal: of NotConnected if the connection to enable must be set up by Support first, of
// NotAllowed if only Support may change the connection or the DMS, and of ActivationNeeded unless
// the DMS confirms the activation.
func (a *Admin) Change(ctx context.Context, actor Actor, location string, version int64, w Wanted) (Settings, error) {
	if w.Status == Enabled && !w.SingleRO && !a.connected(w.Connection) && !actor.Has(Support) {
		return Settings{}, a.notConnected()
	}
	if errs := a.check(w); len(errs) > 0 {
		return Settings{}, errs
	}
	if actor.Subject == "" {
		return Settings{}, &Refusal{Code: NotAllowed, Message: "The token does not say who changes the settings (sub)."}
	}
	before, err := a.store.Settings(ctx, location)
	if err != nil {
		return Settings{}, err
	}
	if before.Version != version {
		return Settings{}, ErrStale
	}
	if err := a.mayChange(actor, before, w); err != nil {
		return Settings{}, err
	}
	after, err := before.changed(w)
	if err != nil {
		return Settings{}, err
	}
	switch {
	case after.Enabled():
		after.Activation, err = a.enable(ctx, actor, location, after.Connection)
	case after.Connection == before.Connection:
		after.Activation = before.Activation
	default:
		// Before the settings: the old account's activation must not stand next to the new account.
		err = a.store.SaveActivation(ctx, location, after.Activation)
	}
	if err != nil {
		return Settings{}, err
	}
	after.UpdatedBy, after.UpdatedAt = actor.Subject, a.now().UTC()
	change := Change{ID: rand.Text(), At: after.UpdatedAt, By: actor.Subject, Before: before, After: after}
	if err := a.store.SaveSettings(ctx, change); err != nil {
		return Settings{}, err
	}
	return after, nil
}

// check returns the errors of w.
func (a *Admin) check(w Wanted) (errs FieldErrors) {
	if w.Status != Enabled && w.Status != Disabled {
		errs = append(errs, &FieldError{"status", `must be "ENABLED" or "DISABLED"`})
	}
	if w.SingleRO && w.Status == Enabled {
		return append(errs, &FieldError{"status",
			`must be "DISABLED" where the DMS keeps all pay types on one RO: there is nothing to fetch`})
	}
	missing, wrong := a.checkConnection(w.Connection)
	if w.Status == Enabled {
		errs = append(errs, missing...)
	}
	return append(errs, wrong...)
}

// checkConnection is Rules.CheckConnection with fields named relative to the whole input.
func (a *Admin) checkConnection(connection Connection) (missing, wrong FieldErrors) {
	missing, wrong = a.dms.CheckConnection(connection)
	for _, errs := range []FieldErrors{missing, wrong} {
		for i, err := range errs {
			errs[i] = &FieldError{ConnectionField + "." + err.Field, err.Rule}
		}
	}
	return missing, wrong
}

// connected reports whether the connection has every part that a DMS request needs.
func (a *Admin) connected(connection Connection) bool {
	missing, _ := a.dms.CheckConnection(connection)
	return len(missing) == 0
}

func (a *Admin) notConnected() *Refusal {
	return &Refusal{Code: NotConnected, Message: a.dms.Setup()}
}

// mayChange returns a *Refusal of NotAllowed unless the actor may change the settings to w.
func (a *Admin) mayChange(actor Actor, s Settings, w Wanted) error {
	switch {
	case actor.Has(Support):
		return nil
	case s.Connection != w.Connection:
		return &Refusal{
			Code: NotAllowed, Field: ConnectionField,
			Message: fmt.Sprintf("Only our support staff may change which %s account, user and branch a location reads.", a.dms.Name()),
		}
	case s.SingleRO != w.SingleRO:
		return &Refusal{Code: NotAllowed, Field: "dms", Message: "Only our support staff may change which DMS a location has."}
	}
	return nil
}

// enable asks the DMS about a connection to be enabled and returns the confirmed activation.
func (a *Admin) enable(ctx context.Context, actor Actor, location string, connection Connection) (Activation, error) {
	said, err := a.askToEnable(ctx, actor, location, connection)
	if err != nil || said.State == Active {
		return said, err
	}
	if _, err := a.learn(ctx, location, connection, said); err != nil {
		return Activation{}, err
	}
	return Activation{}, &Refusal{Code: ActivationNeeded, Field: "status", Message: said.Message}
}

// changed returns the settings after a change to w, with an unknown Activation and without an
// author. It returns a *FieldError as former does.
func (s Settings) changed(w Wanted) (Settings, error) {
	former, err := s.former(w)
	after := Settings{
		Location: s.Location, Status: w.Status, Connection: w.Connection, Former: former, SingleRO: w.SingleRO, Expecting: s.Expecting,
		Version: s.Version + 1, Activation: Activation{State: ActivationUnknown},
	}
	if w.Expecting != nil {
		after.Expecting = *w.Expecting
	}
	return after, err
}

// former returns Settings.Former after a change to w. It returns a *FieldError if w.SameDealer is
// set for connections that cannot be the same dealer's, because their kind is the same or their
// branches differ.
func (s Settings) former(w Wanted) (Connection, error) {
	moves := w.Connection.Kind != s.Connection.Kind
	// A move that is being corrected: the dealer was moved to the wrong account.
	corrects := s.Former != Connection{} && w.Connection.Kind != s.Former.Kind
	switch {
	case w.SameDealer && (s.Connection.Account == "" || !moves && !corrects || !w.Connection.sameBranch(s.Connection)):
		return Connection{}, &FieldError{"sameDealer", "may be true only where kind changes and the branch does not"}
	case w.SameDealer && moves:
		return s.Connection, nil
	case w.SameDealer || w.Connection.Reads(s.Connection):
		return s.Former, nil
	}
	return Connection{}, nil
}

// askToEnable asks the DMS about a connection to be enabled. It returns a *Refusal of TooSoon while
// another request does so for the same location.
func (a *Admin) askToEnable(ctx context.Context, actor Actor, location string, connection Connection) (Activation, error) {
	occasion, id := Occasion{Kind: EnableOccasion, Location: location}, rand.Text()
	if err := a.claimOwn(ctx, actor, occasion, id, VerifyWithin, a.dms.Name()+" is being asked about this location just now."); err != nil {
		return Activation{}, err
	}
	said := a.ask(ctx, connection)
	_ = a.store.FinishOccasion(ctx, occasion, id, a.now().UTC()) // else free after VerifyWithin
	return said, nil
}
