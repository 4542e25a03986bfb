package httpapi_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// contract is infra/openapi.yaml, and who in it takes a request.
type contract struct {
	doc    *openapi3.T
	router routers.Router
}

var loadContract = sync.OnceValues(func() (contract, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("../../infra/openapi.yaml")
	if err != nil {
		return contract{}, err
	}
	doc.Servers = nil // any host will do
	router, err := gorillamux.NewRouter(doc)
	return contract{doc, router}, err
})

func theContract(t testing.TB) contract {
	t.Helper()
	c, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// holdAgainstContract fails the test if an answer is not one that the contract has,
// or if a request that was granted is not.
func holdAgainstContract(t testing.TB, request *http.Request, body string, r response) {
	t.Helper()
	c := theContract(t)
	route, parameters, err := c.router.FindRoute(request)
	if err != nil {
		if r.status == http.StatusNotFound || r.status == http.StatusMethodNotAllowed || request.Method == http.MethodOptions {
			return
		}
		t.Errorf("%s %s is not in the contract, yet answered %d", request.Method, request.URL, r.status)
		return
	}
	request.Body = io.NopCloser(strings.NewReader(body))
	in := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true,
		},
	}
	if r.status < 400 {
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Errorf("%s %s was granted, yet is not in the contract: %v", request.Method, request.URL, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: r.status, Header: r.header,
		Body: io.NopCloser(bytes.NewReader([]byte(r.body))), Options: in.Options,
	}
	if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
		t.Errorf("the answer to %s %s is not in the contract: %v\n%s", request.Method, request.URL, err, r.body)
	}
}

func TestContractIsValid(t *testing.T) {
	if err := theContract(t).doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}
