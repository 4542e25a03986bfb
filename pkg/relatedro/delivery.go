package relatedro

import "time"

// Delivery is one event as a queue delivered it.
type Delivery struct {
	Event  Event
	SentAt time.Time // when the queue accepted it
}

// Disposition is the action that a queue takes on a delivery.
type Disposition int

// The dispositions.
const (
	Acknowledge Disposition = iota
	Retry                   // deliver again later, no earlier than Failure.RetryAfter
	SetAside                // move to the dead-letter queue for a person, with Failure's reason
)

// Outcomes of deliveries alone: logs and metrics report them, a case never shows them.
const (
	OutcomeSkipped  Outcome = "skipped"  // done by a newer event or an earlier run of this one
	OutcomeDisabled Outcome = "disabled" // the location is not enabled
	OutcomeWaiting  Outcome = "waiting"  // another function has the lease; retried in seconds
	OutcomeGaveUp   Outcome = "gave_up"  // failed for too long
	OutcomeRefused  Outcome = "refused"  // the message is not an event
)

// Result describes how one delivery ended.
type Result struct {
	Disposition Disposition
	Outcome     Outcome
	Failure     *Failure // cause of the failure; nil on success
	Message     string   // explanation of the failure for people
	Related     int      // number of related ROs found; OutcomeOK only
}

// retryFor returns the result of a delivery that failed and is retried. An account that another
// function has leased is not a problem to report.
func retryFor(f *Failure) Result {
	result := Result{Disposition: Retry, Outcome: OutcomeRetrying, Failure: f}
	if f.Reason == AccountBusy {
		result.Outcome = OutcomeWaiting
	}
	return result
}

// judge decides whether a failed delivery is retried. since is when the case's retrievals began to
// fail for this reason. A refresh that fails permanently is shown to the person who sees the case
// and is not set aside for our support staff.
func judge(d Delivery, f *Failure, since, now time.Time) Result {
	final := Result{Disposition: SetAside, Outcome: OutcomeFailed, Failure: f}
	switch {
	case f.Reason.Permanent(),
		f.Reason == RONotFound && now.Sub(d.Event.OccurredAt) >= UnknownROGrace,
		f.Reason == NotActivated && now.Sub(since) >= NotActivatedGrace:
	case now.Sub(d.SentAt) >= f.Reason.GiveUpAfter():
		final.Outcome = OutcomeGaveUp
	default:
		return retryFor(f)
	}
	if !d.Event.statesFacts() {
		final.Disposition, final.Outcome = Acknowledge, OutcomeFailed
	}
	return final
}
