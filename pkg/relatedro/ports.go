package relatedro

import (
	"context"
	"errors"
	"strings"
	"time"
)

// DMS is the product's interface to a dealer management system. Package dmstest has the tests that
// every implementation must pass.
type DMS interface {
	Rules

	// Families returns the whole family of each given RO number, open and closed ROs alike, or the
	// reason why that number has none. The map has an entry for every requested number. An error is
	// a *Failure and means that nothing is known about any of them. known lists numbers that the
	// families had before: they save round trips where they still apply, and never change the
	// result.
	Families(ctx context.Context, connection Connection, ros []string, known ...string) (map[string]Family, error)

	// Expected returns, for each RO number, the customers to whom tasks are to be billed on a
	// separate RO, ordered by name, at most MostExpected. It does not say whether those ROs exist.
	// It does not fail: a number that could not be queried has no entry.
	Expected(ctx context.Context, connection Connection, ros []string) map[string][]Expected

	// CheckActivation asks whether the feature is active for the connection. It does not fail: the
	// Activation describes the problem. The caller sets CheckedAt.
	CheckActivation(ctx context.Context, connection Connection) Activation

	// Branches returns all branches of the connection's account, ordered by code; the branch of the
	// connection makes no difference. An error is a *Failure.
	Branches(ctx context.Context, connection Connection) ([]Branch, error)
}

// Rules are a DMS's requirements for a connection and its messages for people.
type Rules interface {
	// Name returns the DMS's name as people know it.
	Name() string

	// CheckConnection returns an error for each required part that is missing from the connection,
	// and one for each given part that is wrong. Fields are named relative to the connection, as in
	// the HTTP contract.
	CheckConnection(connection Connection) (missing, wrong FieldErrors)

	// Sentence explains a failure over the connection to a service manager: the problem and the
	// remedy.
	Sentence(connection Connection, why Reason) string

	// Setup explains to a service manager what a location without a connection needs.
	Setup() string
}

// Family is a DMS's answer for one RO: the related ROs, ordered by RO number, without the RO
// itself. Failure is set instead if this number alone failed, for any reason.
type Family struct {
	Own     RelatedRO // the requested RO, without a relation
	Related []RelatedRO
	// Billed are the customers billed by the family's ROs, Own included, voided ROs excluded.
	Billed  []Customer
	Failure *Failure

	Expected []Expected // filled in by the retrieval
}

// Store errors that callers distinguish. Every other store error is transient: a later retry may
// succeed.
var (
	ErrStale      = errors.New("changed since it was read")
	ErrTooSoon    = errors.New("asked again too soon")
	ErrNoCase     = errors.New("no such case")
	ErrUnreadable = errors.New("stored in a form that cannot be read")
	ErrPosition   = errors.New("not a position of this list")
)

// Keys are the settings and cases to load.
type Keys struct {
	Locations []string
	Cases     []CaseKey
	Checked   bool // fill in Settings.CheckedAt
	Activated bool // fill in Settings.Activation
	Past      bool // make Peek fill in Case.Past, as Load always does
}

// Loaded is the result of loading Keys. Cases holds only stored cases. Settings has an entry for
// every requested location: NeverSetUp if nothing is stored. Items stored in an unreadable form are
// in neither.
type Loaded struct {
	Settings map[string]Settings
	Cases    map[CaseKey]Case

	// Unreadable names the unreadable items. A key without a case id stands for a location's
	// settings.
	Unreadable map[CaseKey]bool
}

// readable returns ErrUnreadable if the case or its location's settings are unreadable.
func (l Loaded) readable(k CaseKey) error {
	if l.Unreadable[k] || l.Unreadable[CaseKey{Location: k.Location}] {
		return ErrUnreadable
	}
	return nil
}

// CaseStore is the part of the store that the retrieval needs.
type CaseStore interface {
	LeaseStore

	// Load reads with strong consistency, in as few calls as possible. It reads repeated keys once.
	// It returns all keys or an error, never a part; Unreadable names the items that cannot be
	// read.
	Load(ctx context.Context, keys Keys) (Loaded, error)

	// SaveCase writes next and its links atomically, with a Revision higher than that of before.
	// before is the case as loaded: the zero Case with its key if it was not stored. A list too
	// long for the store is cut, and Omitted holds the number of ROs left out. If the stored
	// revision differs from that of before, SaveCase writes nothing and returns ErrStale.
	SaveCase(ctx context.Context, before, next Case) error
}

// CaseReader is the part of the store that the read side needs. Its reads are eventually
// consistent. Positions are sort keys: an empty position starts a list, and an empty next ends it.
// A position outside the requested list returns ErrPosition.
type CaseReader interface {
	// Peek is Load without strong consistency, at half the price. It leaves empty the fields that
	// only writers need.
	Peek(ctx context.Context, keys Keys) (Loaded, error)

	// CasesOfAsset returns up to limit of an asset's cases, newest first event first.
	CasesOfAsset(ctx context.Context, location, asset, after string, limit int) (cases []Case, next string, err error)

	// LinksTo returns up to limit of a location's links whose RO number equals ro, or begins with
	// ro if prefix is set, ordered by number. ro is canonical.
	LinksTo(ctx context.Context, location, ro string, prefix bool, after string, limit int) (links []Link, next string, err error)

	// OpenWarranty returns up to limit links to a location's open warranty ROs, the oldest opening
	// date first, unknown dates before all others, then by number. Links to the same RO are
	// adjacent and on the same page, starting with the case whose own RO it was made from.
	// openedBefore, a day such as 2026-11-20, excludes ROs opened on that day or later; empty
	// excludes none.
	OpenWarranty(ctx context.Context, location, openedBefore, after string, limit int) (links []Link, next string, err error)
}

// SettingsStore is the part of the store that the administration needs. Its reads are strongly
// consistent.
type SettingsStore interface {
	// Settings returns a location's settings with Activation filled in, or NeverSetUp if nothing is
	// stored.
	Settings(ctx context.Context, location string) (Settings, error)

	// SaveSettings writes change.After, its Activation unless unknown, and a history entry for the
	// Change, all or nothing. It returns ErrStale if the stored version is not
	// change.Before.Version.
	SaveSettings(ctx context.Context, change Change) error

	// SaveActivation writes only the DMS's answer.
	SaveActivation(ctx context.Context, location string, a Activation) error

	// History returns up to limit changes, newest first. Positions are those of CaseReader.
	History(ctx context.Context, location, after string, limit int) (changes []Change, next string, err error)
}

// OccasionStore limits how often an action runs, regardless of the caller.
type OccasionStore interface {
	// TakeOccasion takes an occasion for id for the given period and returns id as holder. If
	// another id has taken it and has not finished it, holder is that id. If it is finished but not
	// free yet, the error is ErrTooSoon. wait is the time until the occasion is free.
	TakeOccasion(ctx context.Context, occasion Occasion, id string, now time.Time, period time.Duration) (holder string, wait time.Duration,
		err error)

	// FinishOccasion records that id has done its action, and when the occasion is free again. It
	// does nothing if id no longer has the occasion.
	FinishOccasion(ctx context.Context, occasion Occasion, id string, freeAt time.Time) error

	// CountAsk counts one more DMS request by a person. If that would exceed limit requests in a
	// minute, it returns ErrTooSoon and the time to wait.
	CountAsk(ctx context.Context, subject string, now time.Time, limit int) (wait time.Duration, err error)
}

// Occasion identifies a rate-limited action at a location.
type Occasion struct {
	Kind     OccasionKind
	Location string
	Case     string // RefreshOccasion only
}

// String returns the occasion's name in logs and errors.
func (o Occasion) String() string {
	return strings.TrimSpace(string(o.Kind) + " of " + o.Location + " " + o.Case)
}

// OccasionKind is the kind of a rate-limited action.
type OccasionKind string

// The kinds of occasions.
const (
	RefreshOccasion OccasionKind = "REFRESH" // one per case and RefreshPeriod
	VerifyOccasion  OccasionKind = "VERIFY"  // one per location and VerifyPeriod
	EnableOccasion  OccasionKind = "ENABLE"  // one at a time per location
)

// Bus carries notices to their subscribers.
type Bus interface {
	// Publish puts notices on the bus in order and returns how many of them it accepted, counted
	// from the first. If that is not all of them, the error says why. The bus may have accepted
	// some of the rest too, and publishing them again is harmless.
	Publish(ctx context.Context, notices []Notice) (int, error)
}
