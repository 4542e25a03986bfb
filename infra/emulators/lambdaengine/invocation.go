package lambdaengine

import (
	"encoding/json"
	"fmt"
	"time"

	"related-ro/infra/emulators/uuid"
)

// invocation is one event while a process handles it.
type invocation struct {
	id      string
	payload []byte
	// done receives the outcome exactly once. It is buffered, so delivery does not block if the
	// caller has left.
	done chan outcome

	// The process that handles the invocation owns the fields below.
	init     time.Duration
	begun    time.Time
	timer    *time.Timer
	answered *Result
	timedOut bool
}

type outcome struct {
	result Result
	err    error
}

func newInvocation(payload []byte) *invocation {
	return &invocation{id: uuid.New(), payload: payload, done: make(chan outcome, 1)}
}

func (inv *invocation) report(function string, result Result) Report {
	report := Report{Function: function, RequestID: inv.id, Init: inv.init}
	if !inv.begun.IsZero() {
		report.Duration = time.Since(inv.begun)
	}
	if result.FunctionError != "" {
		var failure struct {
			ErrorType string `json:"errorType"`
		}
		report.Error = "Unhandled"
		if json.Unmarshal(result.Payload, &failure) == nil && failure.ErrorType != "" {
			report.Error = failure.ErrorType
		}
	}
	return report
}

// unhandled returns a failure in Lambda's format.
func unhandled(errorType, format string, arguments ...any) *Result {
	payload, _ := json.Marshal(map[string]string{ // a map of strings always encodes
		"errorType": errorType, "errorMessage": fmt.Sprintf(format, arguments...),
	})
	return &Result{Payload: payload, FunctionError: "Unhandled"}
}
