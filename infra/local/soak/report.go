package main

import (
	"fmt"
	"io"
	"runtime"
	"syscall"
	"text/tabwriter"
	"time"
)

// report is how a soak went. Sent is the sum of OK, Skipped, Disabled, DeadLettered and Lost messages.
type report struct {
	Sent, OK, Skipped, Disabled, DeadLettered int
	Retried                                   int // failed at least once and were tried again
	Killed                                    int // processes, while Karmak answered them
	Waited                                    int // found their account being asked at least once
	Lost, Wrong                               int
	Complaints                                []string // one for each lost or wrong thing
	Cases, Spinoffs, KarmakRequests, Faults   int
	Refetches, Refetched                      int   // calls that fetch a location again, and the cases that they put into the queue
	Memory                                    int64 // MB, of this process at most
	Told, ToldTwice, Kills                    int   // events, of which so many came again, and deaths of notify
	Took                                      time.Duration
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

// maxComplaints is how many are printed.
const maxComplaints = 20

// print writes the report as a table, with what is wrong below.
func (r *report) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range []struct {
		name  string
		n     int
		means string
	}{
		{"sent", r.Sent, "messages, those sent twice included"},
		{"ok", r.OK, "fetched and stored"},
		{"skipped", r.Skipped, "overtaken by a newer event, or done before"},
		{"disabled", r.Disabled, "of a location that is not enabled"},
		{"dead-lettered", r.DeadLettered, "can never work"},
		{"retried", r.Retried, "of all these; failed at first"},
		{"waited", r.Waited, "of all these; another process was asking their account"},
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
	_, err := fmt.Fprintf(out, "%d cases, %d ROs split off meanwhile, %d Karmak requests of which %d were made to fail, one at a time for an account; "+
		"%d processes killed; %d cases fetched again by %d calls; at most %d MB here; %.1f s\n",
		r.Cases, r.Spinoffs, r.KarmakRequests, r.Faults, r.Killed, r.Refetched, r.Refetches, r.Memory, r.Took.Seconds())
	if err == nil {
		_, err = fmt.Fprintf(out, "%d events told, %d of them again, while notify was killed %d times\n", r.Told, r.ToldTwice, r.Kills)
	}
	return err
}

// mostMemory returns the most MB that this process has had, which plays AWS and Karmak and holds all that they do.
func mostMemory() int64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	if runtime.GOOS == "linux" {
		return usage.Maxrss >> 10 // of KB
	}
	return usage.Maxrss >> 20 // of bytes
}
