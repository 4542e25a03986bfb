package dynamodbengine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// apiError is an error in DynamoDB's form.
type apiError struct {
	status  int
	code    string
	message string
	item    item     // the item that failed a condition, if the request asked for it
	reasons []reason // of TransactionCanceledException, one per action
}

// reason states why one action cancelled its transaction. The code None marks an action that did
// not fail.
type reason struct {
	Code    string
	Message string `json:",omitempty"`
	Item    item   `json:",omitempty"`
}

// Error returns the code and the message.
func (e *apiError) Error() string { return e.code + ": " + e.message }

// body returns the error as it is sent over the wire.
func (e *apiError) body() any {
	return struct {
		Type    string   `json:"__type"`
		Message string   `json:"message"`
		Item    item     `json:",omitempty"`
		Reasons []reason `json:"CancellationReasons,omitempty"`
	}{"com.amazonaws.dynamodb.v20120810#" + e.code, e.message, e.item, e.reasons}
}

func asAPIError(err error) *apiError {
	var e *apiError
	if errors.As(err, &e) {
		return e
	}
	return &apiError{status: http.StatusInternalServerError, code: "InternalServerError", message: err.Error()}
}

func refused(code, format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *apiError {
	return refused("ValidationException", format, args...)
}

func notFound(format string, args ...any) *apiError {
	return refused("ResourceNotFoundException", format, args...)
}

// decode decodes a request. It rejects parameters that the engine does not know, because ignoring
// one could change the meaning of the request.
func decode[T any](body []byte) (T, error) {
	var request T
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&request); err != nil {
		return request, refused("SerializationException", "This engine cannot read the request: %v", err)
	}
	return request, nil
}
