package httpapi

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"related-ro/pkg/relatedro"
)

// problem is the error of a request in the format of RFC 9457.
type problem struct {
	kind    kind
	detail  string
	fields  relatedro.FieldErrors
	headers map[string]string
}

// Error returns the kind and the detail.
func (p *problem) Error() string { return string(p.kind) + ": " + p.detail }

// invalid returns the problem of a field that breaks a rule.
func invalid(field, rule string) *problem {
	return invalidFields(relatedro.FieldErrors{{Field: field, Rule: rule}})
}

// invalidFields returns the problem of all fields that break a rule.
func invalidFields(errs relatedro.FieldErrors) *problem {
	return &problem{kind: badInput, detail: "See fields for the errors.", fields: errs}
}

// kind is a type of problem. The codes of relatedro's refusals are kinds too.
type kind string

const (
	badInput         kind = "bad-input"
	unauthenticated  kind = "unauthenticated"
	forbidden        kind = kind(relatedro.NotAllowed)
	notFound         kind = "not-found"
	caseNotRetrieved kind = "case-not-retrieved"
	methodNotAllowed kind = "method-not-allowed"
	staleVersion     kind = "stale-version"
	bodyTooLarge     kind = "body-too-large"
	wrongMediaType   kind = "unsupported-media-type"
	versionNeeded    kind = "version-needed"
	tooSoon          kind = kind(relatedro.TooSoon)
	unavailable      kind = "unavailable"
	internal         kind = "internal"
)

// status is the only mapping from kinds of problems to HTTP statuses and titles.
func (k kind) status() (status int, title string) {
	type meaning struct {
		status int
		title  string
	}
	known, ok := map[kind]meaning{
		badInput:                         {http.StatusBadRequest, "Invalid request"},
		unauthenticated:                  {http.StatusUnauthorized, "Authentication required"},
		forbidden:                        {http.StatusForbidden, "Not allowed"},
		notFound:                         {http.StatusNotFound, "Not found"},
		caseNotRetrieved:                 {http.StatusNotFound, "Nothing has been retrieved for this case yet"},
		methodNotAllowed:                 {http.StatusMethodNotAllowed, "Method not allowed"},
		kind(relatedro.ActivationNeeded): {http.StatusConflict, "Karmak has not confirmed the activation"},
		kind(relatedro.NotConnected):     {http.StatusConflict, "No Karmak account configured"},
		kind(relatedro.NoBranches):       {http.StatusConflict, "Branches not available from Karmak"},
		kind(relatedro.NotEnabled):       {http.StatusConflict, "Switched off for this location"},
		kind(relatedro.RONeeded):         {http.StatusConflict, "RO number required"},
		staleVersion:                     {http.StatusPreconditionFailed, "The settings have changed"},
		bodyTooLarge:                     {http.StatusRequestEntityTooLarge, "The body is too large"},
		wrongMediaType:                   {http.StatusUnsupportedMediaType, "Unsupported media type"},
		versionNeeded:                    {http.StatusPreconditionRequired, "If-Match header required"},
		tooSoon:                          {http.StatusTooManyRequests, "Too many requests"},
		unavailable:                      {http.StatusServiceUnavailable, "Temporarily unavailable"},
	}[k]
	if !ok {
		return http.StatusInternalServerError, "Internal error"
	}
	return known.status, known.title
}

// problemResponse returns the response to a request that failed with err.
func problemResponse(err error, requestID string) response {
	p := classify(err)
	status, title := p.kind.status()
	headers := map[string]string{"content-type": "application/problem+json"}
	if p.kind == unauthenticated {
		headers["www-authenticate"] = "Bearer"
	}
	maps.Copy(headers, p.headers)
	fields := make([]fieldJSON, len(p.fields))
	for i, err := range p.fields {
		fields[i] = fieldJSON{err.Field, err.Rule}
	}
	// Encoding strings and a number cannot fail.
	encoded, _ := encodeJSON(struct {
		Type     kind        `json:"type"`
		Title    string      `json:"title"`
		Status   int         `json:"status"`
		Detail   string      `json:"detail"`
		Instance string      `json:"instance"`
		Fields   []fieldJSON `json:"fields,omitempty"`
	}{p.kind, title, status, p.detail, requestID, fields})
	return response{status: status, headers: headers, encoded: encoded}
}

type fieldJSON struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// classify returns the problem for an error. Unknown errors come from dependencies and may be
// temporary.
func classify(err error) *problem {
	var (
		p       *problem
		bad     *relatedro.FieldError
		several relatedro.FieldErrors
		refusal *relatedro.Refusal
		fault   *panicError
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &bad):
		return invalidFields(spelled(bad))
	case errors.As(err, &several):
		return invalidFields(spelled(several...))
	case errors.As(err, &refusal):
		return refused(refusal)
	case errors.Is(err, relatedro.ErrNoCase):
		return &problem{kind: caseNotRetrieved, detail: "The related ROs of this case have not been retrieved yet."}
	case errors.Is(err, relatedro.ErrPosition):
		return invalid("cursor", "is not a cursor of this list")
	case errors.Is(err, relatedro.ErrStale):
		return &problem{kind: staleVersion, detail: "The settings have changed since you read them. Read them again, " +
			"then repeat your change."}
	case errors.As(err, &fault), errors.Is(err, relatedro.ErrUnreadable):
		return &problem{kind: internal, detail: "An unexpected error occurred. Please quote the instance when you report it."}
	}
	return &problem{kind: unavailable, detail: "Please try again in a moment.", headers: retryAfter(time.Second)}
}

func refused(r *relatedro.Refusal) *problem {
	p := &problem{kind: kind(r.Code), detail: r.Message}
	if r.Field != "" {
		p.fields = spelled(&relatedro.FieldError{Field: r.Field, Rule: r.Message})
	}
	if r.Code == relatedro.TooSoon {
		p.headers = retryAfter(r.Wait)
	}
	return p
}

// spelled returns errors of the domain with the contract's names, where connections are called
// "karmak".
func spelled(errs ...*relatedro.FieldError) relatedro.FieldErrors {
	for i, err := range errs {
		if rest, ok := strings.CutPrefix(err.Field, relatedro.ConnectionField); ok {
			errs[i] = &relatedro.FieldError{Field: "karmak" + rest, Rule: err.Rule}
		}
	}
	return errs
}

// retryAfter returns a Retry-After header with wait rounded up to whole seconds, at least one.
func retryAfter(wait time.Duration) map[string]string {
	seconds := max(1, int(math.Ceil(wait.Seconds())))
	return map[string]string{"retry-after": strconv.Itoa(seconds)}
}

// panicError is a recovered panic.
type panicError struct {
	value any
	stack []byte
}

// Error returns the panic's value and stack.
func (p *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }
