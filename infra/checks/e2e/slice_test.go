package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

func TestMessageShowsUp(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.send(s.event("e1"))
	s.shows("exported", "ok", "e1", s.alt)
}

func TestCloseFetchesAnew(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.send(s.event("e1"))
	s.shows("exported", "ok", "e1", s.alt)
	another := s.alt + "9"
	s.spinoff(s.account, another)
	s.send(s.closing("c2", after(time.Second)))
	s.shows("closed", "ok", "c2", s.alt, another)
}

func TestCaseNeverRetrievedIs404(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	if got := s.reads("case-1"); got != "404 case-not-retrieved" {
		t.Errorf("reads %q", got)
	}
}

func TestReaderNeedsATokenOfTheLocation(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	other, err := sys.stack.Token("service_advisor", "another-location")
	s.must(err)
	for name, c := range map[string]struct {
		authorization string
		status        int
	}{
		"no token":                 {"", http.StatusUnauthorized},
		"not a token":              {"Bearer nonsense", http.StatusUnauthorized},
		"another location's token": {"Bearer " + other, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			url := fmt.Sprintf("%s/v1/locations/%s/cases/case-1/related-ros", sys.stack.APIURL, s.location)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
			s.must(err)
			if c.authorization != "" {
				r.Header.Set("Authorization", c.authorization)
			}
			answer, err := http.DefaultClient.Do(r)
			s.must(err)
			answer.Body.Close()
			if answer.StatusCode != c.status {
				t.Errorf("status %d, want %d", answer.StatusCode, c.status)
			}
		})
	}
}

func TestBatchOf50With5BrokenMessages(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	encode := func(ev relatedro.Event) string {
		body, err := sqsbatch.Encode(ev)
		s.must(err)
		return body
	}
	valid := encode(s.event("x"))
	broken := map[string]string{ // by body
		`not JSON, of "` + s.location + `"`:                                sqsbatch.NotJSON,
		strings.Replace(valid, `"roNumber":`, `"roNumberr":`, 1):           sqsbatch.InvalidField,
		strings.Replace(valid, `"`+s.ro+`"`, `null`, 1):                    sqsbatch.InvalidField,
		strings.Replace(valid, `"version":1`, `"version":2`, 1):            sqsbatch.UnsupportedVersion,
		encode(s.event("x", after(365*24*time.Hour), ofCase("from-2027"))): sqsbatch.OccurredInFuture,
	}
	var bodies []string
	for body := range broken {
		bodies = append(bodies, body)
		for range 9 {
			name := fmt.Sprint("e", len(bodies))
			bodies = append(bodies, encode(s.event(name, ofCase("case-"+name))))
		}
	}
	ids := s.sendTo("ExportQueue", bodies...)
	for i, body := range bodies {
		code, isBroken := broken[body]
		if !isBroken {
			s.showsOf(fmt.Sprint("case-e", i), "exported", "ok", fmt.Sprint("e", i), s.alt)
			continue
		}
		letter := s.setAside("ExportDeadLetterQueue", body)
		if got := attribute(letter, sqsbatch.AttrErrorCode); got != code || *letter.Body != body {
			t.Errorf("dead letter %s with body %q, want %s with body %q", got, *letter.Body, code, body)
		}
		if attribute(letter, sqsbatch.AttrErrorMessage) == "" || attribute(letter, sqsbatch.AttrSource) != "export" {
			t.Errorf("dead letter %s says %q, from %q", code, attribute(letter, sqsbatch.AttrErrorMessage),
				attribute(letter, sqsbatch.AttrSource))
		}
		if _, err := time.Parse(time.RFC3339, attribute(letter, sqsbatch.AttrFailedAt)); err != nil {
			t.Error(err)
		}
	}
	s.settled(ids...)
	distinct := map[string]bool{}
	for _, letter := range sys.deadLetters(t, "ExportDeadLetterQueue", s.location+`"`) {
		distinct[*letter.Body] = true
	}
	if len(distinct) != len(broken) {
		t.Errorf("%d different dead letters, want %d", len(distinct), len(broken))
	}
}

func TestEventRightAfterEnablingIsFetched(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.save("DISABLED", s.account)
	s.settled(s.send(s.event("e1"))...) // the function has then seen it disabled
	if got := s.reads("case-1"); got != "404 case-not-retrieved" {
		t.Errorf("reads %q after an event of a disabled location", got)
	}
	s.save("ENABLED", s.account)
	s.send(s.event("e2"))
	s.shows("exported", "ok", "e2", s.alt)
	s.nothingSetAside()
}
