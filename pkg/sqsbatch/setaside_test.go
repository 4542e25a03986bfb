package sqsbatch_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"related-ro/infra/emulators/sqsengine"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/sqsbatch"
)

func TestBrokenMessagesLeaveAtOnceAndDelayNoOthers(t *testing.T) {
	w := newWorld(t)
	broken := map[string]string{
		sqsbatch.NotJSON:            "hello",
		sqsbatch.InvalidField:       strings.Replace(w.body("x"), `"50123"`, `null`, 1),
		sqsbatch.UnsupportedVersion: strings.Replace(w.body("x"), `"version":1`, `"version":2`, 1),
		sqsbatch.OccurredInFuture:   w.body("x", occurred(w.clock.Now().Add(6*time.Minute))),
	}
	for i, code := range slices.Sorted(maps.Keys(broken)) {
		w.send(broken[code], w.body(fmt.Sprint("e", i), ofCase(fmt.Sprint("case-", i))))
	}
	if failed := w.run(); failed != 0 {
		t.Fatalf("%d messages failed", failed)
	}
	letters := w.deadLetters()
	for code, body := range broken {
		if len(letters[code]) != 1 || letters[code][0].Body != body {
			t.Errorf("%s: %d dead letters, want the one message unchanged", code, len(letters[code]))
		}
	}
	for i := range len(broken) {
		w.shows(w.stored(fmt.Sprint("case-", i)), relatedro.OutcomeOK, "", fmt.Sprint("e", i), "50124")
	}
	field := letters[sqsbatch.InvalidField][0].MessageAttributes
	if got := *field[sqsbatch.AttrErrorMessage].StringValue; got != "roNumber must not be null" {
		t.Errorf("errorMessage %q does not name the field and its rule", got)
	}
	if got := *field[sqsbatch.AttrSource].StringValue; got != "export" {
		t.Errorf("source %q", got)
	}
	if _, err := time.Parse(time.RFC3339, *field[sqsbatch.AttrFailedAt].StringValue); err != nil {
		t.Error(err)
	}
}

func TestDeadLetterKeepsTheSendersAttributesAsFarAsTheyFit(t *testing.T) {
	w := newWorld(t)
	sent := map[string]types.MessageAttributeValue{"errorCode": {DataType: aws.String("String"), StringValue: aws.String("an earlier one")}}
	for i := range 9 {
		sent[fmt.Sprint("own-", i)] = types.MessageAttributeValue{DataType: aws.String("Binary"), BinaryValue: []byte{byte(i)}}
	}
	w.sendMessage(message{body: "hello", attributes: sent})
	w.run()
	letter := w.deadLetters()[sqsbatch.NotJSON][0]
	if len(letter.MessageAttributes) != 10 {
		t.Errorf("%d attributes, want SQS's limit of 10", len(letter.MessageAttributes))
	}
	if a := letter.MessageAttributes["own-5"]; len(a.BinaryValue) != 1 || a.BinaryValue[0] != 5 {
		t.Errorf("own-5 = %v", a)
	}
	for _, name := range []string{"own-6", "own-7", "own-8"} {
		if !strings.Contains(w.log.String(), name) {
			t.Errorf("dropped %s is not logged", name)
		}
	}
}

func TestMessageStaysWhenItsDeadLetterCannotBeSent(t *testing.T) {
	for name, fault := range map[string]func(sqsengine.Call) *sqsengine.Error{
		"the whole call fails": func(c sqsengine.Call) *sqsengine.Error {
			if c.Action == "SendMessageBatch" && c.EntryID == "" {
				return sqsengine.InternalFailure()
			}
			return nil
		},
		"one entry fails": func(c sqsengine.Call) *sqsengine.Error {
			if c.Action == "SendMessageBatch" && c.EntryID == "0" {
				return sqsengine.InternalFailure()
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.send("hello")
			w.sqsFault = fault
			if failed := w.run(); failed != 1 {
				t.Fatalf("%d messages failed, want 1", failed)
			}
			w.mu.Lock()
			w.sqsFault = nil
			w.mu.Unlock()
			w.clock.Advance(time.Hour)
			if failed := w.run(); failed != 0 || len(w.deadLetters()[sqsbatch.NotJSON]) != 1 {
				t.Error("the message did not reach the dead-letter queue later")
			}
		})
	}
}

// SQS accepts messages of up to 1 MiB including attributes, so there may be no room for the reason.
func TestLargestMessageIsSetAsideAtOnce(t *testing.T) {
	for name, room := range map[string]int{"with room for nothing": 0, "with room for the code": 40, "with room for all": 1000} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			body := strings.Repeat("x", sqsengine.MaxMessageBytes-room)
			w.send(body)
			if failed := w.run(); failed != 0 {
				t.Error("the message is not acknowledged")
			}
			letters := w.deadLetters()
			code := sqsbatch.NotJSON
			if room == 0 {
				code = ""
			}
			if len(letters[code]) != 1 || letters[code][0].Body != body {
				t.Errorf("dead letters %v, want the message unchanged, with code %q", codes(letters), code)
			}
			if dropped := strings.Contains(w.log.String(), `"dropped":[`); dropped != (room < 1000) {
				t.Errorf("dropped attributes logged: %v", dropped)
			}
		})
	}
}

func TestSendersAttributeOfOurNameIsLogged(t *testing.T) {
	w := newWorld(t)
	w.sendMessage(message{body: "hello", attributes: map[string]types.MessageAttributeValue{
		sqsbatch.AttrSource: {DataType: aws.String("String"), StringValue: aws.String("the case platform")},
	}})
	w.run()
	if got := *w.deadLetters()[sqsbatch.NotJSON][0].MessageAttributes[sqsbatch.AttrSource].StringValue; got != "export" {
		t.Errorf("source %q", got)
	}
	if !strings.Contains(w.log.String(), `"dropped":["source"]`) {
		t.Error("the log does not mention the sender's dropped source")
	}
}

func TestRefusedMessageIsLoggedByWhatItNames(t *testing.T) {
	w := newWorld(t)
	w.send(
		w.body("ahead", occurred(w.clock.Now().Add(time.Hour))),
		strings.Replace(w.body("no-ro"), `"50123"`, `null`, 1),
		strings.Replace(w.body("bad id"), `"case-1"`, `"case\"1"`, 1),
		strings.Replace(w.body("odd"), `case.exported`, `case.opened`, 1),
	)
	w.run()
	for _, want := range []string{
		`"eventId":"ahead","location":"loc-100","case":"case-1","outcome":"refused","receives":1,"trigger":"export",` +
			`"reason":"occurred_in_future"`,
		`"eventId":"no-ro","location":"loc-100","case":"case-1","outcome":"refused","receives":1,"trigger":"export",` +
			`"reason":"invalid_field"`,
		`"eventId":"","location":"loc-100","case":"","outcome":"refused","receives":1,"trigger":"export","reason":"invalid_field"`,
		`"eventId":"odd","location":"loc-100","case":"case-1","outcome":"refused","receives":1,"reason":"invalid_field"`,
	} {
		if !strings.Contains(w.log.String(), want) {
			t.Errorf("log lacks %s:\n%s", want, w.log)
		}
	}
}
