package httpapi_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"related-ro/pkg/httpapi"
	"related-ro/pkg/relatedro"
)

// TestNothingOfAnotherLocationComesBack mutates paths, queries, cursors, bodies and claims of
// callers without access to loc-200, and searches every response for data of loc-200.
func TestNothingOfAnotherLocationComesBack(t *testing.T) {
	w := newWorld(t)
	w.seedTwo()
	if body := w.as(relatedro.Support, "loc-200").get(strings.ReplaceAll(oneCase, "loc-100", "loc-200")).body; !strings.Contains(body,
		marker) {
		t.Fatalf("response to a caller with access lacks the stored data: %s", body)
	}
	cursors := foreignCursors(t, w)
	rapid.Check(t, func(t *rapid.T) {
		caller := w.claiming(claims(t))
		method := rapid.SampledFrom([]string{"GET", "GET", "GET", "POST", "PUT"}).Draw(t, "method")
		target := target(t, cursors)
		var body string
		if method != "GET" {
			body = mutated(t, "body", []string{
				`{"cases":[{"locationId":"loc-200","caseId":"case-1"},{"locationId":"loc-100","caseId":"case-1"}]}`,
				`{"cases":[{"locationId":"loc-100","caseId":"case-1#CASE#","locationId":"loc-200"}]}`,
				`{"status":"DISABLED","dms":"KARMAK_FUSION","karmak":{"account":"a","user":"u","branch":""}}`,
				`{"roNumber":"50"}`, `{"queue":"close"}`, `{"queue":"export","locationId":"loc-200"}`,
			}, 2)
		}
		r := caller.send(method, target, body, "If-Match", `"1"`)
		if strings.Contains(r.body, marker) || strings.Contains(strings.Join(flat(r.header), "\n"), marker) {
			t.Fatalf("%s %s %s: %s", method, target, body, r.body)
		}
		if r.status >= 500 {
			t.Fatalf("%s %s %s: %d %s", method, target, body, r.status, r.body)
		}
	})
}

func flat(header map[string][]string) []string {
	var all []string
	for _, values := range header {
		all = slices.Concat(all, values)
	}
	return all
}

// foreignCursors returns cursors issued for loc-200, and forged ones with its positions for lists
// of loc-100.
func foreignCursors(t *testing.T, w *world) []string {
	t.Helper()
	var all []string
	for _, path := range []string{cases, "/v1/search?locationId=loc-100&ro=50"} {
		var page pageAnswer
		w.as(relatedro.Support, "loc-200").get(strings.ReplaceAll(path, "loc-100", "loc-200")).want(t, 200).decode(t, &page)
		all = append(all, *page.Cursor)
	}
	for _, position := range []string{
		"RO#50#CASE#case-1", "RO#" + marker + "#CASE#case-1", "RO#5", "RO#50", "RO#", "CASE#case-1", "SETTINGS", "ACTIVATION",
		"AUDIT#", "AUDIT#2026-11-23T12:00:00.000000000Z#" + marker, "2026-11-23T12:00:00.000000000Z#CASE#case-1",
		"2026-11-20#50#0#case-1", "0000-00-00#" + marker + "#0#case-1",
		"LOC#loc-200", "RO#50#CASE#x\x00LOC#loc-200", "\xff", "~",
	} {
		asset := map[string]string{"locationId": "loc-100", "assetId": "asset-77"}
		location := map[string]string{"locationId": "loc-100"}
		search := map[string]string{"locationId": "loc-100", "ro": "50"}
		all = append(all,
			httpapi.ForgeCursor("GET", "/v1/locations/{locationId}/assets/{assetId}/related-ros", asset, nil, position),
			httpapi.ForgeCursor("GET", "/v1/locations/{locationId}/external-interfaces/history", location, nil, position),
			httpapi.ForgeCursor("GET", "/v1/locations/{locationId}/open-warranty-ros", location, nil, position),
			httpapi.ForgeCursor("GET", "/v1/search", nil, search, position),
		)
	}
	return all
}

// claims draws claims without access to loc-200, in various formats.
func claims(t *rapid.T) map[string]any {
	roles := rapid.SliceOfN(rapid.SampledFrom(everyRole), 1, 3).Draw(t, "roles")
	locations := rapid.SampledFrom([]any{
		"loc-100", []string{"loc-100"}, []string{"loc-100", "loc-20"}, []string{"loc-2000"}, "loc-200,", "[loc-200", "loc-200]",
		[]string{"loc-100", "LOC-200"}, "loc-*", []any{[]string{"loc-200"}}, map[string]bool{"loc-200": true}, "loc%2D200",
		[]string{"loc-100#"},
	}).Draw(t, "locations")
	return map[string]any{"sub": "user-7", "roles": roles, "locations": locations}
}

// target draws a path with a query that refers to loc-200 or resembles it.
func target(t *rapid.T, cursors []string) string {
	location := rapid.SampledFrom([]string{
		"loc-100", "loc-200", "loc-100%2Floc-200", "loc-200%00", "%6Coc-200", "loc-100%23", "..%2Floc-200", "LOC%23loc-200", "*",
		"loc-100,loc-200",
	})
	path := rapid.SampledFrom([]string{
		"/v1/locations/{}/cases/case-1/related-ros", "/v1/locations/{}/cases/case-1/retrievals",
		"/v1/locations/{}/assets/asset-77/related-ros",
		"/v1/locations/{}/open-warranty-ros",
		"/v1/locations/{}/external-interfaces", "/v1/locations/{}/external-interfaces/history",
		"/v1/locations/{}/external-interfaces/branches", "/v1/locations/{}/external-interfaces/verify",
		"/v1/locations/{}/cases/case-1/refresh", "/v1/search", "/v1/related-ros/batch-get",
		"/v1/locations/loc-100/../{}/cases/case-1/related-ros", "/v1/locations/loc-100/assets/asset-77%23..%23{}/related-ros",
		"/v1/locations/loc-100/cases/case-1%23{}/related-ros", "/v1//locations/{}/cases/case-1/related-ros",
		"/v1/operations/locations", "/v1/operations/dead-letters", "/v1/operations/dead-letters/redrive",
		"/v1/operations/dead-letters/delete",
	}).Draw(t, "path")
	path = strings.ReplaceAll(path, "{}", location.Draw(t, "location"))
	query := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		switch rapid.IntRange(0, 5).Draw(t, "parameter") {
		case 0:
			return "locationId=" + location.Draw(t, "locationId")
		case 1:
			return "cursor=" + rapid.SampledFrom(cursors).Draw(t, "cursor")
		case 2:
			return "cursor=" + url.QueryEscape(mutated(t, "cursor", cursors, 2))
		case 3:
			return "ro=" + rapid.SampledFrom([]string{"50", "51", "5", marker, "50%23CASE", "%00"}).Draw(t, "ro")
		case 4:
			return "match=" + rapid.SampledFrom([]string{"exact", "prefix", "EXACT"}).Draw(t, "match")
		}
		return "queue=" + rapid.SampledFrom([]string{"close", "export", "close-dlq"}).Draw(t, "queue")
	}), 0, 4).Draw(t, "query")
	// Half of the searches are well-formed, so that the code behind validation is reached.
	if path == "/v1/search" && rapid.Bool().Draw(t, "well asked") {
		query = []string{"locationId=loc-100", "ro=50", "cursor=" + rapid.SampledFrom(cursors).Draw(t, "cursor")}
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	return path
}

// mutated draws one of texts and changes, deletes or duplicates up to most of its bytes.
func mutated(t *rapid.T, what string, texts []string, most int) string {
	text := []byte(rapid.SampledFrom(texts).Draw(t, what))
	for range rapid.IntRange(0, most).Draw(t, "mutations") {
		if len(text) == 0 {
			break
		}
		position := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		switch rapid.IntRange(0, 2).Draw(t, "mutation") {
		case 0:
			text[position] = rapid.Byte().Draw(t, "byte")
		case 1:
			text = slices.Delete(text, position, position+1)
		case 2:
			text = slices.Insert(text, position, text[position])
		}
	}
	return string(text)
}
