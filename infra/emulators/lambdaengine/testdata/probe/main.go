// Probe is a function that behaves as its event requests, so that tests can observe how the runtime
// handles it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do   string
	URL  string
	Size int
}

type answer struct {
	PID       int
	Variable  string
	Home      string
	RequestID string
	ARN       string
	Deadline  int64
	Text      string
}

func main() {
	if reason := os.Getenv("REFUSE_START"); reason != "" {
		fmt.Fprint(os.Stderr, "REFUSE_START is set")
		if reason == "reported" {
			report()
		}
		os.Exit(1)
	}
	lambda.Start(handle)
}

// report sends an init error to the Runtime API, as a runtime does when initialization fails.
func report() {
	response, err := http.Post("http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2018-06-01/runtime/init/error", "application/json",
		strings.NewReader(`{"errorType":"Probe.Refused","errorMessage":"as asked"}`))
	if err != nil || response.StatusCode != http.StatusAccepted {
		fmt.Fprint(os.Stderr, response, err)
	}
}

func handle(ctx context.Context, raw json.RawMessage) (any, error) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	a := answer{
		PID: os.Getpid(), Variable: os.Getenv("VARIABLE"), Home: os.Getenv("HOME"), RequestID: lc.AwsRequestID,
		ARN: lc.InvokedFunctionArn, Deadline: deadline.UnixMilli(),
	}
	switch e.Do {
	case "fail":
		return nil, errors.New("as asked")
	case "panic":
		panic("as asked")
	case "exit":
		os.Exit(3)
	case "hang":
		select {}
	case "print":
		fmt.Println("one\ntwo")
	case "answer":
		a.Text = strings.Repeat("x", e.Size)
	case "call": // returns when the server at URL responds
		response, err := http.Get(e.URL)
		if err != nil {
			return nil, err
		}
		response.Body.Close()
	case "spawn": // leaves a child process behind
		child := exec.Command("sleep", "600")
		if err := child.Start(); err != nil {
			return nil, err
		}
		a.PID = child.Process.Pid
	}
	return a, nil
}
