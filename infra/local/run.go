package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"

	"related-ro/infra/emulators/issuer"
	"related-ro/infra/local/console"
	"related-ro/infra/local/demo"
	"related-ro/infra/local/seed"
	"related-ro/infra/local/stack"
)

// start starts a stack with the configuration and this user's key, and loads the seed data.
func start(ctx context.Context, c config, out io.Writer) (*stack.Stack, seed.Data, error) {
	data, err := seed.Read()
	if err != nil {
		return nil, data, err
	}
	if c.options.Key, err = loadKey(); err != nil {
		return nil, data, err
	}
	feed := console.NewFeed(time.Now)
	if !c.quiet {
		feed.Print(out, c.colour)
	}
	c.options.Observe = feed.Observe()
	c.options.Environment = map[string]map[string]string{"console": {"CONSOLE_EXTENSION": "/local/panel.js"}}
	s, err := stack.Start(ctx, c.options)
	if errors.Is(err, syscall.EADDRINUSE) {
		err = fmt.Errorf("%w; is another stack running? Choose other ports, such as LOCAL_API_PORT=3010 make run (LOCAL_SQS_PORT, "+
			"LOCAL_DYNAMODB_PORT, LOCAL_KARMAK_PORT likewise); -ephemeral uses free ports", err)
	}
	if err != nil {
		return nil, data, err
	}
	if err := furnish(ctx, s, c, data, feed); err != nil {
		return nil, data, errors.Join(err, s.Close())
	}
	return s, data, nil
}

// furnish loads the seed data into a running stack and adds a case platform that subscribes to its
// events, and the console's local panel.
func furnish(ctx context.Context, s *stack.Stack, c config, data seed.Data, feed *console.Feed) error {
	if c.seed {
		if err := data.Plant(ctx, s.Platform()); err != nil {
			return err
		}
	}
	inbox, err := s.Platform().Subscribe(ctx, "platform-inbox", data.LocationIDs(), data.Open())
	if err != nil {
		return err
	}
	inbox.Observe = feed.Platform
	s.Beside(inbox.Run)
	panel, err := console.New(console.Config{Data: data, Platform: s.Platform(), Key: s.Key(), Feed: feed, Inbox: inbox})
	if err != nil {
		return err
	}
	s.Handle("/local/", panel)
	return nil
}

// run runs a stack until ctx ends, even if that is during the start.
func run(ctx context.Context, c config, out io.Writer) error {
	fmt.Fprintln(out, "Building and starting ...")
	s, data, err := start(ctx, c, out)
	if ctx.Err() != nil && s == nil {
		fmt.Fprintln(out, "\nStopped during the start.")
		return nil
	}
	if err != nil {
		return err
	}
	if err := welcome(s, data, out); err != nil {
		return errors.Join(err, s.Close())
	}
	<-ctx.Done()
	fmt.Fprintln(out, "\nStopping ...")
	return s.Close()
}

// runDemo runs the product's story on a new stack.
func runDemo(ctx context.Context, c config, out io.Writer) (err error) {
	begin := time.Now()
	s, data, err := start(ctx, c, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	fmt.Fprintf(out, "The system runs after %.1f s: API %s, SQS %s, DynamoDB %s, Karmak %s\n",
		time.Since(begin).Seconds(), s.APIURL, s.SQSURL, s.DynamoDBURL, s.KarmakURL)
	if err := demo.Run(ctx, s.Platform(), data, out); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nCompleted successfully after %.1f s.\n", time.Since(begin).Seconds())
	return nil
}

// loadKey returns this user's key, so that the stack accepts tokens printed by another process.
func loadKey() (*issuer.Key, error) {
	path, err := issuer.DefaultPath()
	if err != nil {
		return nil, err
	}
	return issuer.LoadKey(path)
}

func printToken(grant issuer.Grant, out io.Writer) error {
	key, err := loadKey()
	if err != nil {
		return err
	}
	token, err := key.Token(grant)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, token)
	return nil
}

// welcome prints the addresses and examples to try.
func welcome(s *stack.Stack, data seed.Data, out io.Writer) error {
	c, ok := data.Case("case-1001")
	if !ok {
		return errors.New("the seed data have no case-1001")
	}
	exported, err := send(s, "ExportQueue", "case.exported", c, "")
	if err != nil {
		return err
	}
	closed, err := send(s, "CloseQueue", "case.closed", c, "user")
	if err != nil {
		return err
	}
	const token = "go run ./infra/local token -role service_advisor -location loc-100"
	fmt.Fprintf(out, `
The system runs. Try, in another terminal:
  send an export:
    %s
  send a close:
    %s
  read the case:
    curl -s %s/v1/locations/%s/cases/%s/related-ros -H "Authorization: Bearer $(%s)"

A token for another role or location: %s
  roles: %s; support may use -location '*' for every location

`, exported, closed, s.APIURL, c.LocationID, c.CaseID, token, token, strings.Join(issuer.Roles(), ", "))
	// Printed last, so that they stay visible at the bottom.
	fmt.Fprintf(out, `Ctrl-C stops everything. Other ports: LOCAL_API_PORT, LOCAL_SQS_PORT, LOCAL_DYNAMODB_PORT, `+
		`LOCAL_EVENTS_PORT, LOCAL_KARMAK_PORT.
  Console   %s/console/
  API       %s/v1
  SQS       %s  queues %s
  DynamoDB  %s
  Events    %s  bus %s
  Karmak    %s  simulated; control it under /control/

`, s.APIURL, s.APIURL, s.SQSURL, queueNames(s), s.DynamoDBURL, s.EventsURL, s.BusName(), s.KarmakURL)
	return nil
}

func queueNames(s *stack.Stack) string {
	names := ""
	for _, queue := range s.Template.Queues {
		if names != "" {
			names += ", "
		}
		names += queue.Name
	}
	return names
}

// send returns a shell command that sends an event of the case; the command generates ID and time
// when it runs.
func send(s *stack.Stack, queue, eventType string, c seed.Case, closedBy string) (string, error) {
	const id, occurredAt = "EVENT-ID", "EVENT-TIME"
	event := map[string]any{
		"version": 1, "id": id, "type": eventType, "occurredAt": occurredAt, "locationId": c.LocationID, "caseId": c.CaseID,
		"caseNumber": c.CaseNumber, "assetId": c.AssetID, "roNumber": c.RONumber,
	}
	if closedBy != "" {
		event["closedBy"] = closedBy
	}
	body, err := json.Marshal(event)
	if err != nil {
		return "", fmt.Errorf("make an example: %w", err)
	}
	message, err := json.Marshal(map[string]string{"QueueUrl": s.QueueURL(queue), "MessageBody": string(body)})
	if err != nil {
		return "", fmt.Errorf("make an example: %w", err)
	}
	moment := strings.NewReplacer(id, `try-'$(date +%s)'`, occurredAt, `'$(date -u +%FT%TZ)'`)
	return fmt.Sprintf("curl -s %s -H 'X-Amz-Target: AmazonSQS.SendMessage' -H 'Content-Type: application/x-amz-json-1.0' -d '%s'",
		s.SQSURL, moment.Replace(string(message))), nil
}
