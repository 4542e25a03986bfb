// Package engines runs what the product talks to, DynamoDB and Karmak in memory, in a
// process of its own, so that neither their time nor their allocations are counted as
// the product's.
package engines

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"related-ro/pkg/boot"
	"related-ro/pkg/karmak/karmaktest"
)

// Argument is what Start runs its own executable with. A main that finds it as its
// first argument calls Serve and does nothing else.
const Argument = "engines"

// Names of what stands in for AWS's and Karmak's own.
const (
	Region                             = "us-east-1"
	AccessKey, SecretKey               = "bench", "bench"
	KarmakClientID, KarmakClientSecret = "bench-client", "bench-secret"
)

// Engines is the process, seen from outside.
type Engines struct {
	// DynamoDBURL and KarmakURL are where the engines listen.
	DynamoDBURL, KarmakURL string

	command *exec.Cmd
	input   io.Closer
	http    *http.Client
}

// Start starts the process and returns when it answers. Close it.
func Start(ctx context.Context) (*Engines, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start engines: %w", err)
	}
	command := exec.CommandContext(ctx, self, Argument)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe() // its end ends the process, even if this one is killed
	if err != nil {
		return nil, fmt.Errorf("start engines: %w", err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start engines: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start engines: %w", err)
	}
	e := &Engines{command: command, input: input, http: &http.Client{Timeout: 10 * time.Minute}}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &addresses{&e.DynamoDBURL, &e.KarmakURL})
	}
	if err != nil {
		e.Close()
		return nil, fmt.Errorf("start engines: where they listen: %w", err)
	}
	return e, nil
}

type addresses struct{ DynamoDB, Karmak *string }

// Close ends the process and waits for it.
func (e *Engines) Close() {
	e.input.Close()
	_ = e.command.Wait() // how it ended matters to nobody
}

// DynamoDB returns a client as a Lambda function makes it.
func (e *Engines) DynamoDB(options ...func(*dynamodb.Options)) *dynamodb.Client {
	credentials := aws.Credentials{AccessKeyID: AccessKey, SecretAccessKey: SecretKey}
	return dynamodb.New(dynamodb.Options{
		Region: Region, BaseEndpoint: &e.DynamoDBURL,
		HTTPClient: &http.Client{Transport: boot.NewTransport()},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
	}, options...)
}

// AddAccount gives Karmak an account, or more ROs to one.
func (e *Engines) AddAccount(ctx context.Context, a karmaktest.Account) error {
	return e.do(ctx, http.MethodPost, e.KarmakURL+"/control/account", a, nil)
}

// SetLatency makes every call of Karmak take that long; 0 as long as it takes.
func (e *Engines) SetLatency(ctx context.Context, latency time.Duration) error {
	if err := e.do(ctx, http.MethodDelete, e.KarmakURL+"/control/faults", nil, nil); err != nil || latency == 0 {
		return err
	}
	fault := map[string]string{"kind": string(karmaktest.Latency), "latency": latency.String()}
	return e.do(ctx, http.MethodPost, e.KarmakURL+"/control/fault", fault, nil)
}

// Counts returns what Karmak was asked.
func (e *Engines) Counts(ctx context.Context) (counts karmaktest.Counts, err error) {
	return counts, e.do(ctx, http.MethodGet, e.KarmakURL+"/control/counts", nil, &counts)
}

// Fill puts many cases into DynamoDB.
func (e *Engines) Fill(ctx context.Context, f Filling) error {
	return e.do(ctx, http.MethodPost, e.DynamoDBURL+fillPath, f, nil)
}

// RestCollector has the process collect its garbage now and not again: a heap of
// millions of items takes seconds, which are nobody's but the engine's.
func (e *Engines) RestCollector(ctx context.Context) error {
	return e.do(ctx, http.MethodPost, e.DynamoDBURL+garbagePath, nil, nil)
}

func (e *Engines) do(ctx context.Context, method, url string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	response, err := e.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w", method, url, err)
	case response.StatusCode/100 != 2:
		return fmt.Errorf("%s %s: status %d: %s", method, url, response.StatusCode, text)
	case out != nil:
		return json.Unmarshal(text, out)
	}
	return nil
}
