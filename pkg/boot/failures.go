package boot

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
