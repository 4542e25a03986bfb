package karmaktest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"related-ro/pkg/karmak/karmaktest"
)

func retryAfter(t *testing.T) {
	u := start(t, karmaktest.Config{})
	for _, test := range []struct {
		name       string
		fault      karmaktest.Fault
		status     int
		retryAfter string
	}{
		{"429 in seconds", karmaktest.Fault{Kind: karmaktest.RateLimited, RetryAfter: "7"}, 429, "7"},
		{"429 with a date", karmaktest.Fault{Kind: karmaktest.RateLimited, RetryAfter: "+7s"}, 429, "Mon, 23 Nov 2026 10:00:07 GMT"},
		{"429 without", karmaktest.Fault{Kind: karmaktest.RateLimited}, 429, ""},
		{"429 with nonsense", karmaktest.Fault{Kind: karmaktest.RateLimited, RetryAfter: "+soon"}, 429, "+soon"},
		{"any 5xx", karmaktest.Fault{Kind: karmaktest.StatusError, Status: 503, RetryAfter: "1"}, 503, "1"},
		{"500 by default", karmaktest.Fault{Kind: karmaktest.StatusError}, 500, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := u.in(t)
			test.fault.Call = karmaktest.CallHeaders
			u.must(u.SetFault(test.fault))
			defer u.ClearFaults()
			got := u.get(headers)
			got.expect(t, test.status)
			equal(t, got.header.Get("Retry-After"), test.retryAfter)
			u.get(tasks).expect(t, 200)
		})
	}
}

func TestFaultOfOneAccountLeavesOthersAlone(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.must(u.SetFault(karmaktest.Fault{Account: "a", Kind: karmaktest.StatusError}))
	u.postForm(form()).expect(t, 500)
	b := u.token("b", "u")
	u.do(u.request("GET", lookup(headers), "", b)).expect(t, 200)
	u.do(u.request("GET", status, "", b)).expect(t, 200)
}

func TestFaultTimesAndAfter(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.must(u.SetFault(karmaktest.Fault{Call: karmaktest.CallHeaders, Kind: karmaktest.StatusError, After: 1, Times: 2}))
	for i, want := range []int{200, 500, 500, 200} {
		if got := u.get(headers); got.status != want {
			t.Errorf("look-up %d: status %d, want %d", i+1, got.status, want)
		}
	}
}

func TestFaultSetFirstStrikesFirst(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.must(u.SetFault(karmaktest.Fault{Call: karmaktest.CallHeaders, Kind: karmaktest.RateLimited, Times: 1}))
	u.must(u.SetFault(karmaktest.Fault{Call: karmaktest.CallHeaders, Kind: karmaktest.StatusError, Times: 1}))
	for _, want := range []int{429, 500, 200} {
		equal(t, u.get(headers).status, want)
	}
}

func TestFaultOfTheSameKindIsReplaced(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.must(u.SetFault(karmaktest.Fault{Call: karmaktest.CallHeaders, Kind: karmaktest.StatusError}))
	u.must(u.SetFault(karmaktest.Fault{Call: karmaktest.CallHeaders, Kind: karmaktest.StatusError, Times: 1}))
	equal(t, u.get(headers).status, 500)
	equal(t, u.get(headers).status, 200)
}

func TestFaultWithProbabilityStrikesAboutThatOften(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.must(u.SetFault(karmaktest.Fault{Call: karmaktest.CallHeaders, Kind: karmaktest.StatusError, Probability: 0.1}))
	r := u.getRequest(headers)
	for range 300 {
		u.do(r)
	}
	if struck := u.Counts().Faults[karmaktest.StatusError]; struck < 15 || struck > 50 {
		t.Errorf("%d of 300 were struck, want about 30", struck)
	}
}

func TestFaultLatencyDelaysTheAnswer(t *testing.T) {
	u := start(t, karmaktest.Config{})
	set := func(latency, jitter time.Duration) {
		u.must(u.SetFault(karmaktest.Fault{Call: karmaktest.CallHeaders, Kind: karmaktest.Latency, Latency: latency, Jitter: jitter}))
	}
	set(time.Hour, time.Minute)
	u.expectNoAnswer(headers)
	set(time.Millisecond, 2*time.Millisecond)
	u.get(headers).expect(t, 200)
}

func TestFaultLatencyAddsToAnotherFault(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.must(u.SetFault(karmaktest.Fault{Call: karmaktest.CallHeaders, Kind: karmaktest.StatusError}))
	u.get(headers).expect(t, 500)
	u.must(u.SetFault(karmaktest.Fault{Call: karmaktest.CallHeaders, Kind: karmaktest.Latency, Latency: time.Hour}))
	u.expectNoAnswer(headers)
}

// expectNoAnswer requests path and expects no answer within a short time.
func (u *unity) expectNoAnswer(path string) {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := u.try(u.getRequest(path).WithContext(ctx))
	if !errors.Is(err, context.DeadlineExceeded) {
		u.t.Errorf("got %v, want no answer", err)
	}
}

func TestFaultHangAnswersNothing(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.must(u.SetFault(karmaktest.Fault{Call: karmaktest.CallStatus, Kind: karmaktest.Hang}))
	u.expectNoAnswer(status)
}

func TestFaultStallSendsHalfABody(t *testing.T) {
	u := withROs(t)
	u.must(u.SetFault(karmaktest.Fault{Call: karmaktest.CallHeaders, Kind: karmaktest.Stall}))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := u.getRequest(headers).WithContext(ctx)
	// Half of a compressed body may decompress to nothing.
	r.Header.Set("Accept-Encoding", "identity")
	resp, err := u.client.Do(r)
	u.must(err)
	defer resp.Body.Close()
	half := make([]byte, 2)
	_, err = io.ReadFull(resp.Body, half)
	u.must(err)
	cancel()
	if _, err := io.ReadAll(resp.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the body to stall until canceled", err)
	}
}

func TestFaultResetBeforeAnAnswer(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.must(u.SetFault(karmaktest.Fault{Call: karmaktest.CallHeaders, Kind: karmaktest.Reset}))
	_, err := u.try(u.getRequest(headers))
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want a reset", err)
	}
	equal(t, u.Requests()[1].Status, 0)
}

func TestFaultResetInMidBody(t *testing.T) {
	u := withROs(t)
	u.must(u.SetFault(karmaktest.Fault{Call: karmaktest.CallHeaders, Kind: karmaktest.ResetBody}))
	got, err := u.try(u.getRequest(headers))
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want a reset", err)
	}
	equal(t, got.status, 200)
}

func TestFaultsOfContent(t *testing.T) {
	u := withROs(t)
	for _, test := range []struct {
		kind karmaktest.Kind
		ok   func(reply) bool
	}{
		{karmaktest.Truncated, func(r reply) bool { return strings.HasPrefix(r.body, "[{") && !json.Valid([]byte(r.body)) }},
		{karmaktest.WrongJSON, func(r reply) bool { return strings.HasPrefix(r.body, `{"value":[`) && json.Valid([]byte(r.body)) }},
		{karmaktest.HTML, func(r reply) bool { return strings.HasPrefix(r.header.Get("Content-Type"), "text/html") }},
		{karmaktest.Oversized, func(r reply) bool { return len(r.body) > 8<<20 && json.Valid([]byte(r.body)) }},
	} {
		t.Run(string(test.kind), func(t *testing.T) {
			u := u.in(t)
			u.must(u.SetFault(karmaktest.Fault{Call: karmaktest.CallHeaders, Kind: test.kind, Times: 1}))
			got := u.get(headers)
			if got.status != http.StatusOK || !test.ok(got) {
				t.Errorf("got %d %.80s", got.status, got.body)
			}
		})
	}
}

func TestFaultsOfTokens(t *testing.T) {
	for kind, want := range map[karmaktest.Kind]string{karmaktest.ExpiredToken: "expired", karmaktest.RevokedToken: "revoked"} {
		for _, struck := range []string{karmaktest.CallToken, karmaktest.CallHeaders} {
			t.Run(string(kind)+" at "+struck, func(t *testing.T) {
				u := start(t, karmaktest.Config{})
				u.must(u.SetFault(karmaktest.Fault{Call: struck, Kind: kind, Times: 1}))
				token := u.token("a", "u")
				u.do(u.request("GET", lookup(headers), "", token)).expect(t, 401, want)
				u.do(u.request("GET", lookup(headers), "", token)).expect(t, 401)
				u.get(headers).expect(t, 200)
			})
		}
	}
}

func TestFaultOfflineLeavesTheTokenCallAloneAndTakesAStatus(t *testing.T) {
	u := start(t, karmaktest.Config{})
	u.must(u.SetFault(karmaktest.Fault{Account: "a", Kind: karmaktest.Offline, Status: 502}))
	u.get(tasks).expect(t, 502)
	u.do(u.request("GET", status, "", u.token("b", "u"))).expect(t, 200, `"IsOnline":true`)
	u.do(u.request("GET", lookup(headers), "", "Authorization: Bearer x")).expect(t, 401)
}

func TestFaultOfAnROStrikesItsLookups(t *testing.T) {
	u := withROs(t)
	u.must(u.SetFault(karmaktest.Fault{RO: "011", Kind: karmaktest.StatusError, Status: 515}))
	for filter, want := range map[string]int{
		"RONumber[IN]9|11":         515,
		"RONumber[IN]9|10":         200,
		"OriginalRONumber[IN]9|10": 515, // 11 is a spinoff of 9
		"OriginalRONumber[EQ]10":   200,
		"OriginalRONumber[EQ]11":   515,
		"Branch[EQ]WEST":           515,
		"Branch[EQ]EAST":           200,
	} {
		if got := u.get(headers, "filter", filter); got.status != want {
			t.Errorf("%s: status %d, want %d", filter, got.status, want)
		}
	}
	u.get(headers, "pagesize", "2").expect(t, 200)
	u.get(headers, "pagesize", "2", "page", "2").expect(t, 515)
	u.get(status).expect(t, 200)
}

func TestFaultValidateNamesTheField(t *testing.T) {
	for field, f := range map[string]karmaktest.Fault{
		"kind":        {Kind: "flood"},
		"call":        {Kind: karmaktest.Hang, Call: "lookup"},
		"call: ":      {Kind: karmaktest.Offline, Call: karmaktest.CallToken},
		"ro":          {Kind: karmaktest.Hang, Call: karmaktest.CallToken, RO: "9"},
		"times":       {Kind: karmaktest.Hang, Times: -1},
		"after":       {Kind: karmaktest.Hang, After: -1},
		"probability": {Kind: karmaktest.Hang, Probability: 1.5},
		"latency":     {Kind: karmaktest.Latency},
		"jitter":      {Kind: karmaktest.Latency, Latency: 1, Jitter: -1},
		"status":      {Kind: karmaktest.NotActivated, Status: 500},
		"status: ":    {Kind: karmaktest.StatusError, Status: 200},
	} {
		if err := f.Validate(); err == nil || !strings.HasPrefix(err.Error(), field) {
			t.Errorf("%+v: got %v, want %s", f, err, field)
		}
	}
}
