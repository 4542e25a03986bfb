package bench

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"related-ro/infra/local/stack"
)

const (
	coldStarts = 101
	warmEvents = 20 // per start
)

// The events of the cold functions concern an enabled location, with one case that has no related
// ROs and one that has two, and a location that was never set up.
const (
	plainCase, familyCase = 1, 2
	coldLocation          = 1
	unknownLocation       = 2
)

// BenchmarkColdStart starts every function and the references, all built with the Makefile's flags.
// Times are medians. A lean program links and creates the clients that the function needs, and does
// nothing else.
func BenchmarkColdStart(b *testing.B) {
	binaries := b.TempDir()
	if err := stack.Build(b.Context(), root, binaries); err != nil {
		b.Fatal(err)
	}
	command := exec.CommandContext(b.Context(), "go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w",
		"-o", binaries+string(filepath.Separator), "./reference/...")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		b.Fatalf("build references: %v\n%s", err, output)
	}
	e := startEngines(b)
	w := newWorld(b, e, "cold", coldLocation)
	w.save(b, storedCase(coldLocation, plainCase, 0), storedCase(coldLocation, familyCase, spinoffs))
	all := programs(binaries, w, newWorld(b, e, "cold-none"))
	results := measureStarts(b, all, turns(coldStarts), warmEvents)
	byName := make(map[string]started)
	for i, r := range results {
		byName[all[i].name] = r
	}
	for i, r := range results {
		b.Run(all[i].name, func(b *testing.B) {
			Metrics(b, map[string]float64{
				"binary-MB": float64(r.size) / 1e6, "init-ms": milliseconds(r.init.median()),
				"x-empty-init": ratio(r.init.median(), results[0].init.median()), "first-ms": milliseconds(r.first.median()),
				"warm-ms": milliseconds(r.warm.median()), "warm-cpu-ms": milliseconds(r.warmCPU / time.Duration(len(r.warm))),
			})
			if lean, ok := byName[all[i].lean]; ok {
				goals.Report(b, "x-lean-init", ratio(r.init.median(), lean.init.median()), 1.05)
				goals.Report(b, "x-lean-binary", float64(r.size)/float64(lean.size), 1.25)
				goals.Report(b, "peak-MB", float64(r.peakRSS)/(1<<20), 20)
			}
		})
	}
}

// programs returns the empty handler first, then the lean programs, then the functions.
func programs(binaries string, w, none *world) []program {
	id := location(coldLocation)
	environment := []string{
		"AWS_REGION=" + region, "AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + secretKey,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL_DYNAMODB=" + w.DynamoDBURL, "TABLE_NAME=" + w.table,
		"KARMAK_BASE_URL=" + w.KarmakURL, "KARMAK_CREDENTIALS_SECRET_ID=none", // Karmak gets no request
		"EXPORT_QUEUE_URL=http://127.0.0.1:9/export", "EXPORT_DLQ_URL=http://127.0.0.1:9/export-dlq",
		"CLOSE_QUEUE_URL=http://127.0.0.1:9/close", "CLOSE_DLQ_URL=http://127.0.0.1:9/close-dlq",
		"REFRESH_QUEUE_URL=http://127.0.0.1:9/refresh", "REFRESH_DLQ_URL=http://127.0.0.1:9/refresh-dlq",
		"RETENTION_DAYS=1095", "DEALERS_TIME_ZONE=America/Chicago", "EVENT_BUS_NAME=bench",
	}
	reference := func(binary string) program {
		return program{name: binary, binary: filepath.Join(binaries, binary), environment: environment, event: "{}", answer: "{}"}
	}
	function := func(binary, lean, event, answer string, more ...string) program {
		return program{binary, filepath.Join(binaries, binary), lean, slices.Concat(environment, more), event, answer}
	}
	batch, _ := json.Marshal(cases{1, 1, []int{unknownLocation}}.exports()) // strings always marshal
	const ok, done = `"statusCode":200`, `{"batchItemFailures":[]}`
	linked := function("read", "", string(getCase(id, familyCase)), ok)
	linked.name = "read-linked"
	return []program{
		reference("empty"), reference("leanget"), reference("leanthree"), reference("leanbus"),
		function("read", "leanget", string(getCase(id, plainCase)), ok),
		linked,
		function("admin", "leanthree", string(getSettings(id)), ok),
		function("export", "leanthree", string(batch), done),
		function("close", "leanthree", string(batch), done),
		function("refresh", "leanthree", string(batch), done),
		function("follow", "leanthree", "{}", "null", "TABLE_NAME="+none.table),
		function("notify", "leanbus", `{"Records":[]}`, `{"batchItemFailures":`),
	}
}
