package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// contract is infra/contracts/openapi.yaml and a router for its operations.
type contract struct {
	doc    *openapi3.T
	router routers.Router
}

var loadContract = sync.OnceValues(func() (contract, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("../../infra/contracts/openapi.yaml")
	if err != nil {
		return contract{}, err
	}
	doc.Servers = nil // accept any host
	for _, s := range doc.Components.Schemas {
		closed(s.Value)
	}
	router, err := gorillamux.NewRouter(doc)
	return contract{doc, router}, err
})

// closed makes a schema reject members that the contract does not list, which clients must ignore,
// and restricts extensible values (x-values) to the listed ones. The responses of this version
// contain only listed members and values.
func closed(s *openapi3.Schema) {
	if values, ok := s.Extensions["x-values"].([]any); ok {
		s.Enum = values
	}
	if len(s.Properties) > 0 && s.AdditionalProperties.Has == nil {
		no := false
		s.AdditionalProperties.Has = &no
	}
	for _, property := range s.Properties {
		if property.Ref == "" {
			closed(property.Value)
		}
	}
	if s.Items != nil && s.Items.Ref == "" {
		closed(s.Items.Value)
	}
}

func theContract(t testing.TB) contract {
	t.Helper()
	c, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// holdAgainstContract fails the test if the contract does not allow the response, or the request if
// it succeeded.
func holdAgainstContract(t testing.TB, request *http.Request, body string, r response) {
	t.Helper()
	c := theContract(t)
	head := request.Method == http.MethodHead
	if head { // same as GET, without the body
		request = request.Clone(t.Context())
		request.Method = http.MethodGet
	}
	route, parameters, err := c.router.FindRoute(request)
	if err != nil {
		if r.status == http.StatusNotFound || r.status == http.StatusMethodNotAllowed || request.Method == http.MethodOptions {
			return
		}
		t.Errorf("%s %s is not in the contract but returned %d", request.Method, request.URL, r.status)
		return
	}
	request.Body = io.NopCloser(strings.NewReader(body))
	input := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true,
			ExcludeResponseBody: head,
		},
	}
	if r.status < 400 {
		if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil {
			t.Errorf("%s %s succeeded but does not match the contract: %v", request.Method, request.URL, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: r.status, Header: r.header,
		Body: io.NopCloser(bytes.NewReader([]byte(r.body))), Options: input.Options,
	}
	if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
		t.Errorf("the response to %s %s does not match the contract: %v\n%s", request.Method, request.URL, err, r.body)
	}
}

func TestContractIsClosedOnlyHere(t *testing.T) {
	c := theContract(t)
	for answer, want := range map[string]string{
		`{"status":"ok","version":"1"}`:            "",
		`{"status":"ok","version":"1","more":"x"}`: `property "more" is unsupported`,
	} {
		var value any
		if err := json.Unmarshal([]byte(answer), &value); err != nil {
			t.Fatal(err)
		}
		err := c.doc.Components.Schemas["Health"].Value.VisitJSON(value)
		if got := fmt.Sprint(err); (err == nil) != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %v", answer, err)
		}
	}
	open, err := openapi3.NewLoader().LoadFromFile("../../infra/contracts/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	requests := []string{"BatchGet", "SettingsChange", "WantedKarmak", "AskedKarmak", "CaseFacts", "Redrive", "Refetch", "HandedCase",
		"DeadLettersToDelete"}
	for name, s := range open.Components.Schemas {
		no := s.Value.AdditionalProperties.Has
		if isClosed := no != nil && !*no; len(s.Value.Properties) > 0 && isClosed != slices.Contains(requests, name) {
			t.Errorf("%s: closed is %t, want true for requests and false for responses", name, isClosed)
		}
	}
}

func TestContractIsValid(t *testing.T) {
	if err := theContract(t).doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}
