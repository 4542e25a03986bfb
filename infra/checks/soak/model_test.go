package soak

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"time"

	"related-ro/infra/local/platform"
	"related-ro/pkg/relatedro"
)

// shown is a case in the API, limited to the fields that the model checks.
type shown struct {
	Found      bool      `json:"found"`
	LocationID string    `json:"locationId"`
	CaseID     string    `json:"caseId"`
	CaseNumber string    `json:"caseNumber"`
	AssetID    string    `json:"assetId"`
	RONumber   string    `json:"roNumber"`
	CaseStatus string    `json:"caseStatus"`
	ClosedBy   string    `json:"closedBy"`
	RelatedROs []shownRO `json:"relatedRos"`
	Retrieval  struct {
		Outcome     string    `json:"outcome"`
		Trigger     string    `json:"trigger"`
		EventID     string    `json:"eventId"`
		RetrievedAt time.Time `json:"retrievedAt"`
		Reason      string    `json:"reason"`
	} `json:"retrieval"`
}

type shownRO struct {
	RONumber string `json:"roNumber"`
	Relation string `json:"relation"`
	Status   string `json:"status"`
	Warranty bool   `json:"warranty"`
	Voided   bool   `json:"voided"`
}

// list returns the related ROs as the case's events have them.
func (s shown) list() (list []platform.NoticeRO) {
	for _, ro := range s.RelatedROs {
		billTo := "customer"
		if ro.Warranty {
			billTo = "warranty"
		}
		list = append(list, platform.NoticeRO{RONumber: ro.RONumber, Status: ro.Status, BillTo: billTo, Voided: ro.Voided})
	}
	return list
}

// newest returns the event that determines the case's state: the latest by time, where a close
// counts as 5 minutes later than its timestamp and a deletion as 10. At equal times a deletion wins
// over a close, and a close over an export; otherwise the greater ID wins. It does not use the
// product's code for this.
func (c soakCase) newest() (best relatedro.Event) {
	weight := map[relatedro.EventType]int{relatedro.Closed: 1, relatedro.Deleted: 2}
	counts := func(ev relatedro.Event) time.Time {
		return ev.OccurredAt.Add(time.Duration(5*weight[ev.Type]) * time.Minute)
	}
	for _, ev := range c.events {
		if ev.Type == relatedro.Refresh {
			continue
		}
		order := cmp.Or(counts(ev).Compare(counts(best)), cmp.Compare(weight[ev.Type], weight[best.Type]), strings.Compare(ev.ID, best.ID))
		if best.ID == "" || order > 0 {
			best = ev
		}
	}
	return best
}

// check returns the errors in the case as shown; none if it is correct.
func (c soakCase) check(s shown, known *families) (wrong []string) {
	differ := func(field string, got, want any) {
		if got != want {
			wrong = append(wrong, fmt.Sprintf("%s is %v, not %v", field, got, want))
		}
	}
	newest := c.newest()
	if newest.Type == relatedro.Deleted {
		differ("found", s.Found, false)
		return wrong
	}
	status := "exported"
	if newest.Type == relatedro.Closed {
		status = "closed"
	}
	number, asset := "", ""
	anew := false
	for _, ev := range c.events { // all events of a case agree or leave it empty
		number, asset = cmp.Or(number, ev.CaseNumber), cmp.Or(asset, ev.Asset)
		anew = anew || ev.Type == relatedro.Deleted
	}
	filled := func(field, got, want string) {
		if got != "" || !anew { // values from before a deletion may be lost
			differ(field, got, want)
		}
	}
	differ("found", s.Found, true)
	differ("roNumber", s.RONumber, newest.RO)
	differ("caseStatus", s.CaseStatus, status)
	differ("closedBy", s.ClosedBy, string(newest.ClosedBy))
	filled("caseNumber", s.CaseNumber, number)
	filled("assetId", s.AssetID, asset)
	differ("outcome", strings.TrimSpace(s.Retrieval.Outcome+" "+s.Retrieval.Reason), "ok")
	if s.Retrieval.EventID != newest.ID && s.Retrieval.Trigger != "refresh" {
		wrong = append(wrong, fmt.Sprintf("retrieved for %s, which is neither the newest event, %s, nor a refresh", s.Retrieval.EventID,
			newest.ID))
	}
	return append(wrong, known.check(c.account, newest.RO, s)...)
}

// families records the ROs created in Karmak and their times. Safe for concurrent use.
type families struct {
	mu   sync.Mutex
	made map[familyKey][]spinoff
}

// familyKey is the RO that a family started with.
type familyKey struct{ account, ro string }

type spinoff struct {
	number, from string
	at           time.Time // it existed at this time
}

// add records that number was created from an RO of the family, at the latest at the given time.
func (f *families) add(account, ro, from, number string, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := familyKey{account, ro}
	f.made[key] = append(f.made[key], spinoff{number, from, at})
}

// check compares a case's list with the family of its RO: ROs that existed when the case was
// fetched must be listed; later ROs may be.
func (f *families) check(account, ro string, s shown) (wrong []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	listed := map[string]string{}
	for _, r := range s.RelatedROs {
		if listed[r.RONumber] != "" {
			wrong = append(wrong, r.RONumber+" is listed twice")
		}
		listed[r.RONumber] = r.Relation
	}
	for _, made := range f.made[familyKey{account, ro}] {
		relation := "descendant"
		if made.from == ro {
			relation = "alternate"
		}
		got, found := listed[made.number]
		delete(listed, made.number)
		switch {
		case found && got != relation:
			wrong = append(wrong, fmt.Sprintf("%s is listed as %s, not %s", made.number, got, relation))
		case !found && !made.at.After(s.Retrieval.RetrievedAt):
			wrong = append(wrong, made.number+" is missing, made "+s.Retrieval.RetrievedAt.Sub(made.at).String()+" before the retrieval")
		}
	}
	for number := range listed {
		wrong = append(wrong, number+" is listed but not related")
	}
	return wrong
}
