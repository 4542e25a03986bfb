package soak

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"related-ro/infra/local/platform"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

// The shares of a soak's messages.
const (
	duplicateShare = 0.05 // sent twice
	refusedShare   = 0.02 // not valid events
	closedShare    = 0.01 // for a location whose Karmak account lacks the feature
	unknownShare   = 0.01 // for an RO that is still unknown in Karmak after an hour
	disabledShare  = 0.02 // for a location that is not enabled
	slowShare      = 0.05 // of the cases, for the slow dealer
	eventsOfACase  = 4    // average number of events per case, for all other messages
)

const user = "user-1"

// The locations of a soak. Two share an account.
var (
	working = []place{{"loc-1", "account-1"}, {"loc-2", "account-1"}, {"loc-3", "account-2"}}
	slow    = place{"loc-4", "account-4"} // its account takes slowAnswer for each response
	lacking = place{"loc-8", "account-8"} // its account lacks the feature
	off     = place{"loc-9", "account-1"} // not enabled
)

// place is a location and its Karmak account.
type place struct{ location, account string }

func (p place) settings(status string) platform.Settings {
	return platform.Settings{Status: status, DMS: platform.KarmakFusion, Karmak: platform.Connection{Account: p.account, User: user}}
}

// plan holds the messages of a soak and their expected results.
type plan struct {
	messages []message
	cases    []soakCase          // cases whose final state is checked
	ros      map[string][]string // RO numbers by account
	// never holds messages that can never succeed: dead letter's error code by message body.
	never  map[string]string
	unseen []relatedro.CaseKey        // cases that must not be stored
	failed map[relatedro.CaseKey]bool // cases that must end as failed
}

// message is one message to send; to is the queue's logical ID, group the message group, if any.
type message struct{ to, group, body string }

// soakCase is a case with all its events from the case platform.
type soakCase struct {
	key     relatedro.CaseKey
	account string
	events  []relatedro.Event
}

// newPlan plans n messages, in sending order.
func newPlan(n int, chance *rand.Rand, now time.Time) *plan {
	p := &plan{ros: map[string][]string{}, never: map[string]string{}, failed: map[relatedro.CaseKey]bool{}}
	share := func(of float64) int { return max(1, int(of*float64(n))) }
	p.addRefused(share(refusedShare), chance, now)
	p.addHopeless(share(closedShare), lacking, relatedro.NotActivated, now)
	p.addHopeless(share(unknownShare), working[0], relatedro.RONotFound, now)
	for i := range share(disabledShare) {
		key := relatedro.CaseKey{Location: off.location, Case: fmt.Sprint("off-", i)}
		p.send(relatedro.Event{ID: key.Case, Type: relatedro.Exported, OccurredAt: now, Key: key, RO: "1"})
		p.unseen = append(p.unseen, key)
	}
	duplicates := share(duplicateShare)
	p.addCases(n-duplicates-len(p.messages), chance, now)
	for range duplicates {
		p.messages = append(p.messages, p.messages[chance.IntN(len(p.messages))])
	}
	chance.Shuffle(len(p.messages), func(i, j int) { p.messages[i], p.messages[j] = p.messages[j], p.messages[i] })
	return p
}

// send adds an event's message to the plan and returns its body.
func (p *plan) send(ev relatedro.Event) (body string) {
	body, err := sqsbatch.Encode(ev)
	if err != nil {
		panic(err) // strings and a time always encode
	}
	to := "ExportQueue"
	switch ev.Type {
	case relatedro.Closed, relatedro.Deleted:
		to = "CloseQueue"
	case relatedro.Refresh:
		to = "RefreshQueue"
	}
	p.messages = append(p.messages, message{to, ev.Key.Location, body})
	return body
}

// addRefused plans messages that violate the contract.
func (p *plan) addRefused(n int, chance *rand.Rand, now time.Time) {
	for i := range n {
		ev := relatedro.Event{
			ID: fmt.Sprint("refused-", i), Type: relatedro.Exported, OccurredAt: now, RO: "1",
			Key: relatedro.CaseKey{Location: working[0].location, Case: fmt.Sprint("refused-", i)},
		}
		p.unseen = append(p.unseen, ev.Key)
		var code string
		if chance.IntN(4) == 0 {
			code, ev.OccurredAt = sqsbatch.OccurredInFuture, now.AddDate(1, 0, 0)
		}
		body := p.send(ev)
		if code == "" {
			kind := chance.IntN(3)
			code = []string{sqsbatch.NotJSON, sqsbatch.InvalidField, sqsbatch.UnsupportedVersion}[kind]
			body = []string{
				strings.TrimSuffix(body, "}"),
				strings.Replace(body, `"roNumber":"1"`, `"roNumber":null`, 1),
				strings.Replace(body, `"version":1`, `"version":2`, 1),
			}[kind]
			p.messages[len(p.messages)-1].body = body
		}
		p.never[body] = code
	}
}

// addHopeless plans exports that fail permanently, each for a different case, so that none is
// superseded by another.
func (p *plan) addHopeless(n int, loc place, why relatedro.Reason, now time.Time) {
	for i := range n {
		id := fmt.Sprintf("%s-%d", why, i)
		key := relatedro.CaseKey{Location: loc.location, Case: id}
		ev := relatedro.Event{ID: id, Type: relatedro.Exported, OccurredAt: now.Add(-2 * relatedro.UnknownROGrace), Key: key, RO: "404"}
		p.never[p.send(ev)] = string(why)
		p.failed[key] = true
	}
}

// addCases plans n events of cases. Some cases change their RO, and some are deleted. Timestamps
// repeat on purpose, and are so close together that clock skew could explain their order.
func (p *plan) addCases(n int, chance *rand.Rand, now time.Time) {
	p.cases = make([]soakCase, max(1, n/eventsOfACase))
	own := make([][]string, len(p.cases))
	for i := range p.cases {
		loc := working[i%len(working)]
		if chance.Float64() < slowShare || i == 0 {
			loc = slow
		}
		p.cases[i] = soakCase{key: relatedro.CaseKey{Location: loc.location, Case: fmt.Sprint("case-", i)}, account: loc.account}
		own[i] = []string{fmt.Sprint(100_000 + 2*i), fmt.Sprint(100_001 + 2*i)}
		p.ros[loc.account] = append(p.ros[loc.account], own[i]...)
	}
	for i := range n {
		c := &p.cases[i%len(p.cases)]
		ev := relatedro.Event{
			ID: fmt.Sprint("event-", i), Type: relatedro.Exported, Key: c.key, RO: own[i%len(p.cases)][0],
			OccurredAt: now.Add(-time.Duration(1+chance.IntN(8)) * time.Minute),
		}
		if len(c.events) > 0 { // the first event is an export
			switch k := chance.IntN(20); {
			case k < 7:
				ev.Type, ev.ClosedBy = relatedro.Closed, []relatedro.ClosedBy{relatedro.ClosedByUser, relatedro.ClosedByAuto}[k%2]
			case k < 10:
				ev.Type = relatedro.Refresh
			case k == 10:
				ev.Type, ev.RO = relatedro.Deleted, ""
			}
		}
		if ev.Type == relatedro.Exported || ev.Type == relatedro.Closed {
			if chance.IntN(10) == 0 {
				ev.RO = own[i%len(p.cases)][1]
			}
			if chance.IntN(2) == 0 {
				ev.CaseNumber, ev.Asset = "n-"+c.key.Case, "asset-"+c.key.Case
			}
		}
		c.events = append(c.events, ev)
		p.send(ev)
	}
}
