package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"related-ro/pkg/relatedro"
)

// TestCallsToDynamoDB pins the number of DynamoDB calls of each placement. "remembered" is with the
// location's settings in the function's memory.
func TestCallsToDynamoDB(t *testing.T) {
	hundred := `{"cases":[` + strings.Repeat(`,{"locationId":"loc-100","caseId":"case-1"}`, 50)[1:]
	for i := range 50 {
		hundred += fmt.Sprintf(`,{"locationId":"loc-100","caseId":"case-%d"}`, 100+i)
	}
	hundred += `]}`
	fiftyOne := make([]relatedro.RelatedRO, relatedro.LinkedROs+1)
	for i := range fiftyOne {
		fiftyOne[i] = alternate(fmt.Sprint(9000+i), "90")
	}
	for name, c := range map[string]struct {
		method, path, body string
		cold, remembered   map[string]int
	}{
		"P1": {"GET", oneCase, "",
			map[string]int{"BatchGetItem": 1, "Query": 2}, map[string]int{"BatchGetItem": 1, "Query": 2}},
		"P1 without related ROs": {"GET", strings.Replace(oneCase, "case-1", "case-2", 1), "",
			map[string]int{"BatchGetItem": 1}, map[string]int{"BatchGetItem": 1}},
		"P1 with many": {"GET", strings.Replace(oneCase, "case-1", "case-3", 1), "",
			map[string]int{"BatchGetItem": 1, "Query": relatedro.LinkedROs},
			map[string]int{"BatchGetItem": 1, "Query": relatedro.LinkedROs}},
		"P1's history": {"GET", retrievals, "",
			map[string]int{"BatchGetItem": 1}, map[string]int{"BatchGetItem": 1}},
		"P2": {"GET", cases, "",
			map[string]int{"Query": 1, "BatchGetItem": 1}, map[string]int{"Query": 1}},
		"P3": {"POST", batchGet, `{"cases":[{"locationId":"loc-100","caseId":"case-1"},{"locationId":"loc-100","caseId":"case-2"}]}`,
			map[string]int{"BatchGetItem": 1}, map[string]int{"BatchGetItem": 1}},
		"P3 of a hundred": {"POST", batchGet, hundred,
			map[string]int{"BatchGetItem": 1}, map[string]int{"BatchGetItem": 1}},
		"P3 of strangers": {"POST", batchGet, `{"cases":[{"locationId":"loc-200","caseId":"case-1"}]}`, nil, nil},
		"P4": {"GET", "/v1/search?locationId=loc-100&ro=50&match=prefix", "",
			map[string]int{"Query": 1, "BatchGetItem": 1}, map[string]int{"Query": 1, "BatchGetItem": 1}},
		"P4 without matches": {"GET", "/v1/search?locationId=loc-100&ro=77", "",
			map[string]int{"Query": 1}, map[string]int{"Query": 1}},
		"open warranty ROs": {"GET", openWarranty, "",
			map[string]int{"Query": 1, "BatchGetItem": 1}, map[string]int{"Query": 1, "BatchGetItem": 1}},
		"health": {"GET", "/v1/health", "", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w, advisor := enabled(t)
			w.save(aCase("loc-100", "case-1", "50", north, alternate("51", "50"), alternate("52", "50")))
			w.save(aCase("loc-100", "case-2", "51", north))
			w.save(aCase("loc-100", "case-3", "90", north, fiftyOne...))
			advisor.send(c.method, c.path, c.body).want(t, 200)
			if diff := cmp.Diff(c.cold, w.calls.take()); diff != "" {
				t.Errorf("calls without cached settings: %s", diff)
			}
			advisor.send(c.method, c.path, c.body).want(t, 200)
			if diff := cmp.Diff(c.remembered, w.calls.take()); diff != "" {
				t.Errorf("calls with cached settings: %s", diff)
			}
		})
	}
}

func TestCallsOfAFullBatchOfManyLocations(t *testing.T) {
	w := newWorld(t)
	var body strings.Builder
	for i := range relatedro.BatchSize {
		location := fmt.Sprint("loc-", i)
		w.setUp(location, relatedro.Enabled, north)
		fmt.Fprintf(&body, `,{"locationId":%q,"caseId":"case-1"}`, location)
	}
	manager := w.as(relatedro.FieldManager, "*")
	ask := func() map[string]int {
		manager.send("POST", batchGet, `{"cases":[`+body.String()[1:]+`]}`).want(t, 200)
		return w.calls.take()
	}
	if diff := cmp.Diff(map[string]int{"BatchGetItem": 2}, ask()); diff != "" {
		t.Errorf("calls without cached settings: %s", diff)
	}
	if diff := cmp.Diff(map[string]int{"BatchGetItem": 1}, ask()); diff != "" {
		t.Errorf("calls with cached settings: %s", diff)
	}
}
