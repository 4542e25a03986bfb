package sqsengine

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"related-ro/infra/emulators/uuid"
)

// maxRequestBytes is the maximum size of a request: 1 MiB of messages, in which JSON may encode one
// byte as six.
const maxRequestBytes = 8 * MaxMessageBytes

const targetPrefix = "AmazonSQS."

// call is one request while the engine processes it.
type call struct {
	action  string
	queue   string
	request *http.Request
	body    []byte
}

// action implements one action of the protocol. Its result is encoded as JSON; nil means an empty
// body.
type action func(e *Engine, c *call) (any, *Error)

// on turns a function with a decoded input into an action.
func on[Input any](do func(e *Engine, c *call, in *Input) (any, *Error)) action {
	return func(e *Engine, c *call) (any, *Error) {
		in := new(Input)
		if err := json.Unmarshal(c.body, in); err != nil {
			return nil, malformed(err.Error())
		}
		return do(e, c, in)
	}
}

// routes returns the supported actions by name.
func (e *Engine) routes() map[string]action {
	const deleteEntry, changeEntry = "DeleteMessageBatchRequestEntry", "ChangeMessageVisibilityBatchRequestEntry"
	return map[string]action{
		"CreateQueue":                  on((*Engine).createQueueAction),
		"GetQueueUrl":                  on((*Engine).getQueueURL),
		"ListQueues":                   on((*Engine).listQueues),
		"DeleteQueue":                  on((*Engine).deleteQueue),
		"PurgeQueue":                   on((*Engine).purgeQueue),
		"GetQueueAttributes":           on((*Engine).getQueueAttributes),
		"SetQueueAttributes":           on((*Engine).setQueueAttributes),
		"SendMessage":                  on((*Engine).sendMessage),
		"SendMessageBatch":             on((*Engine).sendMessageBatch),
		"ReceiveMessage":               on((*Engine).receiveMessage),
		"DeleteMessage":                onHandle(deleteMessage),
		"DeleteMessageBatch":           onHandles(deleteEntry, deleteMessage),
		"ChangeMessageVisibility":      onHandle(changeVisibility),
		"ChangeMessageVisibilityBatch": onHandles(changeEntry, changeVisibility),
	}
}

// ServeHTTP handles one call of the SQS protocol, in AWS JSON 1.0 or the Query protocol. It ignores
// the path of a JSON call, whose body names the queue.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := uuid.New()
	w.Header().Set("x-amzn-RequestId", requestID)
	r.Body = http.MaxBytesReader(w, r.Body, maxRequestBytes)
	if isQuery(r) {
		e.serveQuery(w, r, requestID)
		return
	}
	out, err := e.serveJSON(r)
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, out)
}

func (e *Engine) serveJSON(r *http.Request) (any, *Error) {
	body, readErr := io.ReadAll(r.Body)
	if readErr != nil {
		return nil, unreadable(readErr)
	}
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	switch {
	case !ok:
		return nil, unsupported("Send AWS JSON 1.0 with an X-Amz-Target of %sX, or a form with an Action.", targetPrefix)
	case !utf8.Valid(body):
		return nil, malformed("the request is not UTF-8")
	}
	return e.perform(r, name, body)
}

// unreadable returns the error for a request that is too long or cannot be read.
func unreadable(readErr error) *Error {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(readErr, &tooLarge) {
		err := framework("RequestEntityTooLargeException", "RequestEntityTooLarge", "The request is longer than %d bytes.", tooLarge.Limit)
		err.Status = http.StatusRequestEntityTooLarge
		return err
	}
	return malformed("read the request: " + readErr.Error())
}

// perform executes the named action with its JSON input.
func (e *Engine) perform(r *http.Request, name string, input []byte) (any, *Error) {
	act := e.actions[name]
	if act == nil {
		err := framework("UnknownOperationException", "UnknownOperationException", "This engine does not support %s.", name)
		err.Status = http.StatusNotFound
		return nil, err
	}
	c := &call{action: name, queue: queueOf(input), request: r, body: input}
	if err := e.fault(Call{Action: c.action, Queue: c.queue, Request: r}); err != nil {
		return nil, err
	}
	return act(e, c)
}

// queueOf returns the name of the queue in a request, for the fault hook.
func queueOf(body []byte) string {
	var in struct{ QueueUrl, QueueName string }
	_ = json.Unmarshal(body, &in) // the action itself reports invalid input
	if name, ok := nameInURL(in.QueueUrl); ok {
		return name
	}
	return in.QueueName
}

// entryFaults calls the fault hook for each entry of a batch. The caller must not hold the lock.
func (e *Engine) entryFaults(c *call, ids []string) []*Error {
	faults := make([]*Error, len(ids))
	for i, id := range ids {
		faults[i] = e.fault(Call{Action: c.action, Queue: c.queue, EntryID: id, Request: c.request})
	}
	return faults
}

// batchOutput is the answer to a batch call.
type batchOutput[Result any] struct {
	Successful []Result       `json:",omitempty"`
	Failed     []failedResult `json:",omitempty"`
}

type failedResult struct {
	Id          string
	SenderFault bool
	Code        string
	Message     string
}

func (out *batchOutput[Result]) fail(id string, err *Error) {
	out.Failed = append(out.Failed, failedResult{Id: id, SenderFault: !err.Receiver, Code: err.Code, Message: err.Message})
}

func writeError(w http.ResponseWriter, err *Error) {
	w.Header().Set("x-amzn-query-error", err.Code+";"+err.fault())
	writeJSON(w, err.Status, struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{err.Type, err.Message})
}

// writeJSON writes the answer. A nil body writes the status only. Encode fails only if the client
// is gone.
func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	if body == nil {
		return
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body)
}
