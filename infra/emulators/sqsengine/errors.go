package sqsengine

import (
	"fmt"
	"net/http"
)

// Error is an SQS error in its wire format.
type Error struct {
	// Type is the full name of the error shape, which SDKs map to a typed error, such as
	// "com.amazonaws.sqs#QueueDoesNotExist".
	Type string

	// Code is the error code of the Query protocol, such as
	// "AWS.SimpleQueueService.NonExistentQueue". SDKs show it and use it to decide on retries. A
	// failed batch entry contains the same code.
	Code string

	// Message is a human-readable sentence.
	Message string

	// Status is the HTTP status code.
	Status int

	// Receiver marks a fault of the service rather than of the caller.
	Receiver bool
}

// Error returns the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// fault returns the party at fault in the terms of both protocols.
func (e *Error) fault() string {
	if e.Receiver {
		return "Receiver"
	}
	return "Sender"
}

// Throttled returns RequestThrottled with status 403, the error of SQS for too many calls. SDKs
// retry it. For use in fault hooks.
func Throttled() *Error {
	e := modelled("RequestThrottled", "RequestThrottled", "Request was throttled.")
	e.Status = http.StatusForbidden
	return e
}

// InternalFailure returns InternalFailure with status 500, the error of SQS for an internal
// failure. SDKs retry it. For use in fault hooks.
func InternalFailure() *Error {
	return &Error{
		Type:     coral + "InternalFailure",
		Code:     "InternalFailure",
		Message:  "We encountered an internal error. Please try again.",
		Status:   http.StatusInternalServerError,
		Receiver: true,
	}
}

// Namespaces of error shapes: SQS's own, and that of Amazon's service framework, whose errors the
// SQS model does not list.
const (
	model     = "com.amazonaws.sqs#"
	coral     = "com.amazon.coral.service#"
	oldPrefix = "AWS.SimpleQueueService."
)

// modelled returns an error of the SQS model with status 400.
func modelled(shape, code, format string, args ...any) *Error {
	return &Error{Type: model + shape, Code: code, Message: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

// framework returns an error of Amazon's service framework with status 400.
func framework(shape, code, format string, args ...any) *Error {
	return &Error{Type: coral + shape, Code: code, Message: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

func invalidParameter(format string, args ...any) *Error {
	return framework("InvalidParameterValueException", "InvalidParameterValue", format, args...)
}

func invalidValue(value any, parameter, reason string) *Error {
	return invalidParameter("Value %v for parameter %s is invalid. Reason: %s", value, parameter, reason)
}

func missingParameter(name string) *Error {
	return framework("MissingRequiredParameterException", "MissingParameter",
		"The request must contain the parameter %s.", name)
}

func malformed(reason string) *Error {
	return framework("SerializationException", "SerializationException", "%s", reason)
}

func unsupported(format string, args ...any) *Error {
	return modelled("UnsupportedOperation", oldPrefix+"UnsupportedOperation", format, args...)
}

func queueDoesNotExist() *Error {
	return modelled("QueueDoesNotExist", oldPrefix+"NonExistentQueue", "The specified queue does not exist.")
}

func unknownAttribute(name string) *Error {
	return modelled("InvalidAttributeName", "InvalidAttributeName", "Unknown Attribute %s.", name)
}

func invalidAttribute(name string) *Error {
	return modelled("InvalidAttributeValue", "InvalidAttributeValue", "Invalid value for the parameter %s.", name)
}

func invalidReceiptHandle(handle string) *Error {
	e := modelled("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid",
		"The input receipt handle %q is not a valid receipt handle.", handle)
	e.Status = http.StatusNotFound
	return e
}
