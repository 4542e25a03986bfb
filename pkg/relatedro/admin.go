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
// It returns FieldErrors if a given connection breaks a rule, and a *Refusal: of NotAllowed unless
// the actor is Support or asks about the location's own connection, of NotConnected if that lacks
// an account or user, and of TooSoon within VerifyPeriod of the last verification or after
// AsksAMinute requests.
func (a *Admin) Verify(ctx context.Context, actor Actor, location string, connection *Connection) (Settings, error) {
	if connection != nil {
		missing, wrong := a.checkConnection(*connection)
		if errs := append(missing, wrong...); len(errs) > 0 {
			return Settings{}, errs
		}
	}
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
			Message: fmt.Sprintf("Only our support staff may ask about another %s account, user and branch than the location's.",
				a.dms.Name()),
		}
	}
	if !a.connected(*connection) {
		return Settings{}, a.notConnected()
	}
	occasion := Occasion{Kind: VerifyOccasion, Location: location}
	if err := a.claimOwn(ctx, actor, occasion, rand.Text(), VerifyPeriod,
		a.dms.Name()+" was asked about this location a moment ago."); err != nil {
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
// retrieval will carry. It returns a *Refusal of NotEnabled if the location is not enabled, of
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
		return "", s.notEnabled()
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
	_ = a.store.FinishOccasion(ctx, occasion, id, now.Add(period))
	return id, nil
}

func (s Settings) notEnabled() *Refusal {
	if s.SingleRO {
		return &Refusal{Code: NotEnabled, Message: NotApplicable.Sentence()}
	}
	return &Refusal{Code: NotEnabled, Message: "Related ROs are switched off for this location."}
}
