package soak

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/pkg/sqsbatch"
)

// settle waits for the functions' last log lines and counts the messages by outcome.
func (s *soak) settle(ctx context.Context) error {
	limit := time.After(settleWithin)
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for waiting := true; waiting && !s.watch.allEnded(s.ids); {
		select {
		case <-tick.C:
		case <-limit:
			waiting = false
		case <-ctx.Done():
			return ctx.Err()
		}
	}
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

// judgeCases compares every case in the API with the model.
func (s *soak) judgeCases(ctx context.Context) error {
	type asked struct {
		LocationID string `json:"locationId"`
		CaseID     string `json:"caseId"`
	}
	var all []asked
	judges := map[asked]func(shown) []string{}
	add := func(location, id string, judge func(shown) []string) {
		key := asked{location, id}
		all, judges[key] = append(all, key), judge
	}
	for _, c := range s.plan.cases {
		add(c.key.Location, c.key.Case, func(is shown) []string { return c.check(is, s.known) })
	}
	for _, key := range s.plan.unseen {
		add(key.Location, key.Case, func(is shown) []string {
			if is.Found {
				return []string{"is stored"}
			}
			return nil
		})
	}
	for key := range s.plan.failed {
		add(key.Location, key.Case, func(is shown) []string {
			if !is.Found || is.Retrieval.Outcome != "failed" {
				return []string{"outcome is " + is.Retrieval.Outcome + ", not failed"}
			}
			return nil
		})
	}
	for len(all) > 0 {
		n := min(len(all), perAnswer)
		var answer struct{ Cases []shown }
		if err := s.post(ctx, "field_manager", "/v1/related-ros/batch-get", map[string]any{"cases": all[:n]}, http.StatusOK, &answer); err != nil {
			return err
		}
		if len(answer.Cases) != n {
			return fmt.Errorf("the API shows %d cases of %d", len(answer.Cases), n)
		}
		for i, is := range answer.Cases {
			for _, complaint := range judges[all[i]](is) {
				s.report.wrong("%s of %s: %s", is.CaseID, is.LocationID, complaint)
			}
		}
		all = all[n:]
	}
	return nil
}
