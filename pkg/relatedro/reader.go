package relatedro

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"
)

// Sizes of what the read side gives out.
const (
	PageSize  = 50  // cases, links or changes on one page
	BatchSize = 100 // cases of one batch
	LinkedROs = 50  // related ROs of one case whose other cases are looked up

	shortestBeginning = 2 // characters of an RO number that can be searched by
)

const (
	lookupsAtOnce = 10  // of one case's linked cases
	linksPerRO    = 100 // read of one RO number when looking for the cases whose own it is
)

// Shown is a case as people may see it now.
type Shown struct {
	Case
	Feature FeatureStatus // of the case's location

	// NotApplicable says that the location's DMS keeps all pay types on one RO: there are no
	// related ROs, which is not to say that none were found.
	NotApplicable bool

	// CheckedAt is when it was last looked whether the DMS has changed anything of the
	// location's cases; zero where that is not done. Only Reader.Case fills it.
	CheckedAt time.Time

	// Linked holds, for the first LinkedROs related ROs, the links of the other cases
	// whose own RO it is, by number. Only Reader.Case fills it.
	Linked map[string][]Link
}

// Match is a case that has the RO number searched for.
type Match struct {
	RO   string
	Own  bool // the number is the case's own RO, not a related one
	Case Shown
}

// Reader turns stored cases into what people see. Safe for concurrent use.
//
// It shows a list of related ROs only while the location still reads what the list was
// fetched over: after a change of account or branch the list is another's, unless it is the
// same dealer's. Nothing of a
// deleted case is shown. A location's settings may be SettingsLife old, except in Case and
// Search.
type Reader struct {
	store  CaseReader
	memory *SettingsMemory
	now    func() time.Time
}

// NewReader returns a Reader that reads the clock from now, which is in the dealers' time
// zone: by its calendar the Reader counts days.
func NewReader(store CaseReader, now func() time.Time) *Reader {
	return &Reader{store: store, memory: NewSettingsMemory(now), now: now}
}

// Case returns one case with its linked cases, or ErrNoCase.
func (r *Reader) Case(ctx context.Context, key CaseKey) (Shown, error) {
	shown, err := r.one(ctx, key, Keys{Checked: true})
	if err != nil {
		return Shown{}, err
	}
	shown.Linked, err = r.linked(ctx, shown)
	return shown, err
}

// one reads one case with its location's settings, and what else the keys ask for.
func (r *Reader) one(ctx context.Context, key CaseKey, keys Keys) (Shown, error) {
	keys.Locations, keys.Cases = []string{key.Location}, []CaseKey{key}
	loaded, err := r.peek(ctx, keys)
	if err != nil {
		return Shown{}, err
	}
	if err := loaded.readable(key); err != nil {
		return Shown{}, err
	}
	c, ok := loaded.Cases[key]
	if !ok {
		return Shown{}, ErrNoCase
	}
	return show(c, loaded.Settings[key.Location]), nil
}

// Past returns what a case remembers of its retrievals, newest first, or ErrNoCase. Like the
// list, it is shown only while the location still reads what it was fetched over.
func (r *Reader) Past(ctx context.Context, key CaseKey) ([]PastRetrieval, error) {
	shown, err := r.one(ctx, key, Keys{Past: true})
	slices.Reverse(shown.Past)
	return shown.Past, err
}

// linked looks up the cases whose own RO is a related one of c. An index entry that
// a crash left behind is not told apart here: that would cost another read for each.
func (r *Reader) linked(ctx context.Context, c Shown) (map[string][]Link, error) {
	first := c.Related[:min(len(c.Related), LinkedROs)]
	var ros []string
	for _, related := range first {
		if CheckRO("", related.RO) == nil { // others have no links
			ros = append(ros, CanonicalRO(related.RO))
		}
	}
	slices.Sort(ros)
	ros = slices.Compact(ros)

	type lookup struct {
		ro    string
		links []Link
		err   error
	}
	lookups := make([]*lookup, len(ros))
	for i, ro := range ros {
		lookups[i] = &lookup{ro: ro}
	}
	inParallel(lookups, lookupsAtOnce, func(l *lookup) {
		l.links, _, l.err = r.store.LinksTo(ctx, c.Key.Location, l.ro, false, "", linksPerRO)
	})
	byCanonical := make(map[string][]Link)
	for _, l := range lookups {
		if l.err != nil {
			return nil, l.err
		}
		byCanonical[l.ro] = slices.DeleteFunc(l.links, func(link Link) bool { return !link.Own || link.Key == c.Key })
	}
	byRO := make(map[string][]Link)
	for _, related := range first {
		byRO[related.RO] = byCanonical[CanonicalRO(related.RO)]
	}
	return byRO, nil
}

// CasesOfAsset returns a page of an asset's cases, newest first. An empty after
// starts the list and an empty next ends it; ErrPosition as CaseReader has it. singleRO is
// Settings.SingleRO of the location.
func (r *Reader) CasesOfAsset(ctx context.Context, location, asset, after string) (cases []Shown, singleRO bool, next string, err error) {
	stored, next, err := r.store.CasesOfAsset(ctx, location, asset, after, PageSize)
	if err != nil {
		return nil, false, "", err
	}
	of := stored
	if len(of) == 0 { // an empty list says nothing of why
		of = []Case{{Key: CaseKey{Location: location}}}
	}
	settings := make(map[string]Settings)
	if err := r.settle(ctx, settings, slices.Values(of)); err != nil {
		return nil, false, "", err
	}
	s, ok := settings[location]
	if len(stored) > 0 && !ok {
		return nil, false, "", ErrUnreadable
	}
	for _, c := range stored {
		cases = append(cases, show(c, s))
	}
	return cases, s.SingleRO, next, nil
}

// Cases returns those of the cases that are stored and that the actor may see, and which of
// their locations have Settings.SingleRO. Keys may repeat.
func (r *Reader) Cases(ctx context.Context, actor Actor, keys []CaseKey) (found map[CaseKey]Shown, singleRO map[string]bool, err error) {
	var ask Keys
	for _, key := range keys {
		if !actor.Sees(key.Location) {
			continue
		}
		ask.Cases = append(ask.Cases, key)
		if _, ok := r.memory.Get(key.Location); !ok {
			ask.Locations = append(ask.Locations, key.Location)
		}
	}
	if len(ask.Cases) == 0 {
		return nil, nil, nil
	}
	loaded, err := r.peek(ctx, ask)
	if err != nil {
		return nil, nil, err
	}
	if err := r.settle(ctx, loaded.Settings, maps.Values(loaded.Cases)); err != nil {
		return nil, nil, err
	}
	found, singleRO = make(map[CaseKey]Shown, len(loaded.Cases)), make(map[string]bool)
	for location, s := range loaded.Settings {
		singleRO[location] = s.SingleRO
	}
	for key, c := range loaded.Cases {
		if s, ok := loaded.Settings[key.Location]; ok { // or they cannot be read
			found[key] = show(c, s)
		}
	}
	return found, singleRO, nil
}

// Search returns a page of a location's cases that have an RO number, or one that
// begins with ro if prefix is set, ordered by number. Any spelling of a number finds
// it. A page may be empty although others follow: links that their case does not bear
// out are left out. Positions as in CasesOfAsset. ro has passed CheckSearch.
func (r *Reader) Search(ctx context.Context, location, ro string, prefix bool, after string) (matches []Match, next string, err error) {
	links, next, err := r.store.LinksTo(ctx, location, CanonicalRO(ro), prefix, after, PageSize)
	if err != nil || len(links) == 0 {
		return nil, next, err
	}
	keys := Keys{Locations: []string{location}}
	for _, link := range links {
		keys.Cases = append(keys.Cases, link.Key)
	}
	loaded, err := r.peek(ctx, keys)
	if err != nil {
		return nil, "", err
	}
	if err := loaded.readable(CaseKey{Location: location}); err != nil {
		return nil, "", err
	}
	for _, link := range links {
		c, ok := loaded.Cases[link.Key]
		if !ok {
			continue
		}
		shown := show(c, loaded.Settings[location])
		if ro, own, ok := shown.has(link.RO); ok {
			matches = append(matches, Match{RO: ro, Own: own, Case: shown})
		}
	}
	return matches, next, nil
}

// CheckSearch returns a *FieldError unless ro can be searched for: whole, or as the
// beginning of numbers, then of at least two characters in its canonical form. Leading
// zeros of a beginning of digits are padding, as they are of a number: "0501" finds what
// "501" finds. So a number that keeps its zeros, say 05-1, is not found by "05" but by
// "05-".
func CheckSearch(field, ro string, prefix bool) error {
	if prefix && len(CanonicalRO(ro)) < shortestBeginning {
		return &FieldError{field, "must have at least 2 characters, leading zeros of a number not counted, to search by beginning"}
	}
	return CheckRO(field, ro)
}

// has reports whether the case as shown has the canonical number, how it is written
// there, and whether it is the case's own.
func (c Shown) has(canonical string) (ro string, own, ok bool) {
	if CanonicalRO(c.RO) == canonical {
		return c.RO, true, true
	}
	for _, related := range c.Related {
		if CanonicalRO(related.RO) == canonical {
			return related.RO, false, true
		}
	}
	return "", false, false
}

// peek reads and remembers the settings among what it read.
func (r *Reader) peek(ctx context.Context, keys Keys) (Loaded, error) {
	loaded, err := r.store.Peek(ctx, keys)
	if err != nil {
		return Loaded{}, err
	}
	for _, s := range loaded.Settings {
		r.memory.Put(s)
	}
	maps.DeleteFunc(loaded.Cases, func(_ CaseKey, c Case) bool { return c.Deleted() })
	return loaded, nil
}

// settle adds to known the settings of the cases' locations that it lacks.
// Remembered ones do only while they own every list at hand: one of them that does
// not may have been fetched over a newer connection.
func (r *Reader) settle(ctx context.Context, known map[string]Settings, cases iter.Seq[Case]) error {
	remembered := make(map[string]Settings)
	var ask []string
	for c := range cases {
		location := c.Key.Location
		if _, ok := known[location]; ok {
			continue
		}
		s, ok := r.memory.Get(location)
		if ok && !s.disowns(c) {
			remembered[location] = s
		} else {
			ask = append(ask, location)
		}
	}
	for location, s := range remembered {
		known[location] = s
	}
	if len(ask) == 0 {
		return nil
	}
	loaded, err := r.peek(ctx, Keys{Locations: ask})
	if err != nil {
		return err
	}
	for location, s := range loaded.Settings {
		known[location] = s
	}
	return nil
}

// disowns reports whether the case's list is another account's or branch's than the
// location's.
func (s Settings) disowns(c Case) bool {
	return !c.Retrieval.RetrievedAt.IsZero() && !s.Reads(c.FetchedOver)
}

// show returns the case as people may see it under the settings.
func show(c Case, s Settings) Shown {
	switch {
	case s.SingleRO:
		c = c.withNothing(NotApplicable)
	case s.disowns(c):
		c = c.withNothing(ConnectionChanged)
	}
	if !s.Expecting {
		c.Expected = nil // at once, not with the next retrieval
	}
	shown := Shown{Case: c, Feature: s.Status, NotApplicable: s.SingleRO}
	if s.Enabled() {
		shown.CheckedAt = s.CheckedAt
	}
	return shown
}

// withNothing returns c without what was fetched of it, and with why.
func (c Case) withNothing(why Reason) Case {
	c.Related, c.Expected, c.Omitted, c.FetchedOver, c.Past = nil, nil, 0, Connection{}, nil
	c.Retrieval = Retrieval{
		Outcome: OutcomeFailed, Trigger: c.Retrieval.Trigger, EventID: c.Retrieval.EventID, Reason: why, Message: why.Sentence(),
	}
	return c
}
