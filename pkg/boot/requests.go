package boot

import (
	"net/http"
	"strconv"
	"time"
)

// Failed is the metric that a deployment's brakes look at: 1 for each message or request of a version that failed, 0 for each
// other, so that its average is the share that failed. To Lambda, a handler that fails every message or answers 500 succeeds.
const Failed = "Failed"

// CountFailures returns a function to be told of each message or request whether it failed. Its dimensions only say with which
// other figures it shares a line.
func (k Kit) CountFailures() func(failed bool, on ...Dimension) {
	k.Metrics.Group(Failed, []string{"Stack", "Function", "Version"})
	return func(failed bool, on ...Dimension) {
		value := 0.0
		if failed {
			value = 1
		}
		k.Metrics.Add(Failed, None, value, on...)
	}
}

// CountRequests returns a function to be told of each answered HTTP request: its route as in template.yaml, its status, and
// how long it took. Requests are counted by the class of their status, say "4xx"; a status from 500 is a failure. All figures of
// a request are on one line: CloudWatch is paid by what it takes in.
func (k Kit) CountRequests() func(route string, status int, took time.Duration) {
	k.Metrics.Group("Requests", []string{"Stack", "Route", "Status"})
	k.Metrics.Group("Latency", []string{"Stack", "Route"})
	failures := k.CountFailures()
	return func(route string, status int, took time.Duration) {
		on := []Dimension{By("Route", route), By("Status", strconv.Itoa(status/100)+"xx")}
		k.Metrics.Add("Requests", Count, 1, on...)
		k.Metrics.Add("Latency", Milliseconds, float64(took.Microseconds())/1000, on...)
		failures(status >= http.StatusInternalServerError, on...)
	}
}
