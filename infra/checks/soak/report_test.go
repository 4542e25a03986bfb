package soak

import (
	"fmt"
	"testing"
	"time"
)

// report is the result of a soak. Sent is the sum of OK, Skipped, Disabled, DeadLettered and Lost
// messages.
type report struct {
	Sent, OK, Skipped, Disabled, DeadLettered int
	Retried                                   int // failed and retried at least once
	Killed                                    int // processes killed during a request to Karmak
	// Waited counts messages that waited for another function's lease at least once.
	Waited                                  int
	Lost, Wrong                             int
	Complaints                              []string // one for each lost or wrong item
	Cases, Spinoffs, KarmakRequests, Faults int
	// Refetches counts calls that refetch a location; Refetched counts the cases that they queued.
	Refetches, Refetched int
	// Events counts the events, Duplicates those that came again, and Kills the kills of notify.
	Events, Duplicates, Kills int
	Took                      time.Duration
}

func (r *report) lost(format string, arguments ...any) {
	r.Lost++
	r.Complaints = append(r.Complaints, "lost: "+fmt.Sprintf(format, arguments...))
}

func (r *report) wrong(format string, arguments ...any) {
	r.Wrong++
	r.Complaints = append(r.Complaints, "wrong: "+fmt.Sprintf(format, arguments...))
}

// maxComplaints is the maximum number of complaints printed.
const maxComplaints = 20

// judge logs the report, and fails the test if a message was lost or something is wrong.
func (r *report) judge(t *testing.T) {
	t.Helper()
	t.Logf(`
%6d messages sent, including duplicates; of all these
%6d ok: fetched and stored
%6d skipped: superseded by a newer event, or already done
%6d disabled: for a location that is not enabled
%6d dead-lettered: can never succeed
%6d failed at first, then retried
%6d waited, since another process held the account's lease
%6d lost, must be 0
%6d wrong, must be 0`,
		r.Sent, r.OK, r.Skipped, r.Disabled, r.DeadLettered, r.Retried, r.Waited, r.Lost, r.Wrong)
	t.Logf("%d cases, %d ROs split off during the run, %d Karmak requests, %d with injected faults, one request at a time per account; "+
		"%d processes killed; %d cases refetched by %d calls; %.1f s",
		r.Cases, r.Spinoffs, r.KarmakRequests, r.Faults, r.Killed, r.Refetched, r.Refetches, r.Took.Seconds())
	t.Logf("%d events, %d of them sent again; notify was killed %d times", r.Events, r.Duplicates, r.Kills)
	for i, complaint := range r.Complaints {
		if i == maxComplaints {
			t.Errorf("... and %d more", len(r.Complaints)-i)
			break
		}
		t.Error(complaint)
	}
}
