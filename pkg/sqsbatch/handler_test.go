package sqsbatch_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

func TestExportStoresTheFamily(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("e1"))
	if failed := w.run(); failed != 0 {
		t.Fatalf("%d messages failed", failed)
	}
	w.shows(w.stored(), relatedro.OutcomeOK, "", "e1", "50124")
}

// Karmak's database ignores case in comparisons and may hold numbers as integers.
func TestAnySpellingFindsTheRO(t *testing.T) {
	w := newWorld(t)
	w.addFamily(accountA, "R50999", "R51000")
	w.send(w.body("e1", ofCase("case-1"), underRO("r50999")), w.body("e2", ofCase("case-2"), underRO("050123")))
	if failed := w.run(); failed != 0 {
		t.Fatalf("%d messages failed", failed)
	}
	for id, want := range map[string][3]string{"case-1": {"e1", "R50999", "R51000"}, "case-2": {"e2", "50123", "50124"}} {
		c := w.stored(id)
		w.shows(c, relatedro.OutcomeOK, "", want[0], want[2])
		if c.RO != want[1] {
			t.Errorf("%s is shown with %s, Karmak writes %s", id, c.RO, want[1])
		}
	}
	w.clock.Advance(time.Minute)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.Offline}))
	w.send(w.body("c3", asClose, ofCase("case-1"), underRO("R50999")), w.body("c4", asClose, ofCase("case-2")))
	w.run()
	w.shows(w.stored("case-1"), relatedro.OutcomeRetrying, relatedro.DealerOffline, "c3", "R51000")
	w.shows(w.stored("case-2"), relatedro.OutcomeRetrying, relatedro.DealerOffline, "c4", "50124")
}

func TestCloseFetchesAnew(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("e1"))
	w.run()
	w.must(w.unity.Spinoff(accountA, "50123", "", karmaktest.RO{Number: "50125"}))
	w.clock.Advance(time.Minute)
	w.send(w.body("c2", asClose))
	w.run()
	w.shows(w.stored(), relatedro.OutcomeOK, "", "c2", "50124", "50125")
}

func TestEventRightAfterEnablingIsFetched(t *testing.T) {
	w := newWorld(t)
	w.set("loc-100", relatedro.Disabled, connectionA)
	w.send(w.body("e1"))
	w.run()
	if lookups := w.unity.Counts().Lookups(); lookups != 0 || w.stored().Stored() {
		t.Fatalf("%d look-ups for a disabled location, or a stored case", lookups)
	}
	w.enable("loc-100", connectionA)
	w.send(w.body("e2"))
	w.run()
	w.shows(w.stored(), relatedro.OutcomeOK, "", "e2", "50124")
}

func TestDisablingEndsARetryingRetrieval(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError, Call: karmaktest.CallHeaders}))
	w.send(w.body("e1"))
	w.run()
	w.shows(w.stored(), relatedro.OutcomeRetrying, relatedro.DMSError, "e1")
	w.set("loc-100", relatedro.Disabled, connectionA)
	w.clock.Advance(time.Hour)
	if failed := w.run(); failed != 0 {
		t.Fatal("the message is not acknowledged")
	}
	w.shows(w.stored(), relatedro.OutcomeFailed, relatedro.LocationDisabled, "e1")
}

func TestAnswerOfAFormerAccountIsDropped(t *testing.T) {
	w := newWorld(t)
	w.addFamily(accountB, "50123", "90001")
	w.beforeFirstLookup(func() { w.enable("loc-100", relatedro.Connection{Account: accountB, User: "user-1"}) })
	w.send(w.body("e1"))
	w.run()
	w.shows(w.stored(), relatedro.OutcomeOK, "", "e1", "90001")
}

func TestSwitchingOffHalfwayStoresNothing(t *testing.T) {
	w := newWorld(t)
	w.beforeFirstLookup(func() { w.set("loc-100", relatedro.Disabled, connectionA) })
	w.send(w.body("e1"))
	if failed := w.run(); failed != 0 {
		t.Error("the message is not acknowledged")
	}
	if w.stored().Stored() {
		t.Error("a case was stored for a disabled location")
	}
}

func TestFamilyOf500IsKeptWhole(t *testing.T) {
	w := newWorld(t)
	w.addFamily(accountA, "80000")
	for i := range 500 {
		w.must(w.unity.AddRO(accountA, karmaktest.RO{Number: strconv.Itoa(80001 + i), Original: "80000"}))
	}
	w.send(w.body("e1", underRO("80000")))
	w.run()
	if c := w.stored(); c.Retrieval.Outcome != relatedro.OutcomeOK || len(c.Related) != 500 {
		t.Errorf("%s with %d related ROs, want 500", c.Retrieval.Outcome, len(c.Related))
	}
}

func TestSeveralEventsOfOneCaseAreOneFetch(t *testing.T) {
	w := newWorld(t)
	later := occurred(w.clock.Now().Add(time.Minute))
	w.send(w.body("e1"), w.body("c2", asClose, later), w.body("r3", asRefresh), w.body("c2", asClose, later))
	w.run()
	w.shows(w.stored(), relatedro.OutcomeOK, "", "c2", "50124")
	if got := w.outcomes(); got["ok"] != 1 || got["skipped"] != 3 {
		t.Errorf("outcomes %v, want one ok and three skipped", got)
	}
}

func TestClockThatJumpsBackDoesNotFreezeSettings(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	memory := relatedro.NewSettingsMemory(func() time.Time { return now })
	memory.Put(relatedro.Settings{Location: "loc-100", Status: relatedro.Enabled})
	now = now.Add(-time.Hour)
	if _, ok := memory.Get("loc-100"); ok {
		t.Error("settings stored at a future time are trusted")
	}
}

func TestLogNamesTheEventAndNoSecret(t *testing.T) {
	w := newWorld(t)
	w.send(w.body("e1"))
	w.run()
	log := w.log.String()
	for _, want := range []string{`"eventId":"e1"`, `"location":"loc-100"`, `"case":"case-1"`, `"trigger":"export"`, `"outcome":"ok"`,
		`"receives":1`, `"coldStart":true`} {
		if !strings.Contains(log, want) {
			t.Errorf("log lacks %s:\n%s", want, log)
		}
	}
	if strings.Contains(log, "secret") || strings.Contains(log, "Bearer") {
		t.Errorf("log contains a secret:\n%s", log)
	}
}
