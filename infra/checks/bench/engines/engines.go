// Package engines runs the product's dependencies, DynamoDB and Karmak, in memory in a separate
// process, so that neither their time nor their allocations count as the product's.
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

// Argument is the argument with which Start runs its own executable. A program that gets it as its
// first argument must call only Serve.
const Argument = "engines"

// Names used in place of those of AWS and Karmak.
const (
	Region                             = "us-east-1"
	AccessKey, SecretKey               = "bench", "bench"
	KarmakClientID, KarmakClientSecret = "bench-client", "bench-secret"
)

// Engines is the process as seen by its parent.
type Engines struct {
	// DynamoDBURL and KarmakURL are the addresses of the engines.
	DynamoDBURL, KarmakURL string

	command *exec.Cmd
	input   io.Closer
	http    *http.Client
}

// Start starts the process and returns once the engines listen. The caller must call Close.
func Start(ctx context.Context) (*Engines, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start engines: %w", err)
	}
	command := exec.CommandContext(ctx, self, Argument)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe() // closing it ends the process, even if this one is killed
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
		return nil, fmt.Errorf("start engines: read their addresses: %w", err)
	}
	return e, nil
}

type addresses struct{ DynamoDB, Karmak *string }

// Close ends the process and waits for its exit.
func (e *Engines) Close() {
	e.input.Close()
	_ = e.command.Wait() // its exit status does not matter
}

// DynamoDB returns a client configured as in a Lambda function.
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

// AddAccount adds an account to Karmak, or more ROs to an existing one.
func (e *Engines) AddAccount(ctx context.Context, a karmaktest.Account) error {
	return e.do(ctx, http.MethodPost, e.KarmakURL+"/control/account", a, nil)
}

// SetLatency makes every call to Karmak take the given time; 0 removes the delay.
func (e *Engines) SetLatency(ctx context.Context, latency time.Duration) error {
	if err := e.do(ctx, http.MethodDelete, e.KarmakURL+"/control/faults", nil, nil); err != nil || latency == 0 {
		return err
	}
	fault := map[string]string{"kind": string(karmaktest.Latency), "latency": latency.String()}
	return e.do(ctx, http.MethodPost, e.KarmakURL+"/control/fault", fault, nil)
}

// Counts returns the counts of the requests to Karmak.
func (e *Engines) Counts(ctx context.Context) (counts karmaktest.Counts, err error) {
	return counts, e.do(ctx, http.MethodGet, e.KarmakURL+"/control/counts", nil, &counts)
}

// Fill puts many cases into DynamoDB.
func (e *Engines) Fill(ctx context.Context, f Filling) error {
	return e.do(ctx, http.MethodPost, e.DynamoDBURL+fillPath, f, nil)
}

// RestCollector collects the process's garbage now and then turns its collector off. Collecting a
// heap of millions of items takes seconds, which must not count as the product's.
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
