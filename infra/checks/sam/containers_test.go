package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/infra/local/seed"
	"related-ro/infra/local/stack"
)

// containers are the containers that SAM CLI starts, and the local stack that they use.
type containers struct {
	proof  proof
	cli    samCommand
	daemon *docker
	stack  *stack.Stack
	data   seed.Data
	// addresses are those that containers use.
	addresses endpoints
}

// newContainers starts a local stack with locations and repair orders at an address that containers
// can reach.
func newContainers(ctx context.Context, p proof, cli samCommand, daemon *docker) (*containers, error) {
	listen, dial, err := daemon.bridge(ctx)
	if err != nil {
		return nil, err
	}
	s, err := stack.Start(ctx, stack.Options{Root: ".", Host: listen})
	if err != nil {
		return nil, err
	}
	cli.environment = append(cli.environment, daemon.environment()...)
	c := &containers{proof: p, cli: cli, daemon: daemon, stack: s}
	if err := c.prepare(ctx, strings.NewReplacer(listen, dial)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return c, nil
}

// prepare sets up the locations and the addresses.
func (c *containers) prepare(ctx context.Context, fromContainer *strings.Replacer) error {
	var err error
	if c.data, err = seed.Read(); err != nil {
		return err
	}
	if err := c.data.SetUp(ctx, c.stack.Platform()); err != nil {
		return err
	}
	c.addresses = endpoints{
		sqs: fromContainer.Replace(c.stack.SQSURL), dynamoDB: fromContainer.Replace(c.stack.DynamoDBURL),
		events: fromContainer.Replace(c.stack.EventsURL), karmak: fromContainer.Replace(c.stack.KarmakURL),
	}
	return nil
}

// options returns the options of `sam local`; jwks is as in environment.
func (c *containers) options(jwks string) ([]string, error) {
	variables, err := environment("template.yaml", c.addresses, jwks)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(variables)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(c.proof.cache, "environment.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	return []string{
		"--template", filepath.Join(c.proof.buildDirectory(hostArchitecture()), "template.yaml"), "--env-vars", file,
		"--parameter-overrides", "Architecture=" + hostArchitecture(), "--skip-pull-image", "--invoke-image", standIn,
	}, nil
}

// Close ends the local stack.
func (c *containers) Close() error { return c.stack.Close() }

// invocation is one invocation of a function and the check of its result.
type invocation struct {
	function, event string
	// answer checks the function's response.
	answer func(answer []byte) error
}

// invokeAll runs each function with its sample events, in the order of the product's story. One `sam
// local start-lambda` serves them all, since a `sam local invoke` each would start SAM CLI ten
// times. The README's lines run that command.
func (c *containers) invokeAll(ctx context.Context) error {
	all := []invocation{
		{"ExportFunction", "export.json", allTaken},
		{"ReadFunction", "read-case.json", status(200, `"roNumber":"50124"`)},
		{"CloseFunction", "close.json", allTaken},
		{"ReadFunction", "read-case.json", status(200, `"caseStatus":"closed"`)},
		{"RefreshFunction", "refresh.json", allTaken},
		{"ExportFunction", "export-with-broken-message.json", allTaken},
		{"AdminFunction", "admin-get-settings.json", status(200, `"status":"ENABLED"`)},
		{"ConsoleFunction", "console-page.json", status(200, `<!doctype html>`)},
		{"NotifyFunction", "notify.json", allTaken},
		{"FollowFunction", "follow.json", nothing},
	}
	for _, f := range c.stack.Template.Functions {
		if !slices.ContainsFunc(all, func(i invocation) bool { return i.function == f.LogicalID }) {
			return fmt.Errorf("there is no event for %s", f.LogicalID)
		}
	}
	err := c.serve(ctx, "start-lambda", "", func(lambda caller) error {
		for _, i := range all {
			event, err := os.ReadFile(filepath.Join("infra", "contracts", "events", i.event))
			if err != nil {
				return err
			}
			answer, err := lambda.invoke(ctx, i.function, event)
			if err == nil {
				err = i.answer(answer)
			}
			if err != nil {
				return fmt.Errorf("%s with %s: %w\n%s", i.function, i.event, err, answer)
			}
			fmt.Fprintf(c.proof.out, "%-15s %s\n", i.function, i.event)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.brokenIsDead(ctx)
}

// brokenIsDead checks that the broken sample message is in the dead-letter queue with its reason.
func (c *containers) brokenIsDead(ctx context.Context) error {
	queue := c.stack.QueueURL("ExportDeadLetterQueue")
	got, err := c.stack.SQSClient().ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: &queue,
		MessageAttributeNames: []string{"All"}})
	if err != nil {
		return err
	}
	if len(got.Messages) != 1 || got.Messages[0].MessageAttributes["errorCode"].StringValue == nil {
		return fmt.Errorf("dead letters: %+v, want the broken message with its errorCode", got.Messages)
	}
	return nil
}

// nothing accepts the response of a function that returns no value.
func nothing(answer []byte) error {
	if got := strings.TrimSpace(string(answer)); got != "null" && got != "" {
		return fmt.Errorf("answers %s, want nothing", got)
	}
	return nil
}

// allTaken accepts a batch response without failed messages.
func allTaken(answer []byte) error {
	var got struct{ BatchItemFailures []any }
	if err := json.Unmarshal(answer, &got); err != nil {
		return err
	}
	if len(got.BatchItemFailures) > 0 {
		return errors.New("not all messages were taken")
	}
	return nil
}

// status returns a check of an HTTP response's status and of a part of its body.
func status(want int, part string) func([]byte) error {
	return func(answer []byte) error {
		var got events.APIGatewayV2HTTPResponse
		if err := json.Unmarshal(answer, &got); err != nil {
			return err
		}
		if got.IsBase64Encoded {
			body, err := base64.StdEncoding.DecodeString(got.Body)
			if err != nil {
				return err
			}
			got.Body = string(body)
		}
		if got.StatusCode != want || !strings.Contains(got.Body, part) {
			return fmt.Errorf("status %d, want %d with %s", got.StatusCode, want, part)
		}
		return nil
	}
}

// tail returns the end of a file, for an error message.
func tail(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	const enough = 4000
	return bytes.TrimSpace(text[max(0, len(text)-enough):])
}
