package httpapi_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"related-ro/pkg/relatedro"
)

// TestExamples sends every example of the contract to the running API, which must accept it. If the
// contract has a response example with the same name, the response must equal it. An operation
// without named examples has a single unnamed one.
func TestExamples(t *testing.T) {
	for path, item := range theContract(t).doc.Paths.Map() {
		for method, operation := range item.Operations() {
			parameters := slices.Concat(item.Parameters, operation.Parameters)
			for _, name := range exampleNames(parameters, operation.RequestBody) {
				t.Run(strings.TrimSuffix(operation.OperationID+"/"+name, "/"), func(t *testing.T) {
					t.Parallel() // receiving from an empty queue takes a second
					w := newWorld(t)
					w.seedExamples()
					target, headers := exampleTarget(t, path, parameters, name)
					r := w.as(relatedro.Support, "loc-100").send(method, target, exampleBody(t, operation.RequestBody, name), headers...)
					if r.status >= 300 {
						t.Fatalf("unexpected status %d: %s", r.status, r.body)
					}
					if want, ok := exampleAnswer(operation, method, name); ok {
						var got any
						r.decode(t, &got)
						ignored := cmpopts.IgnoreMapEntries(func(key string, _ any) bool { return key == "messageId" })
						if diff := cmp.Diff(want, got, ignored); diff != "" {
							t.Errorf("response differs from the example in the contract: %s", diff)
						}
					}
				})
			}
		}
	}
}

func exampleNames(parameters openapi3.Parameters, body *openapi3.RequestBodyRef) []string {
	names := make(map[string]bool)
	for _, p := range parameters {
		for name := range p.Value.Examples {
			names[name] = true
		}
	}
	if body != nil {
		for name := range body.Value.Content["application/json"].Examples {
			names[name] = true
		}
	}
	if len(names) == 0 {
		return []string{""}
	}
	return slices.Sorted(maps.Keys(names))
}

// exampleTarget returns the path with its query and the headers of a named example. Required
// parameters without an example of this name use their first example.
func exampleTarget(t *testing.T, path string, parameters openapi3.Parameters, name string) (target string, headers []string) {
	t.Helper()
	query := make(url.Values)
	for _, ref := range parameters {
		p := ref.Value
		value, ok := p.Example.(string)
		if e := p.Examples[name]; e != nil {
			value, ok = e.Value.Value.(string)
		} else if len(p.Examples) > 0 && p.Required {
			value, ok = p.Examples[slices.Sorted(maps.Keys(p.Examples))[0]].Value.Value.(string)
		}
		switch {
		case !ok && p.Required:
			t.Fatalf("parameter %s has no example", p.Name)
		case !ok:
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(value))
		case p.In == "query":
			query.Set(p.Name, value)
		case p.In == "header":
			headers = append(headers, p.Name, value)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path, headers
}

func exampleBody(t *testing.T, body *openapi3.RequestBodyRef, name string) string {
	t.Helper()
	if body == nil {
		return ""
	}
	e := body.Value.Content["application/json"].Examples[name]
	if e == nil {
		t.Fatalf("the body has no example %q", name)
	}
	text, err := json.Marshal(e.Value.Value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// exampleAnswer returns the example of a 200 response for a named request example. The unnamed
// example of a GET has the first response example.
func exampleAnswer(operation *openapi3.Operation, method, name string) (any, bool) {
	ok := operation.Responses.Value("200")
	if ok == nil || ok.Value.Content["application/json"] == nil {
		return nil, false
	}
	examples := ok.Value.Content["application/json"].Examples
	if e := examples[name]; e != nil {
		return e.Value.Value, true
	}
	if name == "" && method == "GET" {
		for _, e := range examples {
			return e.Value.Value, true
		}
	}
	return nil, false
}
