package soak

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

// settle waits for the functions' last log lines and counts the messages by outcome.
func (s *soak) settle(ctx context.Context) error {
	poll(ctx, settleWithin, func() bool { return s.watch.left(s.ids) == 0 })
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	s.report.Sent, s.report.Retried, s.report.Waited = len(s.ids), len(s.watch.retried), len(s.watch.waited)
	for i, id := range s.ids {
		body := s.plan.messages[i].body
		switch ended := s.watch.ended[id]; {
		case s.watch.dropped[id] != "":
			s.report.lost("%s by SQS: %s", s.watch.dropped[id], body)
		case ended == "ok":
			s.report.OK++
		case ended == "skipped":
			s.report.Skipped++
		case ended == "disabled":
			s.report.Disabled++
		case ended == "refused", ended == "failed", ended == "gave_up":
			s.report.DeadLettered++
		default:
			s.report.lost("no function finished %s", body)
		}
	}
	return nil
}

// judgeDeadLetters compares the dead-letter queues with the messages that cannot succeed. A dead
// letter may occur twice.
func (s *soak) judgeDeadLetters(ctx context.Context) error {
	codes := map[string]string{}
	client := s.SQSClient()
	for _, queue := range []string{"ExportDeadLetterQueue", "CloseDeadLetterQueue", "RefreshDeadLetterQueue"} {
		url := s.QueueURL(queue)
		for {
			output, err := client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{
				QueueUrl: &url, MaxNumberOfMessages: perCall, VisibilityTimeout: 43200, MessageAttributeNames: []string{"All"},
			})
			if err != nil {
				return fmt.Errorf("read dead letters: %w", err)
			}
			if len(output.Messages) == 0 {
				break
			}
			for _, m := range output.Messages {
				codes[aws.ToString(m.Body)] = aws.ToString(m.MessageAttributes[sqsbatch.AttrErrorCode].StringValue)
			}
		}
	}
	for body, want := range s.plan.never {
		switch code, found := codes[body]; {
		case !found:
			s.report.lost("missing from the dead letters: %s", body)
		case code != want:
			s.report.wrong("dead letter with %s, not %s: %s", code, want, body)
		}
		delete(codes, body)
	}
	for body, code := range codes {
		s.report.wrong("dead letter with %s for a message that can succeed: %s", code, body)
	}
	return nil
}

// judgeCases compares every case in the API with the model, and keeps its list for judgeNotices.
func (s *soak) judgeCases(ctx context.Context) error {
	judges := map[relatedro.CaseKey]func(shown) []string{}
	for _, c := range s.plan.cases {
		judges[c.key] = func(got shown) []string { return c.check(got, s.known) }
	}
	for _, key := range s.plan.unseen {
		judges[key] = func(got shown) []string {
			if got.Found {
				return []string{"is stored"}
			}
			return nil
		}
	}
	for key := range s.plan.failed {
		judges[key] = func(got shown) []string {
			if !got.Found || got.Retrieval.Outcome != "failed" {
				return []string{"outcome is " + got.Retrieval.Outcome + ", not failed"}
			}
			return nil
		}
	}
	for keys := range slices.Chunk(slices.Collect(maps.Keys(judges)), perAnswer) {
		var asked []map[string]string
		for _, key := range keys {
			asked = append(asked, map[string]string{"locationId": key.Location, "caseId": key.Case})
		}
		var answer struct{ Cases []shown }
		if err := s.post(ctx, "field_manager", "/v1/related-ros/batch-get", map[string]any{"cases": asked}, http.StatusOK,
			&answer); err != nil {
			return err
		}
		if len(answer.Cases) != len(keys) {
			return fmt.Errorf("the API shows %d cases of %d", len(answer.Cases), len(keys))
		}
		for i, got := range answer.Cases {
			s.stored[keys[i]] = text(got.list())
			for _, complaint := range judges[keys[i]](got) {
				s.report.wrong("%s of %s: %s", got.CaseID, got.LocationID, complaint)
			}
		}
	}
	return nil
}
