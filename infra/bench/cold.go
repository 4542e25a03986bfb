package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"related-ro/infra/bench/coldstart"
	"related-ro/infra/bench/engines"
	"related-ro/infra/bench/report"
	"related-ro/infra/bench/world"
	"related-ro/infra/local/stack"
)

const (
	coldStarts = 121
	warmEvents = 20 // of each start
)

// build builds the functions and the references with the Makefile's flags.
func (b *bench) build(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(b.binaries, "read")); err == nil {
		return nil // another section did
	}
	if err := stack.Build(ctx, b.root, b.binaries); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w",
		"-o", b.binaries+string(filepath.Separator), "./infra/bench/reference/...")
	command.Dir = b.root
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build references: %w\n%s", err, output)
	}
	return nil
}

// coldStart starts every function and every reference.
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
	results, err := coldstart.Measure(ctx, b.programs(w), coldStarts, warmEvents)
	if err != nil {
		return report.Section{}, err
	}
	return coldSection(results), nil
}

// What the cold functions are asked about: an enabled location with a case without
// related ROs and one with two, and a location that nobody has set up.
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

// programs are the limit first, then the other references, then the functions.
func (b *bench) programs(w *world.World) []coldstart.Program {
	location, _ := world.Location(coldLocation)
	environment := []string{
		"AWS_REGION=" + engines.Region, "AWS_ACCESS_KEY_ID=" + engines.AccessKey, "AWS_SECRET_ACCESS_KEY=" + engines.SecretKey,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL_DYNAMODB=" + w.Engines.DynamoDBURL, "TABLE_NAME=" + w.Table,
		"BENCH_PK=LOC#" + location, "BENCH_SK=SETTINGS",
		"KARMAK_BASE_URL=" + w.Engines.KarmakURL, "KARMAK_CREDENTIALS_SECRET_ID=none", // no event here asks Karmak
		"EXPORT_QUEUE_URL=http://127.0.0.1:9/export", "EXPORT_DLQ_URL=http://127.0.0.1:9/export-dlq",
		"CLOSE_QUEUE_URL=http://127.0.0.1:9/close", "CLOSE_DLQ_URL=http://127.0.0.1:9/close-dlq",
		"REFRESH_QUEUE_URL=http://127.0.0.1:9/refresh", "REFRESH_DLQ_URL=http://127.0.0.1:9/refresh-dlq",
		"RETENTION_DAYS=1095",
	}
	program := func(name, binary string, event []byte, answer string) coldstart.Program {
		return coldstart.Program{
			Name: name, Binary: filepath.Join(b.binaries, binary), Environment: environment, Event: event, Answer: answer,
		}
	}
	nothing := []byte("{}")
	batch := func(location string, n int) []byte { return world.BatchOf(world.Message(location, n)) }
	const ok, done = `"statusCode":200`, `{"batchItemFailures":[]}`
	return []coldstart.Program{
		limitAt:  program("answers `{}` (the limit)", "empty", nothing, "{}"),
		rawAt:    program("one GetItem, signed by hand", "rawget", nothing, "{}"),
		leanAt:   program("one GetItem, lean", "leanget", nothing, "{}"),
		threeAt:  program("the same, with clients of SQS and Secrets Manager", "leanthree", nothing, "{}"),
		commonAt: program("one GetItem, LoadDefaultConfig", "commonget", nothing, "{}"),
		readAt:   program("`read`: P1, no related ROs", "read", world.GetCase(location, plainCase), ok),
		familyAt: program("`read`: P1, two related ROs", "read", world.GetCase(location, familyCase), ok),
		adminAt:  program("`admin`: P6", "admin", world.GetSettings(location), ok),
		exportAt: program("`export`: location not enabled", "export", batch(unknownLocation, 1), done),
		closeAt:  program("`close`: location not enabled", "close", batch(unknownLocation, 1), done),
	}
}

// Positions of programs.
const (
	limitAt = iota
	rawAt
	leanAt
	threeAt
	commonAt
	readAt
	familyAt
	adminAt
	exportAt
	closeAt
)

func coldSection(results []coldstart.Result) report.Section {
	limit, lean := results[limitAt], results[leanAt]
	s := report.Section{
		Title: "Cold start",
		Text: fmt.Sprintf(`
Each binary is started %d times in turns with the others, each turn in another order, over the Lambda Runtime API: init is from the
start of the process to its first call for an event, first is the first event, warm are %d more. Medians. DynamoDB and Karmak are in
memory, in another process. The references are `+"`infra/bench/reference/{empty,rawget,leanget,leanthree,commonget}`"+`; all are built
with the Makefile's flags. What a binary's pages happen to get of the machine's memory makes a few per cent: `+"`export` and `close`"+` are one
program.`, coldStarts, warmEvents),
		Tables: []report.Table{{Columns: []string{
			"program", "size MB", "× limit", "init ms", "× limit", "× lean", "first ms", "× lean", "warm ms", "peak RSS MB", "CPU of init ms", "CPU of warm ms",
		}}},
	}
	const mb = 1 << 20
	for _, r := range results {
		s.Tables[0].Add(
			r.Name,
			report.Number(float64(r.Size)/1e6), report.Number(float64(r.Size)/float64(limit.Size)),
			report.Milliseconds(r.Init.Median()), report.Number(ratio(r.Init.Median(), limit.Init.Median())), report.Number(ratio(r.Init.Median(), lean.Init.Median())),
			report.Milliseconds(r.First.Median()), report.Number(ratio(r.First.Median(), lean.First.Median())),
			report.Milliseconds(r.Warm.Median()), report.Number(float64(r.PeakRSS)/mb),
			report.Milliseconds(r.InitCPU.Median()), report.Milliseconds(r.CPUPerEvent()))
	}
	goal := func(what string, value, limit float64, unit string) {
		s.Goals = append(s.Goals, report.Goal{What: what, Value: value, Limit: limit, Unit: unit})
	}
	for _, f := range []struct {
		name string
		at   int
	}{{"read", readAt}, {"export", exportAt}, {"close", closeAt}, {"admin", adminAt}} {
		r := results[f.at]
		goal("`"+f.name+"`: init over the limit's", ratio(r.Init.Median(), limit.Init.Median()), 1.35, "×")
		goal("`"+f.name+"`: first event over one lean GetItem's", ratio(r.First.Median(), lean.First.Median()), 1.5, "×")
		goal("`"+f.name+"`: size of the binary over the limit's", float64(r.Size)/float64(limit.Size), 1.6, "×")
		goal("`"+f.name+"`: peak memory when idle", float64(r.PeakRSS)/mb, 20, "MB")
	}
	over := func(at, reference int) string {
		return report.Number(ratio(results[at].Init.Median(), results[reference].Init.Median()))
	}
	s.Notes = fmt.Sprintf(`
**What limits init.** The SDK's DynamoDB package puts a program at %s × the limit's init, and those of SQS and Secrets Manager beside it
put one at %s ×, before it does anything of its own: more code to page in, and for each service the regular expressions of AWS's
partitions (GODEBUG=inittrace=1 names service/…/internal/endpoints). The same GetItem without them, signed by hand, is at %s ×.
`+"`read`"+` is at %s × the lean program that does nothing but link the package and make a client; `+"`export`, `close` and `admin`"+` are at %s, %s and
%s × the one that links all three. What is above the limit is mostly the SDK's, then, and could be had back only by writing AWS's
protocols, with their retries and signatures, anew: %s ms of a start that takes Lambda a tenth of a second or more. That is not worth
a second client to maintain. The SDK's newer clients start slower still (infra/docs/decisions/0006).

**What limits the first event.** P1 of a case with related ROs is two calls one after the other, each the first of its kind; it is no
GetItem's equal.`,
		over(leanAt, limitAt), over(threeAt, limitAt), over(rawAt, limitAt), over(readAt, leanAt),
		over(exportAt, threeAt), over(closeAt, threeAt), over(adminAt, threeAt),
		report.Milliseconds(results[exportAt].Init.Median()-results[limitAt].Init.Median()))
	return s
}

func ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }
