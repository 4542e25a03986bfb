package httpapi

import (
	"encoding/base64"
	"fmt"
	"mime"
	"slices"
	"strings"

	"related-ro/pkg/relatedro"
)

// maxBody is the maximum size of a body in bytes. A batch of 100 cases takes about a twentieth of
// it.
const maxBody = 256 << 10

// event holds the fields of an API Gateway request (HTTP API, payload format 2.0) that the package
// uses. encoding/json ignores the case of names: API Gateway sends header names in lower case, sam
// local as the client wrote them.
type event struct {
	RouteKey string `json:"routeKey"`
	Headers  struct {
		AcceptEncoding string `json:"accept-encoding"`
		Authorization  string `json:"authorization"`
		ContentType    string `json:"content-type"`
		IfMatch        string `json:"if-match"`
		IfNoneMatch    string `json:"if-none-match"`
	} `json:"headers"`
	PathParameters        map[string]string `json:"pathParameters"`
	QueryStringParameters map[string]string `json:"queryStringParameters"`
	Body                  string            `json:"body"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
	RequestContext        struct {
		RequestID string `json:"requestId"`
		HTTP      struct {
			Method string `json:"method"`
		} `json:"http"`
		Authorizer struct {
			JWT struct {
				Claims map[string]string `json:"claims"`
			} `json:"jwt"`
		} `json:"authorizer"`
	} `json:"requestContext"`
}

// request is a request and the results of its processing so far.
type request struct {
	event event
	route route // zero if no route of this function matches
	actor relatedro.Actor
	body  []byte // nil if the request has no body
}

// name returns the name of the route for the log. The set of names is small and does not depend on
// the callers' input.
func (r *request) name() string {
	if r.route.path == "" {
		return catchAll
	}
	return r.route.key()
}

// location returns the location of the request, or "" if it has none or the id is malformed.
func (r *request) location() string {
	location := r.event.PathParameters["locationId"]
	if r.route.source == inQuery {
		location = r.event.QueryStringParameters["locationId"]
	}
	if relatedro.CheckID("locationId", location) != nil {
		return ""
	}
	return location
}

// locations returns the locations in the query, or the caller's own locations if the query has
// none.
func (r *request) locations() ([]string, *relatedro.FieldError) {
	const name = "locationId"
	locations := r.actor.Locations
	if given, ok := r.query(name); ok {
		locations = strings.Split(given, ",")
	} else if r.actor.Everywhere {
		return nil, &relatedro.FieldError{Field: name, Rule: "is required because your token covers all locations"}
	}
	if len(locations) > relatedro.MostSearched {
		return nil, &relatedro.FieldError{Field: name, Rule: fmt.Sprintf("must name at most %d locations", relatedro.MostSearched)}
	}
	for _, location := range locations {
		if err := relatedro.CheckID(name, location); err != nil {
			return nil, err
		}
	}
	return locations, nil
}

// path returns a path parameter, which check has validated.
func (r *request) path(name string) string { return r.event.PathParameters[name] }

// query returns a query parameter and reports whether it was given. API Gateway joins repeated
// parameters with commas, which are invalid in all of them.
func (r *request) query(name string) (value string, given bool) {
	value, given = r.event.QueryStringParameters[name]
	return value, given
}

// caseKey returns the key of the case in the path.
func (r *request) caseKey() relatedro.CaseKey {
	return relatedro.CaseKey{Location: r.path("locationId"), Case: r.path("caseId")}
}

// check rejects requests that are invalid for every endpoint: malformed ids in the path, unknown
// query parameters, and bodies that are too large or have another media type. It reads the body
// into r.body.
func (r *request) check() error {
	var errs relatedro.FieldErrors
	for name, value := range r.event.PathParameters {
		if err := relatedro.CheckID(name, value); err != nil {
			errs = append(errs, err)
		}
	}
	for name := range r.event.QueryStringParameters {
		if !slices.Contains(r.route.query, name) {
			errs = append(errs, &relatedro.FieldError{Field: clip(name), Rule: "is not a parameter of this operation"})
		}
	}
	if len(errs) > 0 {
		slices.SortFunc(errs, func(a, b *relatedro.FieldError) int { return strings.Compare(a.Field, b.Field) })
		return invalidFields(errs)
	}
	if r.route.body == noBody {
		return nil
	}
	return r.readBody()
}

func (r *request) readBody() error {
	body := []byte(r.event.Body)
	if r.event.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(r.event.Body); err != nil {
			return fmt.Errorf("decode the body from API Gateway: %w", err)
		}
	}
	if len(body) > maxBody {
		return &problem{kind: bodyTooLarge, detail: "The body must not exceed 256 KiB."}
	}
	if len(body) == 0 {
		if r.route.body == requiredBody {
			return invalid("body", "is required")
		}
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(r.event.Headers.ContentType)
	if err != nil || mediaType != "application/json" {
		return &problem{kind: wrongMediaType, detail: "Send the body as application/json."}
	}
	r.body = body
	return nil
}

// clip limits the length of a name from the caller that appears in a response.
func clip(name string) string {
	const most = 64
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}
