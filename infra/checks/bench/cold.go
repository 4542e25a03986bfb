package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"related-ro/infra/checks/bench/coldstart"
	"related-ro/infra/checks/bench/engines"
	"related-ro/infra/checks/bench/report"
	"related-ro/infra/checks/bench/world"
	"related-ro/infra/local/stack"
)

const (
	coldStarts = 101
	warmEvents = 20 // per start
)

// build builds the functions and the references with the Makefile's flags.
func (b *bench) build(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(b.binaries, "read")); err == nil {
		return nil // another section has built them
	}
	if err := stack.Build(ctx, b.root, b.binaries); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w",
		"-o", b.binaries+string(filepath.Separator), "./infra/checks/bench/reference/...")
	command.Dir = b.root
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build references: %w\n%s", err, output)
	}
	return nil
}

// coldStart measures the cold start of every function and every reference.
func coldStart(ctx context.Context, b *bench) (report.Section, error) {
	if err := b.build(ctx); err != nil {
		return report.Section{}, err
	}
	e, err := engines.Start(ctx)
	if err != nil {
		return report.Section{}, err
	}
	defer e.Close()
	w, err := coldWorld(ctx, e)
	if err != nil {
		return report.Section{}, err
	}
	none, err := world.New(ctx, e, "cold-none")
	if err != nil {
		return report.Section{}, err
	}
	programs := b.programs(w, none)
	measured := make([]coldstart.Program, len(programs))
	for i, p := range programs {
		measured[i] = p.Program
	}
	results, err := coldstart.Measure(ctx, measured, coldStarts, warmEvents)
	if err != nil {
		return report.Section{}, err
	}
	return coldSection(programs, results), nil
}

// The events of the cold functions concern an enabled location, with one case that has no related
// ROs and one that has two, and a location that was never set up.
const (
	plainCase, familyCase = 1, 2
	coldLocation          = 1
	unknownLocation       = "loc-none"
)

func coldWorld(ctx context.Context, e *engines.Engines) (*world.World, error) {
	w, err := world.New(ctx, e, "cold")
	if err != nil {
		return nil, err
	}
	if err := w.AddLocation(ctx, coldLocation); err != nil {
		return nil, err
	}
	return w, w.Save(ctx, world.StoredCase(coldLocation, plainCase, 0), world.StoredCase(coldLocation, familyCase, world.Spinoffs))
}

// started is a program of the section: a function or a reference.
type started struct {
	coldstart.Program
	held string // for a function: the lean program's binary that links the same clients
}

// programs returns the empty handler first, then the lean programs, then the functions.
func (b *bench) programs(w, none *world.World) []started {
	location, _ := world.Location(coldLocation)
	environment := []string{
		"AWS_REGION=" + engines.Region, "AWS_ACCESS_KEY_ID=" + engines.AccessKey, "AWS_SECRET_ACCESS_KEY=" + engines.SecretKey,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL_DYNAMODB=" + w.Engines.DynamoDBURL, "TABLE_NAME=" + w.Table,
		"BENCH_PK=LOC#" + location, "BENCH_SK=SETTINGS",
		"KARMAK_BASE_URL=" + w.Engines.KarmakURL, "KARMAK_CREDENTIALS_SECRET_ID=none", // Karmak gets no request
		"EXPORT_QUEUE_URL=http://127.0.0.1:9/export", "EXPORT_DLQ_URL=http://127.0.0.1:9/export-dlq",
		"CLOSE_QUEUE_URL=http://127.0.0.1:9/close", "CLOSE_DLQ_URL=http://127.0.0.1:9/close-dlq",
		"REFRESH_QUEUE_URL=http://127.0.0.1:9/refresh", "REFRESH_DLQ_URL=http://127.0.0.1:9/refresh-dlq",
		"RETENTION_DAYS=1095", "DEALERS_TIME_ZONE=America/Chicago", "EVENT_BUS_NAME=bench",
	}
	program := func(name, binary, held, event, answer string, more ...string) started {
		return started{coldstart.Program{
			Name: name, Binary: filepath.Join(b.binaries, binary), Environment: slices.Concat(environment, more), Event: []byte(event), Answer: answer,
		}, held}
	}
	batch := string(world.BatchOf(world.Message(unknownLocation, 1)))
	const ok, done = `"statusCode":200`, `{"batchItemFailures":[]}`
	return []started{
		program("answers `{}` (empty)", "empty", "", "{}", "{}"),
		program("lean: DynamoDB", "leanget", "", "{}", "{}"),
		program("lean: DynamoDB, SQS, Secrets Manager", "leanthree", "", "{}", "{}"),
		program("lean: EventBridge, DynamoDB linked", "leanbus", "", "{}", "{}"),
		program("`read`: P1, no related ROs", "read", "leanget", string(world.GetCase(location, plainCase)), ok),
		program("`read`: P1, two related ROs", "read", "", string(world.GetCase(location, familyCase)), ok),
		program("`admin`: P6", "admin", "leanthree", string(world.GetSettings(location)), ok),
		program("`export`: location not enabled", "export", "leanthree", batch, done),
		program("`close`: location not enabled", "close", "leanthree", batch, done),
		program("`refresh`: location not enabled", "refresh", "leanthree", batch, done),
		program("`follow`: no connection", "follow", "leanthree", "{}", "null", "TABLE_NAME="+none.Table),
		program("`notify`: no record", "notify", "leanbus", `{"Records":[]}`, `{"batchItemFailures":`),
	}
}

func coldSection(programs []started, results []coldstart.Result) report.Section {
	empty := results[0]
	lean := make(map[string]coldstart.Result)
	for _, r := range results {
		lean[filepath.Base(r.Binary)] = r
	}
	s := report.Section{
		Title: "Cold start",
		Text: fmt.Sprintf(`
Each binary starts %d times over the Lambda Runtime API, in turn with the others and in a new order
each round. Init runs from the start of the process to its first request for an event, first is the
first event, and warm is the %d events after it. All times are medians. DynamoDB runs in memory in
another process. The references are `+"`infra/checks/bench/reference/{empty,leanget,leanthree,leanbus}`"+`.
A lean program links and creates the clients that the function needs, and does nothing else. All are
built with the Makefile's flags. The placement of a binary's pages in memory changes the times by a
few per cent, as `+"`export`, `close` and `refresh`"+` show, which are one program.`, coldStarts, warmEvents),
		Tables: []report.Table{{Columns: []string{
			"program", "size MB", "× lean", "init ms", "× empty", "× lean", "first ms", "warm ms", "peak RSS MB", "CPU of init ms", "CPU of warm ms",
		}}},
	}
	const mb = 1 << 20
	for i, r := range results {
		held, size, init := programs[i].held, "", ""
		if held != "" {
			size = report.Number(float64(r.Size) / float64(lean[held].Size))
			init = report.Number(ratio(r.Init.Median(), lean[held].Init.Median()))
		}
		s.Tables[0].Add(
			r.Name, report.Number(float64(r.Size)/1e6), size,
			report.Milliseconds(r.Init.Median()), report.Number(ratio(r.Init.Median(), empty.Init.Median())), init,
			report.Milliseconds(r.First.Median()), report.Milliseconds(r.Warm.Median()), report.Number(float64(r.PeakRSS)/mb),
			report.Milliseconds(r.InitCPU.Median()), report.Milliseconds(r.CPUPerEvent()))
		if held == "" {
			continue
		}
		name := "`" + filepath.Base(r.Binary) + "`: "
		s.Goals = append(s.Goals,
			report.Goal{What: name + "init over the lean program's", Value: ratio(r.Init.Median(), lean[held].Init.Median()), Limit: 1.05, Unit: "×"},
			report.Goal{What: name + "size of the binary over the lean program's", Value: float64(r.Size) / float64(lean[held].Size), Limit: 1.25, Unit: "×"},
			report.Goal{What: name + "peak memory when idle", Value: float64(r.PeakRSS) / mb, Limit: 20, Unit: "MB"})
	}
	over := func(name string) string { return report.Number(ratio(lean[name].Init.Median(), empty.Init.Median())) }
	s.Notes = fmt.Sprintf(`
**Cost of the SDK.** The DynamoDB package alone raises a program's init to %s × the empty handler's;
SQS and Secrets Manager raise it further to %s ×. That is %s ms of a start that takes Lambda a tenth
of a second or more. The causes are more code to page in, each service's regular expressions for
AWS's partitions, and the schemas of all its operations (infra/docs/decisions/0006).

**The first event.** P1 for a case with related ROs makes two consecutive calls, each the first of
its kind.`,
		over("leanget"), over("leanthree"), report.Milliseconds(lean["leanthree"].Init.Median()-empty.Init.Median()))
	return s
}

func ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }
