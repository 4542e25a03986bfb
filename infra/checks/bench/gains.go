package main

import "related-ro/infra/checks/bench/report"

// gains lists the improvements that came from measuring, with their figures from that time.
func gains() report.Section {
	s := report.Section{
		Title:  "Improvements",
		Text:   "Measured when each change was made, on a machine like this one. The commits have the details.",
		Tables: []report.Table{{Columns: []string{"change", "before", "after"}}},
		Notes: `
Reverted, because users would not notice the difference: hand-written encoding of metrics (0.013 ms
of P1's CPU time), hand-written one-pass decoding and encoding of a batch (0.1 ms of P3), and older
releases of the SDK's clients, which start 0.5 ms sooner and take twice as long for P3.

Tried and rejected:

- reading Karmak's secret without the SDK's Secrets Manager package: saves 3 % of the init of
  ` + "`export`" + ` and 0.2 MB of its binary, but adds a second way to sign requests;
- profile-guided optimization with a profile of the reads: P3's CPU time changes by less than 2 %,
  P1's by less than the noise, and the binary grows by 2 %;
- building without HTTP/2 (nethttpomithttp2): binaries are 0.4 MB smaller, init stays the same;
- GOEXPERIMENT=jsonv2, which the SDK's decoding would use: P3 takes a quarter more CPU time;
- creating the clients of SQS and Secrets Manager on first use: saves 0.01 ms each.`,
	}
	t := &s.Tables[0]
	t.Add("request bodies without WriteTo: failed BatchGetItem calls of 100 keys on one busy processor", "136 and 162 of 1,500", "0 of 3,000")
	t.Add("garbage collection at 400 % instead of 100 %: P3 of 100 cases, p50", "7.6 ms", "5.5 ms")
	t.Add("the same: P1 without related ROs, p99", "3.4 ms", "1.9 ms")
	t.Add("up to 100 keys read without a goroutine: P1's time beyond its bare call", "0.13 ms", "0.08 ms")
	t.Add("last RO deferred even with several spinoffs: 50 messages of one account", "4 look-ups, 3.3 round trips", "3 look-ups, 2.2 round trips")
	t.Add("last RO deferred from 4 rows on: time to drain the backlog", "43 s", "36 s")
	t.Add("only displayed attributes requested from DynamoDB: P3's time beyond its bare call", "1.36 ms", "0.67 ms")
	t.Add("an invocation's metrics on one line: bytes that CloudWatch ingests for an export", "1.8 KB", "0.9 KB")
	t.Add("known ROs requested in the first round: look-ups of a refresh or close with an unchanged family", "3", "2")
	t.Add("no batching window for refreshes: time from Refresh to the API's answer", "1.6 s", "0.45 s")
	t.Add("long answers compressed with gzip: response size of P3 with 100 cases", "86 KB", "4 KB")
	return s
}
