package karmaktest_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"related-ro/pkg/karmak/karmaktest"
)

func TestNumberAndBranchIdentifyAnRO(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.add("1@EAST", "1@WEST", "1@EAST")
	equal(t, u.numbers(), "1 1")
	equal(t, u.numbers("filter", "RONumber[EQ]1,Branch[EQ]WEST"), "1")
}

func TestUpdateROIsSeenByEveryLookup(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.add("1", "2", "3<1")
	u.must(u.UpdateRO("a", "3", "", func(ro *karmaktest.RO) { ro.Original, ro.Status = "2", "INVOICED" }))
	equal(t, u.numbers("filter", "OriginalRONumber[EQ]1"), "")
	equal(t, u.numbers("filter", "OriginalRONumber[EQ]2"), "3")
	equal(t, u.numbers("filter", "ROStatus[EQ]INVOICED"), "3")
	u.must(u.UpdateRO("a", "3", "", func(ro *karmaktest.RO) { ro.Number, ro.Branch = "4", "EAST" }))
	equal(t, u.numbers(), "1 2 4")
	equal(t, u.numbers("filter", "RONumber[EQ]3"), "")
	ro, err := u.RO("a", "4", "EAST")
	u.must(err)
	if !ro.LastUpdate.Equal(u.clock.Now()) {
		t.Errorf("last update %v, want now", ro.LastUpdate)
	}
}

func spinoff(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.must(u.AddRO("a", karmaktest.RO{Number: "1", Branch: "EAST", CustomerName: "Acme", VIN: "V1", BillingCustomerName: "Acme",
		Status: "INVOICED"}))
	u.must(u.Spinoff("a", "1", "EAST", karmaktest.RO{Number: "2", BillingCustomerName: "Paccar"}))
	ro, err := u.RO("a", "2", "EAST")
	u.must(err)
	if ro.Original != "1" || ro.CustomerName != "Acme" || ro.VIN != "V1" || ro.BillingCustomerName != "Paccar" || ro.Status != "OPEN" {
		t.Errorf("got %+v", ro)
	}
	if !ro.OpenedAt.Equal(u.clock.Now()) {
		t.Errorf("OpenedAt %v, want now", ro.OpenedAt)
	}
	equal(t, u.numbers("filter", "OriginalRONumber[EQ]1"), "2")
}

func splitTasks(t *testing.T) {
	for _, stay := range []bool{false, true} {
		u := start(t, karmaktest.Config{})
		withRule(func(r *karmaktest.Rules) { r.TasksStay = stay })(u)
		u.must(u.AddRO("a", karmaktest.RO{Number: "1", Branch: "EAST", Tasks: []karmaktest.Task{
			{Number: 1}, {Number: 2, AlternateBillingCustomer: "W1"}, {Number: 3, AlternateBillingCustomer: "W2"},
		}}))
		u.clock.advance(48 * time.Hour)
		u.must(u.Spinoff("a", "1", "EAST", karmaktest.RO{Number: "2", BillingCustomerNumber: "W1"}))
		want := `[{"RONumber":1,"TaskNumber":3},{"RONumber":2,"TaskNumber":2}]`
		if stay {
			want = `[{"RONumber":1,"TaskNumber":2},{"RONumber":1,"TaskNumber":3}]`
		}
		equal(t, u.get(tasks, "select", "RONumber,TaskNumber", "filter", "TaskNumber[GT]1").body, want)
		equal(t, u.numbers("filter", "LastUpdate[GTE]11-25-2026"), "2")
	}
}

func lastUpdate(t *testing.T) {
	u := withROs(t)
	u.clock.advance(48 * time.Hour)
	u.must(u.UpdateRO("a", "9", "EAST", func(ro *karmaktest.RO) { ro.WaitingForParts = true }))
	equal(t, u.numbers("filter", "LastUpdate[GTE]11-25-2026"), "9")
	equal(t, u.numbers("filter", "LastUpdate[LT]11-25-2026"), "10 11 12")
	equal(t, u.numbers("filter", "AddDate[LT]11-02-2026"), "9")
}

func lastUpdateOfTheOriginal(t *testing.T) {
	u := withROs(t)
	u.clock.advance(48 * time.Hour)
	u.must(u.Spinoff("a", "9", "EAST", karmaktest.RO{Number: "13"}))
	equal(t, u.numbers("filter", "LastUpdate[GTE]11-25-2026"), "13")
	equal(t, u.numbers("filter", "AddDate[GTE]11-25-2026"), "13")
}

func vanish(t *testing.T) {
	u := withROs(t)
	u.must(u.RemoveRO("a", "11", "WEST"))
	equal(t, u.numbers(), "9 10 12")
	equal(t, u.numbers("filter", "OriginalRONumber[EQ]9"), "")
	if err := u.RemoveRO("a", "11", "WEST"); !errors.Is(err, karmaktest.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	u.must(u.UpdateRO("a", "10", "EAST", func(ro *karmaktest.RO) {
		ro.Status, ro.Completed, ro.InvoiceNumber, ro.InvoicedAt = "OPEN", false, "", time.Time{}
	}))
	equal(t, u.numbers("filter", "ROStatus[EQ]OPEN,IsROCompleted[EQ]0,InvoiceNumber[EQ]NULL,RODateInvoiced[EQ]NULL"), "9 10")
}

func orphans(t *testing.T) {
	u := withROs(t)
	u.must(u.RemoveRO("a", "9", "EAST"))
	equal(t, u.numbers("filter", "OriginalRONumber[EQ]9"), "11")
}

func TestAddAccountAgainKeepsROs(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.add("1")
	u.must(u.AddAccount(karmaktest.Account{ID: "a", Users: []string{"u"}, FusionVersion: "4.0"}))
	equal(t, u.numbers(), "1")
	u.get(status).expect(t, 200, `"FusionVersion":"4.0"`)
}

func TestRequestsAreRecorded(t *testing.T) {
	var mu sync.Mutex
	var observed []karmaktest.Request
	u := start(t, karmaktest.Config{Observe: func(r karmaktest.Request) {
		mu.Lock()
		defer mu.Unlock()
		observed = append(observed, r)
	}})
	u.add("1")
	u.do(u.request("GET", lookup(headers)+"&page=1", "", u.token("a", "u"), "User-Agent: test/1")).expect(t, 200)

	requests := u.Requests()
	mu.Lock()
	defer mu.Unlock()
	equal(t, len(requests), 2)
	equal(t, fmt.Sprint(requests), fmt.Sprint(observed))
	equal(t, requests[0].URL, tokens)
	last := requests[1]
	equal(t, last.Header.Get("User-Agent"), "test/1")
	equal(t, fmt.Sprint(last.Time, last.Call, last.Account, last.User, last.Method, last.URL, last.Status, last.Rows),
		fmt.Sprint(u.clock.Now(), "RepairOrderHeader", "a", "u", "GET", lookup(headers)+"&page=1", 200, 1))
}

func TestCounts(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.get(headers)
	u.get(tasks)
	u.do(u.request("GET", status, "", u.token("b", "u")))
	u.do(u.request("GET", lookup(headers), ""))
	got := u.Counts()
	equal(t, got.Total, 7)
	equal(t, got.Lookups(), 3)
	equal(t, fmt.Sprint(got.Calls), "map[RepairOrderHeader:2 RepairOrderTask:1 status:1 token:3]")
	equal(t, fmt.Sprint(got.Accounts),
		"map[:map[RepairOrderHeader:1] a:map[RepairOrderHeader:1 RepairOrderTask:1 token:2] b:map[status:1 token:1]]")
	u.ResetCounts()
	equal(t, u.Counts().Total, 0)
	equal(t, len(u.Requests()), 0)
}

func inFlight(t *testing.T) {
	arrived, release := make(chan struct{}, 6), make(chan struct{})
	u := start(t, karmaktest.Config{Observe: func(r karmaktest.Request) {
		if r.Call == karmaktest.CallHeaders {
			arrived <- struct{}{}
			<-release
		}
	}})
	requests := []*http.Request{u.getRequest(headers), u.getRequest(headers), u.getRequest(headers)}
	u.ResetCounts()
	var group sync.WaitGroup
	for _, r := range requests {
		group.Go(func() {
			if _, err := u.try(r); err != nil {
				t.Error(err)
			}
		})
	}
	for range requests {
		<-arrived
	}
	close(release)
	group.Wait()
	equal(t, u.Counts().MostAtOnce["a"], 3)
	u.ResetCounts()
	for range requests {
		u.get(headers)
	}
	equal(t, u.Counts().MostAtOnce["a"], 1)
}

func TestCloseEndsRequestsThatHang(t *testing.T) {
	begun := make(chan struct{})
	u := start(t, karmaktest.Config{Observe: func(r karmaktest.Request) {
		if r.Fault == karmaktest.Hang {
			close(begun)
		}
	}})
	u.must(u.SetFault(karmaktest.Fault{Call: karmaktest.CallHeaders, Kind: karmaktest.Hang}))
	r := u.getRequest(headers)
	failed := make(chan error)
	go func() {
		_, err := u.try(r)
		failed <- err
	}()
	<-begun
	u.Close()
	if err := <-failed; err == nil {
		t.Error("a hanging request was answered")
	}
}

// BenchmarkLookup shows that a look-up by number or by original does not scan the whole account.
func BenchmarkLookup(b *testing.B) {
	u := start(b, karmaktest.Config{})
	for i := range 20_000 {
		u.must(u.AddRO("a", karmaktest.RO{Number: fmt.Sprint(i + 1), Original: fmt.Sprint(i / 2)}))
	}
	for _, filter := range []string{"RONumber[IN]100|200|300", "OriginalRONumber[IN]100|200|300", "Branch[EQ]EAST", "RONumber[GT]19990"} {
		b.Run(filter, func(b *testing.B) {
			r := u.getRequest(headers, "filter", filter)
			for b.Loop() {
				u.do(r).expect(b, 200)
			}
		})
	}
}
