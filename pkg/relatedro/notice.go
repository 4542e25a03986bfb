package relatedro

import "time"

// NoticeKind is the kind of a notice. Other systems read it: a kind never changes its meaning.
type NoticeKind string

// The kinds of notices.
const (
	NoticeROsChanged NoticeKind = "RelatedROsChanged" // a case's list of related ROs has changed
	// NoticeFailed means that a case's retrieval failed and will not be retried automatically.
	NoticeFailed     NoticeKind = "RetrievalFailed"
	NoticeEnabled    NoticeKind = "LocationEnabled"
	NoticeDisabled   NoticeKind = "LocationDisabled"
	NoticeConnection NoticeKind = "ConnectionChanged" // of a location that stays enabled
)

// Notice is a change to publish to other systems. It holds no account, user or name: readers with
// permission get those through the API.
type Notice struct {
	ID   string    // identifies the change; the same on every repetition
	At   time.Time // when the change was written
	Kind NoticeKind
	Key  CaseKey // Key.Case is empty unless the notice is about a case

	// Revision orders the notices about one case, and those about one location's settings: a
	// greater revision is newer.
	Revision int64

	CaseNumber string  // this and the following fields: case notices only
	RO         string  // the case's own RO
	Trigger    Trigger // of the retrieval that made the change
	Reason     Reason  // NoticeFailed only

	// Gone means that the case is no longer kept. This and the following fields are set only for
	// NoticeROsChanged.
	Gone    bool
	Related []ROView // the whole current list, in the case's order
	Omitted int      // related ROs that did not fit into the list
	Added   []string // RO numbers, as in Removed
	Removed []string
	Changed []ROChange
}

// ROView is a related RO in a notice.
type ROView struct {
	RO string
	ROState
}

// ROState is the part of a related RO whose change makes a notice.
type ROState struct {
	Status   ROStatus
	Warranty bool
	Voided   bool
}

// ROChange is a related RO that stays in the list with a different state.
type ROChange struct {
	RO      string
	Was, Is ROState
}

// CaseNotices returns the notices for a write that changed a case from before to after. A case that
// is not stored stands for none. A write without visible changes makes no notice. The caller fills
// in ID and At.
//
// A notice holds the whole list as well as the changes, so that a subscriber that received only the
// highest revision knows as much as one that received every notice.
func CaseNotices(before, after Case) []Notice {
	notice := Notice{
		Key: after.Key, Revision: after.Revision, CaseNumber: after.Number, RO: after.RO, Trigger: after.Retrieval.Trigger,
	}
	if notice.Gone = before.kept() && !after.kept(); notice.Gone {
		notice.CaseNumber, notice.RO, notice.Revision = before.Number, before.RO, max(after.Revision, before.Revision+1)
		if notice.Trigger = ""; after.Deleted() {
			notice.Trigger = TriggerDelete
		}
	}
	var notices []Notice
	if n := notice.comparing(before.Related, after.Related); n.Gone || n.differs() {
		n.Omitted = after.Omitted
		notices = append(notices, n)
	}
	if after.Retrieval.Outcome == OutcomeFailed && before.Retrieval.Outcome != OutcomeFailed {
		n := notice
		n.Kind, n.Reason = NoticeFailed, after.Retrieval.Reason
		notices = append(notices, n)
	}
	return notices
}

// kept reports whether more of the case is stored than its deletion.
func (c Case) kept() bool { return c.Stored() && !c.Deleted() }

// comparing returns n with the differences between two lists. Two spellings of one number are the
// same RO.
func (n Notice) comparing(before, after []RelatedRO) Notice {
	n.Kind = NoticeROsChanged
	was := make(map[string]ROState, len(before))
	for _, r := range before {
		was[CanonicalRO(r.RO)] = r.state()
	}
	is := make(map[string]bool, len(after))
	for _, r := range after {
		number, state := CanonicalRO(r.RO), r.state()
		is[number] = true
		n.Related = append(n.Related, ROView{r.RO, state})
		if old, ok := was[number]; !ok {
			n.Added = append(n.Added, r.RO)
		} else if old != state {
			n.Changed = append(n.Changed, ROChange{r.RO, old, state})
		}
	}
	for _, r := range before {
		if !is[CanonicalRO(r.RO)] {
			n.Removed = append(n.Removed, r.RO)
		}
	}
	return n
}

func (n Notice) differs() bool { return len(n.Added)+len(n.Removed)+len(n.Changed) > 0 }

func (r RelatedRO) state() ROState {
	return ROState{Status: r.Status, Warranty: r.Warranty, Voided: r.Voided}
}

// SettingsNotices returns the notices for a write that changed a location's settings from before to
// after. A change of connection is reported without the connection itself, and only while the
// location stays enabled, because enabling has a notice of its own. The caller fills in ID and At.
func SettingsNotices(before, after Settings) []Notice {
	n := Notice{Key: CaseKey{Location: after.Location}, Revision: max(after.Version, before.Version+1)}
	switch {
	case after.Enabled() && !before.Enabled():
		n.Kind = NoticeEnabled
	case !after.Enabled() && before.Enabled():
		n.Kind = NoticeDisabled
	case after.Enabled() && after.Connection != before.Connection:
		n.Kind = NoticeConnection
	default:
		return nil
	}
	return []Notice{n}
}
