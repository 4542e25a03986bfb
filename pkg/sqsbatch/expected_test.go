package sqsbatch_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// expecting turns expected ROs on for loc-100 and gives RO 50123 tasks, some of them to be billed to
// other customers.
func (w *world) expecting(tasks ...karmaktest.Task) {
	w.t.Helper()
	before, err := w.store.Settings(context.Background(), "loc-100")
	w.must(err)
	after := before
	after.Expecting, after.Version = true, before.Version+1
	w.must(w.store.SaveSettings(context.Background(), relatedro.Change{ID: "expecting", At: w.clock.Now(), By: "test", Before: before,
		After: after}))
	w.must(w.unity.UpdateRO(accountA, "50123", "", func(ro *karmaktest.RO) { ro.BillingCustomerNumber, ro.Tasks = "2207", tasks }))
	w.must(w.unity.UpdateRO(accountA, "50124", "", func(ro *karmaktest.RO) { ro.BillingCustomerNumber = "9001" }))
	w.handler = w.newHandler()
}

func billing(number int, customer, name string) karmaktest.Task {
	return karmaktest.Task{Number: number, AlternateBillingCustomer: customer, AlternateBillingCompanyName: name}
}

// expects fails the test unless case-1 expects ROs of these customers, "name: tasks".
func (w *world) expects(want ...string) {
	w.t.Helper()
	var got []string
	for _, e := range w.stored().Expected {
		got = append(got, fmt.Sprintf("%s: %d", e.Name, e.Tasks))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("expected: %s", diff)
	}
}

func (w *world) taskLookups() int { return w.unity.Counts().Calls[karmaktest.CallTasks] }

func TestNothingIsExpectedUnlessTheSettingsSaySo(t *testing.T) {
	w := newWorld(t)
	w.must(w.unity.UpdateRO(accountA, "50123", "", func(ro *karmaktest.RO) {
		ro.Tasks = []karmaktest.Task{billing(1, "9014",
			"Cummins Warranty")}
	}))
	w.send(w.body("e1"))
	w.run()
	w.expects()
	if n := w.taskLookups(); n != 0 {
		t.Errorf("%d look-ups of tasks", n)
	}
}

// Its own customer is not expected, nor one that a related RO is billed to. One that is split off is expected no more, whatever
// becomes of its tasks; one that is voided is expected again.
func TestExpectedIsGoneWhenTheROIsThere(t *testing.T) {
	for _, stay := range []bool{false, true} {
		w := newWorld(t)
		w.must(w.unity.UpdateAccount(accountA, func(a *karmaktest.Account) { a.Rules.TasksStay = stay }))
		tasks := []karmaktest.Task{{Number: 1}, billing(2, "9014", "Cummins Warranty"), billing(3, "9014", "Cummins Warranty"),
			billing(4, "2207", "Hill Trucking"), billing(5, "9001", "Warranty Co"), billing(6, "9020", "Eaton Warranty")}
		w.expecting(tasks...)
		w.send(w.body("e1"))
		w.run()
		w.expects("Cummins Warranty: 2", "Eaton Warranty: 1")

		w.must(w.unity.Spinoff(accountA, "50123", "", karmaktest.RO{Number: "50125", BillingCustomerNumber: "9014",
			BillingCustomerName: "CUMMINS"}))
		w.clock.Advance(time.Minute)
		w.send(w.body("r1", asRefresh))
		w.run()
		w.shows(w.stored(), relatedro.OutcomeOK, "", "r1", "50124", "50125")
		w.expects("Eaton Warranty: 1")

		if stay {
			w.must(w.unity.UpdateRO(accountA, "50125", "", func(ro *karmaktest.RO) { ro.Voided = true }))
			w.clock.Advance(time.Minute)
			w.send(w.body("r2", asRefresh))
			w.run()
			w.expects("Cummins Warranty: 2", "Eaton Warranty: 1")
		}
	}
}

// If the tasks cannot be queried, the list is stored all the same. The expected ROs stay, except those
// whose customer has an RO now.
func TestTasksThatCannotBeReadFailNothing(t *testing.T) {
	w := newWorld(t)
	w.expecting(billing(1, "9014", "Cummins Warranty"), billing(2, "9020", "Eaton Warranty"))
	w.send(w.body("e1"))
	w.run()
	w.expects("Cummins Warranty: 1", "Eaton Warranty: 1")
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError, Status: 403, Call: karmaktest.CallTasks}))
	w.must(w.unity.Spinoff(accountA, "50123", "", karmaktest.RO{Number: "50125", BillingCustomerNumber: "9014"}))
	w.clock.Advance(time.Minute)
	w.send(w.body("r1", asRefresh))
	if failed := w.run(); failed != 0 {
		t.Error("the message is not acknowledged")
	}
	w.shows(w.stored(), relatedro.OutcomeOK, "", "r1", "50124", "50125")
	w.expects("Eaton Warranty: 1")
	if letters := w.deadLetters(); len(letters) != 0 {
		t.Errorf("dead letters %v", codes(letters))
	}
}

func TestClosingEndsWhatIsExpected(t *testing.T) {
	w := newWorld(t)
	w.expecting(billing(1, "9014", "Cummins Warranty"))
	w.send(w.body("e1"))
	w.run()
	w.expects("Cummins Warranty: 1")
	asked := w.taskLookups()
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError})) // at once, however long Karmak is away
	w.send(w.body("c1", asClose))
	w.run()
	w.expects()
	w.unity.ClearFaults()
	w.clock.Advance(time.Minute)
	w.send(w.body("r1", asRefresh))
	w.run()
	w.expects()
	if n := w.taskLookups(); n != asked {
		t.Errorf("%d look-ups of a closed case's tasks", n-asked)
	}
}

func TestExpectedCostsABatchOneLookUp(t *testing.T) {
	w := newWorld(t)
	w.expecting(billing(1, "9014", "Cummins Warranty"))
	var bodies []string
	for i := range 10 {
		ro := fmt.Sprint(60000 + i)
		w.addFamily(accountA, ro)
		bodies = append(bodies, w.body("e"+ro, underRO(ro), ofCase("case-"+ro)))
	}
	w.send(append(bodies, w.body("e1"), w.body("e2", underRO("77777"), ofCase("case-2")))...)
	w.handle(t.Context(), w.handler, w.receive(w.queue))
	w.expects("Cummins Warranty: 1")
	if n := w.taskLookups(); n != 1 {
		t.Errorf("%d look-ups of tasks", n)
	}
}

// A change in Karmak is followed: the RO that was expected is there, and the list says so.
func TestFollowFindsTheExpectedRO(t *testing.T) {
	w := newWorld(t)
	w.expecting(billing(1, "9014", "Cummins Warranty"))
	w.send(w.body("e1"))
	w.run()
	w.followed()
	w.run()
	w.expects("Cummins Warranty: 1")
	w.clock.Advance(relatedro.RefreshPeriod)
	w.must(w.unity.Spinoff(accountA, "50123", "", karmaktest.RO{Number: "50125", BillingCustomerNumber: "9014"}))
	w.followed()
	w.run()
	w.expects()
	if c := w.stored(); c.Retrieval.Trigger != relatedro.TriggerFollow || len(c.Related) != 2 {
		t.Errorf("the case has %v by %s", c.Related, c.Retrieval.Trigger)
	}
}

// Another account's expectation is not kept.
func TestExpectedOfAFormerAccountIsDropped(t *testing.T) {
	w := newWorld(t)
	w.expecting(billing(1, "9014", "Cummins Warranty"))
	w.send(w.body("e1"))
	w.run()
	w.addFamily(accountB, "50123")
	w.must(w.unity.SetFault(karmaktest.Fault{Kind: karmaktest.StatusError, Status: 403, Call: karmaktest.CallTasks}))
	before, err := w.store.Settings(t.Context(), "loc-100")
	w.must(err)
	after := before
	after.Connection.Account, after.Version = accountB, before.Version+1
	w.must(w.store.SaveSettings(t.Context(), relatedro.Change{ID: "another", At: w.clock.Now(), By: "test", Before: before, After: after}))
	w.handler = w.newHandler()
	w.clock.Advance(time.Minute)
	w.send(w.body("r1", asRefresh))
	w.run()
	w.shows(w.stored(), relatedro.OutcomeOK, "", "r1")
	w.expects()
}
