package relatedro

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"time"
)

// Sizes of the read side's results.
const (
	PageSize  = 50  // cases, links or changes per page
	BatchSize = 100 // cases per batch
	LinkedROs = 50  // related ROs of a case for which linked cases are looked up

	shortestBeginning = 2 // canonical characters of an RO number needed to search by prefix
)

const (
	lookupsAtOnce = 10  // parallel look-ups of linked cases
	linksPerRO    = 100 // links read per RO number to find the cases whose own RO it is
)

// Shown is a case as people may see it now.
type Shown struct {
	Case
	Feature FeatureStatus // of the case's location

	// NotApplicable means that the location's DMS keeps all pay types on one RO, so that related
	// ROs do not exist. It does not mean that a retrieval found none.
	NotApplicable bool

	// CheckedAt is when the location's cases were last checked for changes in the DMS; zero if they
	// are not checked. Only Reader.Case fills it in.
	CheckedAt time.Time

	// Linked maps each of the first LinkedROs related ROs to the links of the other cases whose own
	// RO it is. Only Reader.Case fills it in.
	Linked map[string][]Link
}

// Match is a case that has the searched RO number.
type Match struct {
	RO   string
	Own  bool // the number is the case's own RO, not a related one
	Case Shown
}

// Reader turns stored cases into the view that people see. It is safe for concurrent use.
//
// It shows a list of related ROs only while the location still reads the account and branch that
// the list was fetched from. After a change of account or branch the list belongs to someone else,
// unless both accounts are the same dealer's. It shows nothing of a deleted case. A location's
// settings may be up to SettingsLife old, except in Case and Search.
type Reader struct {
	store  CaseReader
	memory *SettingsMemory
	now    func() time.Time
}

// NewReader returns a Reader that reads the clock from now. The Reader counts days in the time zone
// of that clock, which must be the dealers'.
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

// one reads one case and its location's settings, with the options of keys.
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

// Past returns a case's retrieval history, newest first, or ErrNoCase. Like the list, the history
// is shown only while the location still reads the account and branch that it was fetched from.
func (r *Reader) Past(ctx context.Context, key CaseKey) ([]PastRetrieval, error) {
	shown, err := r.one(ctx, key, Keys{Past: true})
	slices.Reverse(shown.Past)
	return shown.Past, err
}

// linked looks up the cases whose own RO is a related RO of c. It does not detect index entries
// left behind by a crash, which would cost another read for each.
func (r *Reader) linked(ctx context.Context, c Shown) (map[string][]Link, error) {
	first := c.Related[:min(len(c.Related), LinkedROs)]
	var ros []string
	for _, related := range first {
		if CheckRO("", related.RO) == nil { // other numbers have no links
			ros = append(ros, CanonicalRO(related.RO))
		}
	}
	slices.Sort(ros)
	ros = slices.Compact(ros)

	found, err := lookUp(ros, lookupsAtOnce, func(ro string) ([]Link, error) {
		links, _, err := r.store.LinksTo(ctx, c.Key.Location, ro, false, "", linksPerRO)
		return links, err
	})
	if err != nil {
		return nil, err
	}
	byCanonical := make(map[string][]Link)
	for i, ro := range ros {
		byCanonical[ro] = slices.DeleteFunc(found[i], func(link Link) bool { return !link.Own || link.Key == c.Key })
	}
	byRO := make(map[string][]Link)
	for _, related := range first {
		byRO[related.RO] = byCanonical[CanonicalRO(related.RO)]
	}
	return byRO, nil
}

// lookUp returns the value of each key, with at most atOnce calls of get in parallel, or the errors.
func lookUp[K, V any](keys []K, atOnce int, get func(K) (V, error)) ([]V, error) {
	indexes, values, errs := make([]int, len(keys)), make([]V, len(keys)), make([]error, len(keys))
	for i := range indexes {
		indexes[i] = i
	}
	inParallel(indexes, atOnce, func(i int) { values[i], errs[i] = get(keys[i]) })
	return values, errors.Join(errs...)
}

// CasesOfAsset returns a page of an asset's cases, newest first. An empty after starts the list and
// an empty next ends it; for another position it returns ErrPosition like CaseReader. singleRO is
// the location's Settings.SingleRO.
func (r *Reader) CasesOfAsset(ctx context.Context, location, asset, after string) (cases []Shown, singleRO bool, next string, err error) {
	stored, next, err := r.store.CasesOfAsset(ctx, location, asset, after, PageSize)
	if err != nil {
		return nil, false, "", err
	}
	needing := stored
	if len(needing) == 0 { // an empty list needs the settings to explain itself
		needing = []Case{{Key: CaseKey{Location: location}}}
	}
	settings := make(map[string]Settings)
	if err := r.addSettings(ctx, settings, slices.Values(needing)); err != nil {
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

// Cases returns the stored cases among keys that the actor may see, and Settings.SingleRO by
// location. Keys may repeat.
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
	if err := r.addSettings(ctx, loaded.Settings, maps.Values(loaded.Cases)); err != nil {
		return nil, nil, err
	}
	found, singleRO = make(map[CaseKey]Shown, len(loaded.Cases)), make(map[string]bool)
	for location, s := range loaded.Settings {
		singleRO[location] = s.SingleRO
	}
	for key, c := range loaded.Cases {
		if s, ok := loaded.Settings[key.Location]; ok { // absent if unreadable
			found[key] = show(c, s)
		}
	}
	return found, singleRO, nil
}

// Search returns a page of a location's cases that have the RO number ro, or one that begins with
// ro if prefix is set, ordered by number. It matches every spelling of a number. It drops links
// that their case does not confirm, so a page may be empty although more follow. Positions are
// those of CasesOfAsset. ro must have passed CheckSearch.
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

// CheckSearch returns nil if ro is searchable: a whole number, or a prefix with at
// least two characters in canonical form. Leading zeros of an all-digit prefix are padding, as in a
// whole number: "0501" finds the same ROs as "501". A number that keeps its zeros, such as 05-1, is
// therefore found by "05-" but not by "05".
func CheckSearch(field, ro string, prefix bool) *FieldError {
	if prefix && len(CanonicalRO(ro)) < shortestBeginning {
		return &FieldError{field, "must have at least 2 characters, leading zeros of a number not counted, to search by beginning"}
	}
	return CheckRO(field, ro)
}

// has reports whether the case, as shown, has the canonical number, and returns the number's
// spelling there and whether it is the case's own RO.
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

// peek reads, and remembers the settings that it read.
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

// addSettings adds the missing settings of the cases' locations to known. Remembered settings serve
// only if they own every list at hand: a list that they disown may have been fetched over a newer
// connection.
func (r *Reader) addSettings(ctx context.Context, known map[string]Settings, cases iter.Seq[Case]) error {
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

// disowns reports whether the case's list was fetched over an account or branch that the location
// does not read.
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
		c.Expected = nil // takes effect at once, not at the next retrieval
	}
	shown := Shown{Case: c, Feature: s.Status, NotApplicable: s.SingleRO}
	if s.Enabled() {
		shown.CheckedAt = s.CheckedAt
	}
	return shown
}

// withNothing returns c without its fetched data, failed for the reason why.
func (c Case) withNothing(why Reason) Case {
	c.Related, c.Expected, c.Omitted, c.FetchedOver, c.Past = nil, nil, 0, Connection{}, nil
	c.Retrieval = Retrieval{
		Outcome: OutcomeFailed, Trigger: c.Retrieval.Trigger, EventID: c.Retrieval.EventID, Reason: why, Message: why.Sentence(),
	}
	return c
}
