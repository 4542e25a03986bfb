package bench

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"related-ro/infra/emulators/issuer"
	"related-ro/infra/local/platform"
	"related-ro/infra/local/stack"
	"related-ro/pkg/karmak/karmaktest"
)

const (
	waitTurns = 30
	waitLook  = 5 * time.Millisecond // between two reads of a case

	// Consecutive look-ups, see package karmak. For a new family they find the ROs made from the
	// RO, the rows of both, and the ROs made from those. An unchanged family does not need the last
	// one.
	newFamily, knownFamily = 3, 2
)

// BenchmarkWaits measures the delays that users wait for, through the whole local stack: from the
// message that reports an export to the API's answer, and from the request of a refresh. The floor
// is the consecutive look-ups and the batching window.
func BenchmarkWaits(b *testing.B) {
	s, err := stack.Start(b.Context(), stack.Options{
		Root: root, Parameters: map[string]string{"ApiRateLimit": "10000", "ApiBurstLimit": "10000"},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.Karmak.AddAccount(account(0, upTo(waitTurns+1)...)); err != nil {
		b.Fatal(err)
	}
	p, c := s.Platform(), connection(0)
	err = p.SaveSettings(b.Context(), location(0), platform.Settings{
		Status: "ENABLED", DMS: platform.KarmakFusion, Karmak: platform.Connection{Account: c.Account, User: c.User, Branch: c.Branch},
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Karmak.SetFault(karmaktest.Fault{Kind: karmaktest.Latency, Latency: karmakLatency}); err != nil {
		b.Fatal(err)
	}
	window := make(map[string]time.Duration)
	for _, m := range s.Template.Mappings {
		window[m.Queue] = m.Window
	}
	b.Run("export", func(b *testing.B) {
		export := func(c platform.Case, _ int) error {
			_, err := p.Export(b.Context(), c)
			return err
		}
		reportWaits(b, awaitAll(b, p, export), window["ExportQueue"]+newFamily*karmakLatency)
	})
	b.Run("refresh", func(b *testing.B) {
		again := func(c platform.Case, n int) error { return refresh(b.Context(), s, c, n) }
		reportWaits(b, awaitAll(b, p, again), window["RefreshQueue"]+knownFamily*karmakLatency)
	})
}

func reportWaits(b *testing.B, took times, floor time.Duration) {
	p50, p99 := took.median(), took.quantile(0.99)
	Metrics(b, map[string]float64{"floor-ms": milliseconds(floor), "p50-ms": milliseconds(p50), "p99-ms": milliseconds(p99)})
	goals.Report(b, "x-floor-p50", ratio(p50, floor), 1.2)
	goals.Report(b, "x-floor-p99", ratio(p99, floor), 1.2)
}

// awaitAll calls do for one case after the other and measures the time until the API answers with
// the resulting retrieval. The first case signs in and is not counted.
func awaitAll(b *testing.B, p *platform.Platform, do func(c platform.Case, n int) error) (took times) {
	for n := range turns(waitTurns) + 1 {
		c := platform.Case{LocationID: location(0), CaseID: caseID(n), RONumber: ro(n)}
		before, err := p.RelatedROs(b.Context(), c.LocationID, c.CaseID)
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		if err := do(c, n); err != nil {
			b.Fatal(err)
		}
		for {
			answer, err := p.RelatedROs(b.Context(), c.LocationID, c.CaseID)
			if err != nil {
				b.Fatal(err)
			}
			if answer.Retrieval.Outcome == "ok" && answer.Retrieval.EventID != before.Retrieval.EventID {
				break
			}
			time.Sleep(waitLook)
		}
		if n > 0 {
			took = append(took, time.Since(began))
		}
	}
	return took
}

// refresh requests a refresh of a case, each time as another person, since the API limits the
// refreshes of one person.
func refresh(ctx context.Context, s *stack.Stack, c platform.Case, n int) error {
	token, err := s.Key().Token(issuer.Grant{
		Subject: fmt.Sprintf("person-%d@bench", n), Roles: []string{"service_manager"}, Locations: []string{"*"}, Issued: time.Now(),
		Lifetime: time.Hour,
	})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.APIURL+"/v1/locations/"+c.LocationID+"/cases/"+c.CaseID+"/refresh",
		http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		return fmt.Errorf("refresh %s: %s", c.CaseID, response.Status)
	}
	return nil
}
