package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"related-ro/infra/checks/bench/report"
	"related-ro/infra/checks/bench/timing"
	"related-ro/infra/checks/bench/world"
	"related-ro/infra/emulators/issuer"
	"related-ro/infra/local/platform"
	"related-ro/infra/local/stack"
	"related-ro/pkg/dynamo"
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

// waits measures the delays that users wait for, through the whole local stack.
func waits(ctx context.Context, b *bench) (report.Section, error) {
	if err := b.build(ctx); err != nil {
		return report.Section{}, err
	}
	s, err := stack.Start(ctx, stack.Options{
		Root: b.root, Binaries: b.binaries, Parameters: map[string]string{"ApiRateLimit": "10000", "ApiBurstLimit": "10000"},
	})
	if err != nil {
		return report.Section{}, err
	}
	defer s.Close()
	w := &world.World{Store: dynamo.New(s.DynamoDBClient(), s.Template.Tables[0].Name)}
	if err := w.AddLocation(ctx, 0); err != nil {
		return report.Section{}, err
	}
	cases := make([]int, waitTurns+1)
	for n := range cases {
		cases[n] = n
	}
	if err := s.Karmak.AddAccount(world.Account(0, cases...)); err != nil {
		return report.Section{}, err
	}
	if err := s.Karmak.SetFault(karmaktest.Fault{Kind: karmaktest.Latency, Latency: karmakLatency}); err != nil {
		return report.Section{}, err
	}
	p := s.Platform()
	exported, err := waitFor(ctx, p, func(c platform.Case, _ int) error {
		_, err := p.Export(ctx, c)
		return err
	})
	if err != nil {
		return report.Section{}, err
	}
	refreshed, err := waitFor(ctx, p, func(c platform.Case, n int) error { return refresh(ctx, s, c, n) })
	if err != nil {
		return report.Section{}, err
	}
	window := make(map[string]time.Duration)
	for _, m := range s.Template.Mappings {
		window[m.Queue] = m.Window
	}
	return waitSection(exported, refreshed, window["ExportQueue"]+newFamily*karmakLatency, window["RefreshQueue"]+knownFamily*karmakLatency), nil
}

// waitFor calls do for one case after the other and measures the time until the API answers with
// the resulting retrieval. The first case signs in and is not counted.
func waitFor(ctx context.Context, p *platform.Platform, do func(c platform.Case, n int) error) (times timing.Times, err error) {
	location, _ := world.Location(0)
	for n := range waitTurns + 1 {
		c := platform.Case{LocationID: location, CaseID: world.Key(location, n).Case, RONumber: world.RO(n)}
		before, err := p.RelatedROs(ctx, c.LocationID, c.CaseID)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		if err := do(c, n); err != nil {
			return nil, err
		}
		for {
			answer, err := p.RelatedROs(ctx, c.LocationID, c.CaseID)
			if err != nil {
				return nil, err
			}
			if answer.Retrieval.Outcome == "ok" && answer.Retrieval.EventID != before.Retrieval.EventID {
				break
			}
			time.Sleep(waitLook)
		}
		if n > 0 {
			times = append(times, time.Since(began))
		}
	}
	return times, nil
}

// refresh requests a refresh of a case, each time as another person, since the API limits the
// refreshes of one person.
func refresh(ctx context.Context, s *stack.Stack, c platform.Case, n int) error {
	token, err := s.Key().Token(issuer.Grant{
		Subject: fmt.Sprintf("person-%d@bench", n), Roles: []string{"service_manager"}, Locations: []string{"*"}, Issued: time.Now(), Lifetime: time.Hour,
	})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.APIURL+"/v1/locations/"+c.LocationID+"/cases/"+c.CaseID+"/refresh", http.NoBody)
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

func waitSection(exported, refreshed timing.Times, exportFloor, refreshFloor time.Duration) report.Section {
	s := report.Section{
		Title: "Waits that users see",
		Text: fmt.Sprintf(`
Measured through the whole local stack, one operation at a time, with Karmak answering after %v. An
export starts with the message that reports it; a refresh starts with the request, for a case whose
family has not changed. Both end when the API answers with the new list, which is read every %v. The
floor is the consecutive look-ups, %d for an export and %d for a refresh, plus the batching window in
template.yaml. The element polls for the answer after 0.5 s, then at intervals from 0.3 s up.`, karmakLatency, waitLook, newFamily, knownFamily),
		Tables: []report.Table{{Columns: []string{"", "floor ms", "p50 ms", "ratio", "p99 ms", "ratio"}}},
	}
	add := func(name string, times timing.Times, floor time.Duration) {
		p50, p99 := times.Median(), times.Quantile(0.99)
		s.Tables[0].Add(name, report.Milliseconds(floor), report.Milliseconds(p50), report.Ratio(p50, floor), report.Milliseconds(p99), report.Ratio(p99, floor))
		s.Goals = append(s.Goals,
			report.Goal{What: name + ": p50 over the floor", Value: ratio(p50, floor), Limit: 1.2, Unit: "×"},
			report.Goal{What: name + ": p99 over the floor", Value: ratio(p99, floor), Limit: 1.2, Unit: "×"})
	}
	add("export to the API's answer", exported, exportFloor)
	add("Refresh to the API's answer", refreshed, refreshFloor)
	return s
}
