package boot

import (
	"net/http"
	"time"
)

// Failed is the metric that a deployment's brakes look at: 1 for each message or request of a
// version that failed, 0 for each other, so that its average is the share that failed. To Lambda, a
// handler that fails every message or answers 500 succeeds.
const Failed = "Failed"

// CountFailures returns a function to be told of each message or request whether it failed.
func (k Kit) CountFailures() func(failed bool) {
	k.Metrics.Group(Failed, []string{"Stack", "Function", "Version"})
	return func(failed bool) {
		value := 0.0
		if failed {
			value = 1
		}
		k.Metrics.Add(Failed, None, value)
	}
}

// CountRequests returns a function to be told of each answered HTTP request: its route as in
// template.yaml, its status, and how long it took. A status from 500 is a failure.
func (k Kit) CountRequests() func(route string, status int, took time.Duration) {
	k.Metrics.Group("Latency", []string{"Stack", "Route"})
	failures := k.CountFailures()
	return func(route string, status int, took time.Duration) {
		k.Metrics.Add("Latency", Milliseconds, float64(took.Microseconds())/1000, By("Route", route))
		failures(status >= http.StatusInternalServerError)
	}
}
