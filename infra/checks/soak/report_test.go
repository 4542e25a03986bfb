package soak

import (
	"fmt"
	"io"
	"runtime"
	"syscall"
	"text/tabwriter"
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
	Memory               int64 // peak memory of this process in MB
	// Told counts events, ToldTwice duplicates among them, and Kills the kills of notify.
	Told, ToldTwice, Kills int
	Took                   time.Duration
}

// right reports whether nothing was lost and nothing is wrong.
func (r *report) right() bool { return r.Lost == 0 && r.Wrong == 0 && len(r.Complaints) == 0 }

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

// print writes the report as a table, followed by the complaints.
func (r *report) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range []struct {
		name  string
		n     int
		means string
	}{
		{"sent", r.Sent, "messages, including duplicates"},
		{"ok", r.OK, "fetched and stored"},
		{"skipped", r.Skipped, "superseded by a newer event, or already done"},
		{"disabled", r.Disabled, "for a location that is not enabled"},
		{"dead-lettered", r.DeadLettered, "can never succeed"},
		{"retried", r.Retried, "of all these; failed at first, then retried"},
		{"waited", r.Waited, "of all these; another process held the account's lease"},
		{"lost", r.Lost, "must be 0"},
		{"wrong", r.Wrong, "must be 0"},
	} {
		fmt.Fprintf(table, "%s\t%d\t  %s\n", row.name, row.n, row.means)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for i, complaint := range r.Complaints {
		if i == maxComplaints {
			fmt.Fprintf(out, "... and %d more\n", len(r.Complaints)-i)
			break
		}
		fmt.Fprintln(out, complaint)
	}
	_, err := fmt.Fprintf(out, "%d cases, %d ROs split off during the run, %d Karmak requests, %d with injected faults, one request at a time per account; "+
		"%d processes killed; %d cases refetched by %d calls; peak memory %d MB; %.1f s\n",
		r.Cases, r.Spinoffs, r.KarmakRequests, r.Faults, r.Killed, r.Refetched, r.Refetches, r.Memory, r.Took.Seconds())
	if err == nil {
		_, err = fmt.Fprintf(out, "%d events, %d of them sent again; notify was killed %d times\n", r.Told, r.ToldTwice, r.Kills)
	}
	return err
}

// mostMemory returns the peak memory in MB of this process, which simulates AWS and Karmak and
// holds all their data.
func mostMemory() int64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	if runtime.GOOS == "linux" {
		return usage.Maxrss >> 10 // from KB
	}
	return usage.Maxrss >> 20 // from bytes
}
