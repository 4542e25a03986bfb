package boot

import (
	"net/http"
	"time"
)

// Failed is the metric of a deployment's brake alarms, which roll the deployment back. It is 1 for
// each message or request that failed and 0 for every other, so that its average per version is the
// failure rate. Lambda's own error count cannot show this: to Lambda, a handler that fails every
// message or returns 500 succeeds.
const Failed = "Failed"

// CountFailures returns a function to call once for each message or request, with whether it
// failed.
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

// CountRequests returns a function to call once for each HTTP response, with the route as in
// template.yaml, the status and the duration. A status of 500 or above counts as a failure.
func (k Kit) CountRequests() func(route string, status int, took time.Duration) {
	k.Metrics.Group("Latency", []string{"Stack", "Route"})
	failures := k.CountFailures()
	return func(route string, status int, took time.Duration) {
		k.Metrics.Add("Latency", Milliseconds, float64(took.Microseconds())/1000, By("Route", route))
		failures(status >= http.StatusInternalServerError)
	}
}
