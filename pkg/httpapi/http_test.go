package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"related-ro/pkg/relatedro"
)

func TestPathsThatAreNotThere(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{
		"/v1/nothing", "/v1/locations/loc-100", "/v1/locations//cases/case-1/related-ros", "/v1/health/",
		"/v1/locations/loc-100/cases/a%2Fb/related-ros/more", "/v1/search/all",
	} {
		t.Run(path, func(t *testing.T) {
			w.stranger().get(path).problem(t, 404, "not-found")
		})
	}
}

func TestMethodsThatAreNotThere(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ method, path, allow string }{
		{"POST", oneCase, "GET, HEAD, OPTIONS"},
		{"DELETE", settingsPath, "GET, HEAD, PUT, OPTIONS"},
		{"GET", batchGet, "POST, OPTIONS"},
		{"PATCH", "/v1/health", "GET, HEAD, OPTIONS"},
		{"GET", deadLetters + "/redrive", "POST, OPTIONS"},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			r := w.stranger().send(c.method, c.path, "")
			r.problem(t, 405, "method-not-allowed")
			if r.header.Get("Allow") != c.allow {
				t.Errorf("Allow %q, want %q", r.header.Get("Allow"), c.allow)
			}
		})
	}
}

func TestHEADIsGETWithoutTheBody(t *testing.T) {
	w := newWorld(t)
	w.setUp("loc-100", relatedro.Disabled, north)
	w.save(aCase("loc-100", "case-1", "50123", north, alternate("50124", "50123")))
	support := w.as(relatedro.Support, "*")
	for _, path := range []string{oneCase, cases, "/v1/search?locationId=loc-100&ro=50123", settingsPath, settingsPath + "/history",
		deadLetters + "?queue=export", "/v1/health"} {
		t.Run(path, func(t *testing.T) {
			get := support.get(path, "Accept-Encoding", "identity").want(t, http.StatusOK)
			head := support.send("HEAD", path, "", "Accept-Encoding", "identity").want(t, http.StatusOK)
			if head.body != "" {
				t.Errorf("response has a body: %s", head.body)
			}
			for _, name := range []string{"Content-Type", "Content-Length", "Etag"} {
				if got, want := head.header.Get(name), get.header.Get(name); got != want || want == "" && name != "Etag" {
					t.Errorf("%s is %q, but %q for GET", name, got, want)
				}
			}
		})
	}
	tag := support.get(settingsPath).header.Get("Etag")
	support.send("HEAD", settingsPath, "", "If-None-Match", tag).want(t, http.StatusNotModified)
	w.stranger().send("HEAD", oneCase, "").want(t, http.StatusUnauthorized)
	w.as(relatedro.ServiceAdvisor, "loc-100").send("HEAD", deadLetters+"?queue=export", "").want(t, http.StatusForbidden)
	support.send("HEAD", batchGet, "").want(t, http.StatusMethodNotAllowed)
}

func TestOptionsIsOpen(t *testing.T) {
	w := newWorld(t)
	if r := w.stranger().send("OPTIONS", oneCase, ""); r.status != 204 || r.header.Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("got status %d, Allow %q", r.status, r.header.Get("Allow"))
	}
}

func TestMalformedIdsInThePath(t *testing.T) {
	w := newWorld(t)
	everywhere := w.as(relatedro.Support, "*")
	everywhere.get("/v1/locations/loc%20100/cases/case%231/related-ros").problem(t, 400, "bad-input", "caseId", "locationId")
	everywhere.get("/v1/locations/loc-100/assets/"+strings.Repeat("a", 65)+"/related-ros").problem(t, 400, "bad-input", "assetId")
}

func TestBodies(t *testing.T) {
	w := newWorld(t)
	advisor := w.as(relatedro.ServiceAdvisor, "loc-100")
	good := `{"cases":[]}`
	for name, c := range map[string]struct {
		body      string
		mediaType string
		status    int
		kind      string
		fields    []string
	}{
		"with a charset":   {good, "application/json; charset=utf-8", 200, "", nil},
		"another type":     {good, "text/plain", 415, "unsupported-media-type", nil},
		"a form":           {"cases=", "application/x-www-form-urlencoded", 415, "unsupported-media-type", nil},
		"no type":          {good, " ", 415, "unsupported-media-type", nil},
		"of 256 KiB":       {good + strings.Repeat(" ", 256<<10-len(good)), "application/json", 200, "", nil},
		"of one byte more": {good + strings.Repeat(" ", 256<<10-len(good)+1), "application/json", 413, "body-too-large", nil},
		"none":             {"", "application/json", 400, "bad-input", []string{"body"}},
		"deeply nested": {strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000), "application/json", 400, "bad-input",
			[]string{"body"}},
		"cut short":     {good[:8], "application/json", 400, "bad-input", []string{"body"}},
		"null":          {"null", "application/json", 400, "bad-input", []string{"body"}},
		"cases missing": {"{}", "application/json", 400, "bad-input", []string{"cases"}},
		"cases no list": {`{"cases":{}}`, "application/json", 400, "bad-input", []string{"cases"}},
		"no case":       {`{"cases":["x"]}`, "application/json", 400, "bad-input", []string{"cases[0]"}},
		"half a case": {`{"cases":[{"locationId":"l","caseId":"c"},{"locationId":"l"}]}`, "application/json", 400, "bad-input",
			[]string{"cases[1].caseId"}},
		"more in a case": {`{"cases":[{"locationId":"l","caseId":"c","x":1}]}`, "application/json", 400, "bad-input",
			[]string{"cases[0].x"}},
		"a wildcard": {`{"cases":[{"locationId":"*","caseId":"c"}]}`, "application/json", 400, "bad-input",
			[]string{"cases[0].locationId"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := advisor.send("POST", batchGet, c.body, "Content-Type", c.mediaType)
			if c.status == 200 {
				r.want(t, 200)
			} else {
				r.problem(t, c.status, c.kind, c.fields...)
			}
		})
	}
}

func TestEveryAnswerCarries(t *testing.T) {
	w, advisor := enabled(t)
	w.save(aCase("loc-100", "case-1", "50", north))
	for name, r := range map[string]response{
		"a case":     advisor.get(oneCase).want(t, 200),
		"health":     w.stranger().get("/v1/health").want(t, 200),
		"an error":   advisor.get("/v1/locations/loc-200/cases/case-1/related-ros").want(t, 403),
		"not there":  w.stranger().get("/v1/nothing").want(t, 404),
		"not stored": advisor.get("/v1/locations/loc-100/cases/case-2/related-ros").want(t, 404),
	} {
		t.Run(name, func(t *testing.T) {
			for header, want := range map[string]string{
				"Cache-Control":             "private, no-store",
				"Content-Security-Policy":   "default-src 'none'; frame-ancestors 'none'",
				"Referrer-Policy":           "no-referrer",
				"Strict-Transport-Security": "max-age=31536000",
				"X-Content-Type-Options":    "nosniff",
				"X-Request-Id":              r.header.Get("Apigw-Requestid"),
			} {
				if got := r.header.Get(header); got != want || got == "" {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
		})
	}
}

func TestRequestThatIsRefusedIsALineInTheLog(t *testing.T) {
	w, advisor := enabled(t)
	if w.stranger().get("/v1/health").want(t, 200); w.log.String() != "" {
		t.Errorf("a successful request is logged, although API Gateway logs it too: %s", w.log)
	}
	r := advisor.get(oneCase).want(t, 404)
	var line map[string]any
	if err := json.Unmarshal([]byte(w.log.String()), &line); err != nil {
		t.Fatalf("%v: %s", err, w.log)
	}
	delete(line, "time")
	want := map[string]any{
		"level": "INFO", "msg": "request", "method": "GET", "route": "GET /v1/locations/{locationId}/cases/{caseId}/related-ros",
		"status": 404.0, "ms": 0.0, "requestId": r.header.Get("X-Request-Id"), "roles": []any{"service_advisor"}, "location": "loc-100",
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Error(diff)
	}
}

func TestLogHoldsNoToken(t *testing.T) {
	w, advisor := enabled(t)
	advisor.get(oneCase)
	w.as(relatedro.Support, "*").get("/v1/nothing?token=" + advisor.token)
	for _, part := range strings.Split(advisor.token, ".") {
		if strings.Contains(w.log.String(), part) {
			t.Fatalf("log contains part of the token: %s", w.log)
		}
	}
}

func TestCursorsThatAreNotOfTheList(t *testing.T) {
	w, advisor := enabled(t)
	for i := range relatedro.PageSize + 1 {
		c := aCase("loc-100", fmt.Sprintf("case-%03d", i), "50", north)
		c.FirstEventAt = noon.AddDate(0, 0, i)
		w.save(c)
	}
	var page pageAnswer
	advisor.get(cases).want(t, 200).decode(t, &page)
	good := *page.Cursor
	changed := "A" + good[1:]
	if changed == good {
		changed = "B" + good[1:]
	}
	for name, target := range map[string]string{
		"changed":              cases + "?cursor=" + changed,
		"cut":                  cases + "?cursor=" + good[:len(good)-2],
		"not base64":           cases + "?cursor=%2B%2B",
		"far too long":         cases + "?cursor=" + strings.Repeat("A", 600),
		"of another asset":     strings.Replace(cases, "asset-77", "asset-78", 1) + "?cursor=" + good,
		"of another list":      "/v1/search?locationId=loc-100&ro=50&cursor=" + good,
		"padded":               cases + "?cursor=" + good + "=",
		"with unused bits set": cases + "?cursor=" + good + "A",
	} {
		t.Run(name, func(t *testing.T) {
			advisor.get(target).problem(t, 400, "bad-input", "cursor")
		})
	}
	twoPlaces := w.as(relatedro.ServiceAdvisor, "loc-100", "loc-200")
	twoPlaces.get(strings.Replace(cases, "loc-100", "loc-200", 1)+"?cursor="+good).problem(t, 400, "bad-input", "cursor")
}

func TestHealthTellsTheVersion(t *testing.T) {
	w := newWorld(t)
	if body := w.stranger().get("/v1/health").want(t, http.StatusOK).body; body != `{"status":"ok","version":"1a2b3c4"}` {
		t.Error(body)
	}
	if r := w.stranger().send("HEAD", "/v1/health", ""); r.status != http.StatusOK || r.body != "" {
		t.Errorf("HEAD: %d %s", r.status, r.body)
	}
	w.stranger().get("/v1/health?deep=1").problem(t, 400, "bad-input", "deep")
}
