package relatedro

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

// Limits of the administration that people notice.
const (
	VerifyWithin  = 10 * time.Second // time limit for the DMS to confirm an activation
	VerifyPeriod  = 10 * time.Second // between two verifications of one location
	RefreshPeriod = time.Minute      // between two refreshes of one case
	AsksAMinute   = 60               // verifications, enablings and refreshes per person
	RefreshAgain  = 5 * time.Second  // replaces RefreshPeriod after a failed fetch
)

// AdminStore is the part of the store that Admin needs.
type AdminStore interface {
	SettingsStore
	LeaseStore
	OccasionStore
	LocationStore

	// Load is CaseStore.Load.
	Load(ctx context.Context, keys Keys) (Loaded, error)

	// CasesOf returns all cases of a location without their lists. Its reads are eventually
	// consistent.
	CasesOf(ctx context.Context, location string) ([]Case, error)
}

// Refresher sends refreshes to the refresh queue.
type Refresher interface {
	// SendRefreshes returns once the queue has accepted the events. If it fails, the queue may have
	// accepted some of them, and sending them again is harmless.
	SendRefreshes(ctx context.Context, events []Event) error
}

// Admin manages a location's settings and its refreshes. It is safe for concurrent use.
type Admin struct {
	store AdminStore
	dms   DMS
	turns turns
	queue Refresher
	now   func() time.Time
}

// NewAdmin returns an Admin that reads the clock from now.
func NewAdmin(store AdminStore, dms DMS, queue Refresher, now func() time.Time) *Admin {
	return &Admin{store: store, dms: dms, turns: turns{store, now}, queue: queue, now: now}
}

// Settings returns a location's settings, or NeverSetUp if nothing is stored.
func (a *Admin) Settings(ctx context.Context, location string) (Settings, error) {
	return a.store.Settings(ctx, location)
}

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

// CheckBy returns a *Refusal of NotConnected if the actor wants to enable a location whose
// connection Support must set up first.
func (a *Admin) CheckBy(actor Actor, w Wanted) error {
	if w.Status == Enabled && !w.SingleRO && !a.connected(w.Connection) && !actor.Has(Support) {
		return a.notConnected()
	}
	return nil
}

// Check returns every *FieldError of w.
func (a *Admin) Check(w Wanted) (errs []error) {
	if w.Status != Enabled && w.Status != Disabled {
		errs = append(errs, &FieldError{"status", `must be "ENABLED" or "DISABLED"`})
	}
	if w.SingleRO && w.Status == Enabled {
		return append(errs, &FieldError{"status", `must be "DISABLED" where the DMS keeps all pay types on one RO: there is nothing to fetch`})
	}
	if w.Status == Enabled {
		return append(errs, a.CheckConnection(w.Connection)...)
	}
	_, wrong := a.dms.CheckConnection(w.Connection)
	return append(errs, ofConnection(wrong)...)
}

// CheckConnection returns every *FieldError of a connection that will be used for requests.
func (a *Admin) CheckConnection(connection Connection) []error {
	missing, wrong := a.dms.CheckConnection(connection)
	return ofConnection(append(missing, wrong...))
}

func ofConnection(errs []error) []error {
	for i, err := range errs {
		if f := (*FieldError)(nil); errors.As(err, &f) {
			errs[i] = &FieldError{ConnectionField + "." + f.Field, f.Rule}
		}
	}
	return errs
}

// connected reports whether the connection has every part that a DMS request needs.
func (a *Admin) connected(connection Connection) bool {
	missing, _ := a.dms.CheckConnection(connection)
	return len(missing) == 0
}

func (a *Admin) notConnected() *Refusal {
	return &Refusal{Code: NotConnected, Message: a.dms.Setup()}
}

// Change sets a location's settings to w, which Check has accepted, and returns them. It returns
// ErrStale if version is not the stored one. Enabling first asks the DMS about exactly the values
// to be saved, and returns a *Refusal of NotActive unless the DMS confirms them. If they are the
// location's current connection, a negative answer is stored too. Changing the connection or the
// DMS returns a *Refusal of NotAllowed unless the actor is Support. It returns a *FieldError if
// w.SameDealer is set for connections that cannot be the same dealer's.
func (a *Admin) Change(ctx context.Context, actor Actor, location string, version int64, w Wanted) (Settings, error) {
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
	if before.Connection != w.Connection && !actor.Has(Support) {
		return Settings{}, &Refusal{
			Code: NotAllowed, Field: ConnectionField,
			Message: fmt.Sprintf("Only our support staff may change which %s account, user and branch a location reads.", a.dms.Name()),
		}
	}
	if before.SingleRO != w.SingleRO && !actor.Has(Support) {
		return Settings{}, &Refusal{Code: NotAllowed, Field: "dms", Message: "Only our support staff may change which DMS a location has."}
	}
	former, err := before.former(w)
	if err != nil {
		return Settings{}, err
	}
	after := Settings{
		Location: location, Status: w.Status, Connection: w.Connection, Former: former, SingleRO: w.SingleRO, Expecting: before.Expecting,
		Version: before.Version + 1, UpdatedBy: actor.Subject,
		Activation: Activation{State: ActivationUnknown},
	}
	if w.Expecting != nil {
		after.Expecting = *w.Expecting
	}
	if after.Enabled() {
		if after.Activation, err = a.askToEnable(ctx, actor, location, w.Connection); err != nil {
			return Settings{}, err
		}
		if after.Activation.State != Active {
			if _, err := a.learn(ctx, location, w.Connection, after.Activation); err != nil {
				return Settings{}, err
			}
			return Settings{}, &Refusal{Code: NotActive, Field: "status", Message: after.Activation.Message}
		}
	} else if before.Connection == w.Connection {
		after.Activation = before.Activation
	} else if err := a.store.SaveActivation(ctx, location, after.Activation); err != nil {
		// Before the settings: the old account's activation must not stand next to the new account.
		return Settings{}, err
	}
	after.UpdatedAt = a.now().UTC()
	change := Change{ID: rand.Text(), At: after.UpdatedAt, By: actor.Subject, Before: before, After: after}
	if err := a.store.SaveSettings(ctx, change); err != nil {
		return Settings{}, err
	}
	return after, nil
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
	_ = a.store.SettleOccasion(ctx, occasion, id, a.now().UTC()) // else free after VerifyWithin
	return said, nil
}

// claimOwn counts the actor's request and takes an occasion for id. It returns a *Refusal of
// TooSoon after AsksAMinute requests and, with the given sentence, while the occasion is taken or
// not free yet.
func (a *Admin) claimOwn(ctx context.Context, actor Actor, occasion Occasion, id string, period time.Duration, sentence string) error {
	if err := a.count(ctx, actor); err != nil {
		return err
	}
	holder, wait, err := a.store.TakeOccasion(ctx, occasion, id, a.now().UTC(), period)
	if errors.Is(err, ErrTooSoon) || err == nil && holder != id {
		return &Refusal{Code: TooSoon, Wait: wait, Message: sentence}
	}
	return err
}

// count returns a *Refusal of TooSoon if the actor has already made AsksAMinute requests.
func (a *Admin) count(ctx context.Context, actor Actor) error {
	wait, err := a.store.CountAsk(ctx, actor.Subject, a.now().UTC(), AsksAMinute)
	if errors.Is(err, ErrTooSoon) {
		return &Refusal{Code: TooSoon, Wait: wait, Message: fmt.Sprintf("You have asked %s too often within a minute.", a.dms.Name())}
	}
	return err
}

// Verify asks the DMS whether the feature is active for a connection and returns the settings with
// the answer. A nil connection means the location's own; its answer is stored, and nothing else is.
// Only Support may ask about another connection: other actors get a *Refusal of
// NotAllowed. It returns a *Refusal of NotConnected if the connection lacks an account or user, and
// of TooSoon within VerifyPeriod of the last verification or after AsksAMinute requests.
func (a *Admin) Verify(ctx context.Context, actor Actor, location string, connection *Connection) (Settings, error) {
	s, err := a.store.Settings(ctx, location)
	if err != nil {
		return Settings{}, err
	}
	if connection == nil {
		connection = &s.Connection
	}
	if *connection != s.Connection && !actor.Has(Support) {
		return Settings{}, &Refusal{
			Code: NotAllowed, Field: ConnectionField,
			Message: fmt.Sprintf("Only our support staff may ask about another %s account, user and branch than the location's.", a.dms.Name()),
		}
	}
	if !a.connected(*connection) {
		return Settings{}, a.notConnected()
	}
	occasion := Occasion{Kind: VerifyOccasion, Location: location}
	if err := a.claimOwn(ctx, actor, occasion, rand.Text(), VerifyPeriod, a.dms.Name()+" was asked about this location a moment ago."); err != nil {
		return Settings{}, err
	}
	said := a.ask(ctx, *connection)
	if *connection != s.Connection {
		s.Activation = said
		return s, nil
	}
	return a.learn(ctx, location, *connection, said)
}

// Branches asks the DMS for the branches of the location's account, so that a person can choose
// one. It returns a *Refusal of NotConnected if no account and user are set, and of NoBranches if
// the DMS does not list them.
func (a *Admin) Branches(ctx context.Context, location string) (branches []Branch, err error) {
	s, err := a.store.Settings(ctx, location)
	if err != nil {
		return nil, err
	}
	if !a.connected(s.Connection) {
		return nil, a.notConnected()
	}
	ctx, cancel := context.WithTimeout(ctx, VerifyWithin)
	defer cancel()
	var failure error
	err = a.turns.alone(ctx, s.Connection.Account, RankPerson, func(ctx context.Context) {
		branches, failure = a.dms.Branches(ctx, s.Connection)
	})
	if err := errors.Join(err, failure); err != nil {
		return nil, &Refusal{Code: NoBranches, Message: a.dms.Sentence(s.Connection, asFailure(err, StoreUnavailable).Reason)}
	}
	return branches, nil
}

// learn stores the DMS's answer about a connection, unless the location has meanwhile changed its
// connection. It returns the location's current settings.
func (a *Admin) learn(ctx context.Context, location string, connection Connection, said Activation) (Settings, error) {
	s, err := a.store.Settings(ctx, location)
	if err != nil || s.Connection != connection {
		return s, err
	}
	s.Activation = said
	return s, a.store.SaveActivation(ctx, location, said)
}

func (a *Admin) ask(ctx context.Context, connection Connection) Activation {
	ctx, cancel := context.WithTimeout(ctx, VerifyWithin)
	defer cancel()
	var activation Activation
	err := a.turns.alone(ctx, connection.Account, RankPerson, func(ctx context.Context) {
		activation = a.dms.CheckActivation(ctx, connection)
	})
	if err != nil {
		activation = Activation{State: ActivationUnreachable, Message: a.dms.Sentence(connection, asFailure(err, StoreUnavailable).Reason)}
	}
	activation.CheckedAt = a.now().UTC()
	return activation
}

// History returns a page of a location's changes, newest first. Positions are those of CaseReader.
func (a *Admin) History(ctx context.Context, location, after string) (changes []Change, next string, err error) {
	return a.store.History(ctx, location, after, PageSize)
}

// Facts are the requester's knowledge of the case. They are used only for a case that is not stored
// yet, which needs at least the RO number.
type Facts struct {
	RO         string
	CaseNumber string
	Asset      string
}

// Refresh requests a fetch of a case's related ROs and returns the id of the event, which the
// retrieval will carry. It returns a *Refusal of SwitchedOff if the location is not enabled, of
// RONeeded if the case is not stored and f has no RO, and of TooSoon within RefreshPeriod of the
// last refresh (RefreshAgain if the last retrieval failed) or after AsksAMinute requests. The
// values in f must have passed CheckRO and CheckID.
//
// After a crash it may be unknown whether a claim's event was sent. The next Refresh sends it again
// under the same id, which is harmless if it had been sent.
func (a *Admin) Refresh(ctx context.Context, actor Actor, key CaseKey, f Facts) (eventID string, err error) {
	loaded, err := a.store.Load(ctx, Keys{Locations: []string{key.Location}, Cases: []CaseKey{key}})
	if err != nil {
		return "", err
	}
	if err := loaded.readable(key); err != nil {
		return "", err
	}
	if s := loaded.Settings[key.Location]; !s.Enabled() {
		return "", s.switchedOff()
	}
	period := RefreshPeriod
	if loaded.Cases[key].Retrieval.Outcome == OutcomeFailed {
		period = RefreshAgain
	}
	if c := loaded.Cases[key]; c.RO != "" {
		f = Facts{RO: c.RO, CaseNumber: c.Number, Asset: c.Asset}
	}
	if f.RO == "" {
		return "", &Refusal{
			Code: RONeeded, Field: "roNumber",
			Message: "Nothing is known of this case yet. Give its RO number to fetch its related ROs.",
		}
	}
	if err := a.count(ctx, actor); err != nil {
		return "", err
	}
	now, occasion := a.now().UTC(), Occasion{Kind: RefreshOccasion, Location: key.Location, Case: key.Case}
	id, wait, err := a.store.TakeOccasion(ctx, occasion, rand.Text(), now, period)
	if errors.Is(err, ErrTooSoon) {
		return "", &Refusal{Code: TooSoon, Wait: wait, Message: "This case was refreshed a moment ago."}
	}
	if err != nil {
		return "", err
	}
	ev := refreshOf(key, f, now)
	ev.ID = id
	if err := a.queue.SendRefreshes(ctx, []Event{ev}); err != nil {
		return "", err
	}
	// If this fails, the next refresh sends this event again.
	_ = a.store.SettleOccasion(ctx, occasion, id, now.Add(period))
	return id, nil
}

func (s Settings) switchedOff() *Refusal {
	if s.SingleRO {
		return &Refusal{Code: SwitchedOff, Message: NotApplicable.Sentence()}
	}
	return &Refusal{Code: SwitchedOff, Message: "Related ROs are switched off for this location."}
}
