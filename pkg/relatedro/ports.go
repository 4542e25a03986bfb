package relatedro

import (
	"context"
	"errors"
	"strings"
	"time"
)

// DMS is what the product asks of a dealer management system. Package dmstest holds an
// implementation to it.
type DMS interface {
	Rules

	// Families returns for each of the given RO numbers its whole family, open and
	// closed ROs alike, or why that one number has none. The map has an entry for
	// every number asked. The error, a *Failure, means that nothing is known of any
	// of them. known are numbers that the families had before: they save waiting where
	// they still do, and never change what is found.
	Families(ctx context.Context, over Connection, ros []string, known ...string) (map[string]Family, error)

	// Expected returns for RO numbers which customers their tasks are to be billed to by
	// ROs of their own, by name, at most MostExpected; whether there are such ROs it does
	// not tell. It does not fail: a number that could not be asked for has no entry.
	Expected(ctx context.Context, over Connection, ros []string) map[string][]Expected

	// CheckActivation asks whether the feature is active for the connection. It
	// does not fail: an Activation says what went wrong. CheckedAt is the caller's.
	CheckActivation(ctx context.Context, over Connection) Activation

	// Branches returns the branches of the connection's account, by code, whatever branch
	// the connection names. Its error is a *Failure.
	Branches(ctx context.Context, over Connection) ([]Branch, error)
}

// Rules are what a DMS asks of a connection, and what people are told of it.
type Rules interface {
	// Name returns the DMS's name as people know it.
	Name() string

	// CheckConnection returns a *FieldError for each part that the connection lacks to be
	// asked over, and one for each that is given and wrong. Fields are named as the HTTP
	// contract spells them within the connection.
	CheckConnection(over Connection) (missing, wrong []error)

	// Sentence returns what to tell a service manager of a failure over the connection:
	// what is wrong and what to do.
	Sentence(over Connection, why Reason) string
}

// Family is what a DMS knows of one RO's relatives: the list, ordered by RO number,
// without the RO itself, or a Failure of this number alone, of any reason.
type Family struct {
	Own     RelatedRO // the RO asked for, without a relation
	Related []RelatedRO
	Billed  []Customer // for the ROs of the family, its own one included, but not for those that are voided
	Failure *Failure

	Expected []Expected // filled by the retrieval
}

// Errors of a store that callers tell apart. Whatever else a store returns is
// transient: trying again later may work.
var (
	ErrStale      = errors.New("changed since it was read")
	ErrTooSoon    = errors.New("asked again too soon")
	ErrNoCase     = errors.New("no such case")
	ErrUnreadable = errors.New("stored in a form that cannot be read")
	ErrPosition   = errors.New("not a position of this list")
)

// Keys names what to load: settings of locations and cases.
type Keys struct {
	Locations []string
	Cases     []CaseKey
	Checked   bool // fill Settings.CheckedAt too
	Activated bool // fill Settings.Activation too
	Past      bool // Peek fills Case.Past too, as Load always does
}

// Loaded is what a store has of the Keys asked for. Cases holds only those that are
// stored; Settings has an entry for every location asked, NeverSetUp where nothing
// is stored. What is stored in a form that cannot be read is
// in neither.
type Loaded struct {
	Settings map[string]Settings
	Cases    map[CaseKey]Case

	Unreadable map[CaseKey]bool // a location's settings without a case's id
}

// readable returns ErrUnreadable if the case, or the settings of its location, cannot be
// read.
func (l Loaded) readable(k CaseKey) error {
	if l.Unreadable[k] || l.Unreadable[CaseKey{Location: k.Location}] {
		return ErrUnreadable
	}
	return nil
}

// CaseStore is what the retrieval needs of the store.
type CaseStore interface {
	LeaseStore

	// Load reads, strongly consistent and in as few calls as possible. Repeated
	// keys are read once. It returns everything or an error, never a part: what cannot
	// be read is named.
	Load(ctx context.Context, keys Keys) (Loaded, error)

	// SaveCase writes next with a higher Revision than before's, and its links, whole
	// or not at all. before is the case as loaded (the zero Case with its key when it
	// was not stored). A list too long for the store is cut, and Omitted says by how
	// much. It returns ErrStale when the stored revision is not before's; then nothing
	// was written.
	SaveCase(ctx context.Context, before, next Case) error
}

// CaseReader is what the read side needs of the store. Its reads may be a moment
// behind. Positions are sort keys: an empty one starts a list, and an empty next
// ends it; a position outside the list asked for is ErrPosition.
type CaseReader interface {
	// Peek is Load without strong consistency, at half its price, of what people
	// see: what only writing needs is empty.
	Peek(ctx context.Context, keys Keys) (Loaded, error)

	// CasesOfAsset returns up to limit of an asset's cases, newest first event first.
	CasesOfAsset(ctx context.Context, location, asset, after string, limit int) (cases []Case, next string, err error)

	// LinksTo returns up to limit links of a location whose RO number equals ro, which
	// is canonical, or begins with it if prefix is set, ordered by number.
	LinksTo(ctx context.Context, location, ro string, prefix bool, after string, limit int) (links []Link, next string, err error)

	// OpenWarranty returns up to limit links to a location's open warranty ROs, those first
	// that were opened first: on an unknown day before all others, then by number. Links to
	// one RO follow each other on one page, that of a case whose own RO it was made from
	// first. openedBefore, a day such as 2026-11-20, leaves out what was opened on it or
	// later; empty leaves out nothing.
	OpenWarranty(ctx context.Context, location, openedBefore, after string, limit int) (links []Link, next string, err error)
}

// SettingsStore is what the administration needs of the store. Its reads are
// strongly consistent.
type SettingsStore interface {
	// Settings returns a location's settings with Activation filled; NeverSetUp
	// where nothing is stored.
	Settings(ctx context.Context, location string) (Settings, error)

	// SaveSettings writes after, its Activation unless that is unknown, and the
	// Change itself to the history, all or nothing. It returns ErrStale when the
	// stored version is not change.Before.Version.
	SaveSettings(ctx context.Context, change Change) error

	// SaveActivation writes what the DMS said, and nothing else.
	SaveActivation(ctx context.Context, location string, a Activation) error

	// History returns up to limit changes, newest first. Positions as in CaseReader.
	History(ctx context.Context, location, after string, limit int) (changes []Change, next string, err error)
}

// OccasionStore keeps what is done once in a while from being done more often, whoever asks.
type OccasionStore interface {
	// TakeOccasion takes an occasion for id, for a period. holder is id then. Otherwise it is who
	// has the occasion and has not called SettleOccasion, or the error is ErrTooSoon, and wait is how
	// long the occasion is not free.
	TakeOccasion(ctx context.Context, occasion Occasion, id string, now time.Time, period time.Duration) (holder string, wait time.Duration, err error)

	// SettleOccasion says that id has done what it has the occasion for, and when the occasion is free
	// again. It does nothing when id no longer has it.
	SettleOccasion(ctx context.Context, occasion Occasion, id string, freeAt time.Time) error

	// CountAsk counts one more time that a person asked the DMS, or returns ErrTooSoon
	// and how long to wait when that would be more than limit in a minute.
	CountAsk(ctx context.Context, subject string, now time.Time, limit int) (wait time.Duration, err error)
}

// Occasion is one thing at a location that is done once in a while.
type Occasion struct {
	Kind     OccasionKind
	Location string
	Case     string // of RefreshOccasion
}

// String returns what log lines and errors call the occasion.
func (o Occasion) String() string {
	return strings.TrimSpace(string(o.Kind) + " of " + o.Location + " " + o.Case)
}

// OccasionKind says what an occasion is for.
type OccasionKind string

// The kinds.
const (
	RefreshOccasion OccasionKind = "REFRESH" // one of a case per RefreshPeriod
	VerifyOccasion  OccasionKind = "VERIFY"  // one of a location per VerifyPeriod
	EnableOccasion  OccasionKind = "ENABLE"  // one of a location at once
)

// Bus is where notices go: whoever has subscribed there is told.
type Bus interface {
	// Publish puts notices on the bus, in their order, and returns how many of them,
	// from the first on, are there. If that is not all, the error says why; of the
	// others some may be there too, and telling them again is harmless.
	Publish(ctx context.Context, notices []Notice) (int, error)
}
