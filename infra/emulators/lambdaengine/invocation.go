package lambdaengine

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
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
	return &invocation{id: newID(), payload: payload, done: make(chan outcome, 1)}
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

// newID returns a random UUID, version 4.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never returns an error
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	text := hex.EncodeToString(b[:])
	return fmt.Sprintf("%s-%s-%s-%s-%s", text[:8], text[8:12], text[12:16], text[16:20], text[20:])
}
