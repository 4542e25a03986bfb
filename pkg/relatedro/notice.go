package relatedro

import "time"

// NoticeKind is what a notice tells. Other systems read it: a kind never changes its
// meaning.
type NoticeKind string

// The kinds of notices.
const (
	NoticeROsChanged NoticeKind = "RelatedROsChanged" // a case's list of related ROs says something else
	NoticeFailed     NoticeKind = "RetrievalFailed"   // a case's retrieval failed, and will not be tried again by itself
	NoticeEnabled    NoticeKind = "LocationEnabled"
	NoticeDisabled   NoticeKind = "LocationDisabled"
	NoticeConnection NoticeKind = "ConnectionChanged" // an enabled location now reads its ROs elsewhere
)

// Notice is one change that others are told of. It holds no account, user or name: what
// it does not say, whoever may know it reads through the API.
type Notice struct {
	ID   string    // names the change: the same whenever it is told again
	At   time.Time // when the change was written
	Kind NoticeKind
	Key  CaseKey // Key.Case is empty unless the notice is about a case

	// Revision orders the notices about one case, and those about one location's
	// settings: the greater is the newer.
	Revision int64

	CaseNumber string  // of notices about a case, as are the following
	RO         string  // the case's own RO
	Trigger    Trigger // of the retrieval that the change comes from
	Reason     Reason  // of NoticeFailed

	Gone    bool     // the case is not kept any more; of NoticeROsChanged, as are the following
	Related []ROView // the whole list as it is now, ordered as the case's
	Omitted int      // related ROs that the list has no room for
	Added   []string // RO numbers
	Removed []string
	Changed []ROChange
}

// ROView is what a notice tells of a related RO.
type ROView struct {
	RO string
	ROState
}

// ROState is what of a related RO is worth a notice when it changes.
type ROState struct {
	Status   ROStatus
	Warranty bool
	Voided   bool
}

// ROChange is a related RO that stays in the list and says something else.
type ROChange struct {
	RO      string
	Was, Is ROState
}

// CaseNotices returns what others must be told of a write that found a case as before
// and left it as after; a case that is not stored stands for none. A write that changes
// nothing that they can see makes no notice. ID and At are the caller's to fill.
//
// A list is told whole beside what changed in it, so that whoever was told only of the
// highest revision knows as much as whoever was told of all.
func CaseNotices(before, after Case) []Notice {
	about := Notice{
		Key: after.Key, Revision: after.Revision, CaseNumber: after.Number, RO: after.RO, Trigger: after.Retrieval.Trigger,
	}
	if about.Gone = before.kept() && !after.kept(); about.Gone {
		about.CaseNumber, about.RO, about.Revision = before.Number, before.RO, max(after.Revision, before.Revision+1)
		if about.Trigger = ""; after.Deleted() {
			about.Trigger = TriggerDelete
		}
	}
	var notices []Notice
	if n := about.comparing(before.Related, after.Related); n.Gone || n.differs() {
		n.Omitted = after.Omitted
		notices = append(notices, n)
	}
	if after.Retrieval.Outcome == OutcomeFailed && before.Retrieval.Outcome != OutcomeFailed {
		n := about
		n.Kind, n.Reason = NoticeFailed, after.Retrieval.Reason
		notices = append(notices, n)
	}
	return notices
}

// kept reports whether more is stored of the case than its deletion.
func (c Case) kept() bool { return c.Stored() && !c.Deleted() }

// comparing returns n telling how a list changed. One number in two spellings is one RO.
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

// SettingsNotices returns what others must be told of a write that found a location's
// settings as before and left them as after. Of where a location reads its ROs they are
// told only that it changed, and only while it is enabled: enabling is told anyway. ID
// and At are the caller's to fill.
func SettingsNotices(before, after Settings) []Notice {
	n := Notice{Key: CaseKey{Location: after.Location}, Revision: max(after.Version, before.Version+1)}
	switch {
	case after.Enabled() && !before.Enabled():
		n.Kind = NoticeEnabled
	case !after.Enabled() && before.Enabled():
		n.Kind = NoticeDisabled
	case after.Enabled() && after.Over != before.Over:
		n.Kind = NoticeConnection
	default:
		return nil
	}
	return []Notice{n}
}
