// Package demo shows the product's main scenarios once, against a running system and only over its
// wire protocols. It prints the system's own answers.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"related-ro/infra/local/platform"
	"related-ro/infra/local/seed"
)

// patience limits each scenario.
const patience = 30 * time.Second

// Run runs the scenarios in order and prints them to out. It returns an error at the first answer
// that differs from the expected one.
func Run(ctx context.Context, p *platform.Platform, data seed.Data, out io.Writer) error {
	inbox, err := p.Subscribe(ctx, "demo-inbox", data.LocationIDs(), nil)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	listening, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { inbox.Run(listening) })
	defer running.Wait()
	defer stop()
	t := &teller{platform: p, out: out, inbox: inbox}
	var found, foundToo bool
	t.fetched, found = data.Case("case-1001")
	t.notFetched, foundToo = data.Case("case-3001")
	if !found || !foundToo {
		return errors.New("demo: the seed data lack case-1001 or case-3001")
	}
	t.karmak = data.Connection(t.fetched.LocationID)
	for _, chapter := range []func(context.Context) error{t.export, t.spinoff, t.follow, t.move, t.close, t.warranty, t.disabled,
		t.events} {
		bounded, cancel := context.WithTimeout(ctx, patience)
		err := chapter(bounded)
		cancel()
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	return nil
}

type teller struct {
	platform *platform.Platform
	out      io.Writer
	inbox    *platform.Inbox

	fetched    seed.Case           // at an enabled location
	karmak     platform.Connection // of that location
	notFetched seed.Case           // at a disabled location
}

func (t *teller) say(format string, arguments ...any) { fmt.Fprintf(t.out, format+"\n", arguments...) }

// export: a case of an enabled location is exported, and its family appears, three levels deep.
func (t *teller) export(ctx context.Context) error {
	c := t.fetched
	id, err := t.platform.Export(ctx, c.Case)
	if err != nil {
		return err
	}
	t.say("\n1. Case %s of %s (unit %s) is exported with RO %s. Event %s is on the queue.",
		c.CaseNumber, c.Customer, c.Unit, c.RONumber, id)
	return t.expect(ctx, c, id, "exported", "50124 alternate", "50125 alternate", "50126 descendant")
}

// spinoff: the shop creates another alternate RO in Karmak.
func (t *teller) spinoff(ctx context.Context) error {
	c := t.fetched
	ro := map[string]any{
		"number": "50127", "billingCustomerNumber": "9022", "billingCustomerName": "Bendix Warranty", "billingCustomerWarranty": true,
	}
	body := map[string]any{"account": t.karmak.Account, "from": c.RONumber, "branch": t.karmak.Branch, "ro": ro}
	before, err := t.platform.RelatedROs(ctx, c.LocationID, c.CaseID)
	if err != nil {
		return err
	}
	var made struct{ Number, Original, BillingCustomerName string }
	if err := t.platform.Control(ctx, http.MethodPost, "spinoff", body, &made); err != nil {
		return err
	}
	after, err := t.platform.RelatedROs(ctx, c.LocationID, c.CaseID)
	if err != nil {
		return err
	}
	t.say("\n2. In Karmak, RO %s is split off RO %s for %s. The case had %d related ROs and has %d: no retrieval has run since.",
		made.Number, made.Original, made.BillingCustomerName, len(before.RelatedROs), len(after.RelatedROs))
	if len(after.RelatedROs) != len(before.RelatedROs) {
		return fmt.Errorf("case %s has other related ROs than were fetched", c.CaseID)
	}
	return nil
}

// follow: the next scheduled run finds the new RO, which no event announced.
func (t *teller) follow(ctx context.Context) error {
	c := t.fetched
	answer, err := t.afterFollow(ctx)
	if err != nil {
		return err
	}
	t.say("\n3. The schedule starts follow, which asks each Karmak account once for its changes. The case now has %d related ROs; "+
		"the retrieval's trigger is %s.",
		len(answer.RelatedROs), answer.Retrieval.Trigger)
	if answer.Retrieval.Trigger != "follow" || len(answer.RelatedROs) != 4 {
		return fmt.Errorf("case %s does not show what follow should have found", c.CaseID)
	}
	return nil
}

// afterFollow runs follow and the refreshes that it queues, and returns the case's related ROs.
func (t *teller) afterFollow(ctx context.Context) (platform.Answer, error) {
	if err := t.platform.Follow(ctx); err != nil {
		return platform.Answer{}, err
	}
	if err := t.platform.AwaitEmpty(ctx); err != nil {
		return platform.Answer{}, err
	}
	return t.platform.RelatedROs(ctx, t.fetched.LocationID, t.fetched.CaseID)
}

// move: Karmak moves the dealer to its newer interface. The case keeps its list, and later changes
// come over the newer interface.
func (t *teller) move(ctx context.Context) error {
	c := t.fetched
	before, err := t.platform.RelatedROs(ctx, c.LocationID, c.CaseID)
	if err != nil {
		return err
	}
	var moved struct{ AccountNumber string }
	body := map[string]any{"id": t.karmak.Account, "set": map[string]any{"face": "rda"}}
	if err := t.platform.Control(ctx, http.MethodPatch, "account", body, &moved); err != nil {
		return err
	}
	err = t.platform.SaveSettings(ctx, c.LocationID, platform.Settings{
		Status: "ENABLED", DMS: platform.KarmakFusion, SameDealer: true,
		Karmak: platform.Connection{Kind: "rda", AccountNumber: moved.AccountNumber, Branch: t.karmak.Branch},
	})
	if err != nil {
		return err
	}
	after, err := t.platform.RelatedROs(ctx, c.LocationID, c.CaseID)
	if err != nil {
		return err
	}
	t.say("\n4. Karmak moves the dealer to its newer interface, where it is account number %s, "+
		"and our support saves that. Unity refuses the", moved.AccountNumber)
	t.say("   account from now on. The case goes on showing its %d related ROs, fetched at %s.", len(after.RelatedROs),
		after.Retrieval.RetrievedAt)
	if len(after.RelatedROs) != len(before.RelatedROs) || after.Retrieval.RetrievedAt != before.Retrieval.RetrievedAt {
		return fmt.Errorf("case %s does not show the list of before the move", c.CaseID)
	}
	if after, err = t.afterFollow(ctx); err != nil {
		return err
	}
	t.say("   The next run of follow has it fetched by the newer interface: %d related ROs, retrieval %s.", len(after.RelatedROs),
		after.Retrieval.Outcome)
	if len(after.RelatedROs) != len(before.RelatedROs) || after.Retrieval.Outcome != "ok" ||
		after.Retrieval.RetrievedAt == before.Retrieval.RetrievedAt {
		return fmt.Errorf("case %s was not fetched by the newer interface", c.CaseID)
	}
	return nil
}

// close: closing the case fetches anew, open ROs included.
func (t *teller) close(ctx context.Context) error {
	c := t.fetched
	id, err := t.platform.Close(ctx, c.Case, "auto")
	if err != nil {
		return err
	}
	t.say("\n5. The case is closed by auto-close. Event %s is on the queue.", id)
	return t.expect(ctx, c, id, "closed", "50124 alternate", "50125 alternate", "50126 descendant", "50127 alternate")
}

// warranty: the closed case still has open warranty ROs, and the location's list shows them.
func (t *teller) warranty(ctx context.Context) error {
	c := t.fetched
	open, err := t.platform.OpenWarranty(ctx, c.LocationID)
	if err != nil {
		return err
	}
	t.say("\n6. %d warranty ROs of %s are neither invoiced nor voided, oldest first:", len(open), c.LocationID)
	for _, ro := range open {
		t.say("     %-7s %3d days  %9s  %s, of %s", ro.RONumber, ro.AgeDays, ro.TotalCharges, ro.BillTo, ro.Case.CaseID)
	}
	listed := func(ro platform.OpenWarrantyRO) bool {
		return ro.RONumber == "50124" && ro.Case.CaseID == c.CaseID && ro.TotalCharges == "1284.50"
	}
	if !slices.ContainsFunc(open, listed) {
		return fmt.Errorf("the open warranty ROs of %s lack RO 50124 of case %s", c.LocationID, c.CaseID)
	}
	return nil
}

// disabled: an export at a location that is not enabled fetches nothing.
func (t *teller) disabled(ctx context.Context) error {
	c := t.notFetched
	before, err := t.requests(ctx, c.RONumber)
	if err != nil {
		return err
	}
	if _, err := t.platform.Export(ctx, c.Case); err != nil {
		return err
	}
	if err := t.platform.AwaitEmpty(ctx); err != nil {
		return err
	}
	after, err := t.requests(ctx, c.RONumber)
	if err != nil {
		return err
	}
	answer, err := t.platform.RelatedROs(ctx, c.LocationID, c.CaseID)
	if err != nil {
		return err
	}
	t.say("\n7. Case %s is exported at %s, where the feature is disabled. The queue is empty again;", c.CaseNumber, c.LocationID)
	t.say("   Karmak was asked about its RO %d times before and %d times after, and the API answers %d %s.", before, after, answer.Status,
		answer.Type)
	if before != after {
		return fmt.Errorf("a disabled location made %d requests to Karmak", after-before)
	}
	if answer.Status != http.StatusNotFound || !strings.HasSuffix(answer.Type, "case-not-retrieved") {
		return fmt.Errorf("the API answers %d %s for a case never retrieved", answer.Status, answer.Type)
	}
	return nil
}

// events: the platform received each change as an event, without a request.
func (t *teller) events(ctx context.Context) error {
	c := t.fetched
	knows := func() bool {
		return slices.ContainsFunc(t.inbox.RelatedROs(c.Case), func(ro platform.NoticeRO) bool { return ro.RONumber == "50127" })
	}
	if err := t.inbox.Await(ctx, knows); err != nil {
		return err
	}
	t.say("\n8. The platform asked for none of this. The events that it got of case %s:", c.CaseNumber)
	var added []string
	for _, n := range t.inbox.Known().Notices {
		if n.Detail.CaseID == c.CaseID {
			t.say("     %s", n.Text())
			added = append(added, n.Detail.Added...)
		}
	}
	slices.Sort(added)
	if want := []string{"50124", "50125", "50126", "50127"}; !slices.Equal(slices.Compact(added), want) {
		return fmt.Errorf("the events of case %s add %q, not %q", c.CaseID, added, want)
	}
	answer, err := t.platform.RelatedROs(ctx, c.LocationID, c.CaseID)
	if err != nil {
		return err
	}
	if knows := t.inbox.RelatedROs(c.Case); len(knows) != len(answer.RelatedROs) {
		return fmt.Errorf("by events case %s has %d related ROs, by the API %d", c.CaseID, len(knows), len(answer.RelatedROs))
	}
	return nil
}

// expect waits for the event's retrieval, prints it, and compares it with the expected status and
// related ROs.
func (t *teller) expect(ctx context.Context, c seed.Case, eventID, status string, want ...string) error {
	begin := time.Now()
	answer, err := t.platform.Await(ctx, c.Case, eventID)
	if err != nil {
		return err
	}
	t.say("   After %.1f s the API says: case %s, retrieval %s by %s, %d related ROs:", time.Since(begin).Seconds(),
		answer.CaseStatus, answer.Retrieval.Outcome, answer.Retrieval.Trigger, len(answer.RelatedROs))
	var got []string
	for _, ro := range answer.RelatedROs {
		kind := ""
		if ro.Warranty {
			kind = " (warranty)"
		}
		t.say("     %-7s %-11s %-10s %s%s", ro.RONumber, ro.Relation, ro.Status, ro.BillTo, kind)
		got = append(got, ro.RONumber+" "+ro.Relation)
	}
	slices.Sort(got)
	if answer.Retrieval.Outcome != "ok" || answer.CaseStatus != status || !slices.Equal(got, want) {
		return fmt.Errorf("case %s is %s, %s with %q, not %s with %q",
			c.CaseID, answer.CaseStatus, answer.Retrieval.Outcome, got, status, want)
	}
	return nil
}

// requests returns the number of requests that Karmak has received about an RO. It may receive
// requests about other ROs at the same time.
func (t *teller) requests(ctx context.Context, ro string) (n int, err error) {
	var all []struct{ URL string }
	err = t.platform.Control(ctx, http.MethodGet, "requests", nil, &all)
	for _, r := range all {
		if strings.Contains(r.URL, ro) {
			n++
		}
	}
	return n, err
}
