// Command render writes infra/contracts/openapi.yaml as one static, self-contained HTML page.
//
//	go run ./infra/contracts/render -o bin/api.html
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed page.html
var pageText string

func main() {
	contract := flag.String("contract", "infra/contracts/openapi.yaml", "the contract")
	out := flag.String("o", "bin/api.html", "output file")
	flag.Parse()
	if err := write(*contract, *out); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
	fmt.Println(*out)
}

func write(contract, out string) error {
	doc, err := openapi3.NewLoader().LoadFromFile(contract)
	if err != nil {
		return err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return fmt.Errorf("%s: %w", contract, err)
	}
	html, err := render(doc)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	return os.WriteFile(out, html, 0o644)
}

// page is the template's data.
type page struct {
	Title, Version, Summary string
	Description             template.HTML
	Groups                  []group
	Schemas                 []schema
}

// group holds the operations of one tag.
type group struct {
	Name        string
	Description template.HTML
	Operations  []operation
}

type operation struct {
	ID, Method, Path, Summary string
	Description               template.HTML
	Roles                     []string // empty if open to all
	Parameters                []member
	Body                      *body
	Responses                 []response
}

type body struct {
	Required bool
	Content  []content
}

type response struct {
	Status      string
	Description template.HTML
	Headers     []member
	Content     []content
}

// content is a body in one media type.
type content struct {
	MediaType string
	Type      template.HTML
	Examples  []example
}

type example struct{ Name, Summary, Text string }

// member is a parameter, a header, or a property of a schema.
type member struct {
	Name, In    string
	Required    bool
	Type        template.HTML
	Description template.HTML
}

type schema struct {
	Name        string
	Type        template.HTML // only if the schema is not an object
	Description template.HTML
	Members     []member
}

func render(doc *openapi3.T) ([]byte, error) {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, err
	}
	p := page{Title: doc.Info.Title, Version: doc.Info.Version, Summary: doc.Info.Summary, Description: prose(doc.Info.Description)}
	for _, tag := range doc.Tags {
		g := group{Name: tag.Name, Description: prose(tag.Description)}
		for _, path := range doc.Paths.InMatchingOrder() {
			item := doc.Paths.Value(path)
			for _, method := range []string{"GET", "HEAD", "PUT", "POST", "DELETE"} {
				if o := item.GetOperation(method); o != nil && slices.Contains(o.Tags, tag.Name) {
					g.Operations = append(g.Operations, operationOf(method, path, item, o))
				}
			}
		}
		slices.SortStableFunc(g.Operations, func(a, b operation) int { return strings.Compare(a.Path, b.Path) })
		p.Groups = append(p.Groups, g)
	}
	for name, ref := range doc.Components.Schemas {
		p.Schemas = append(p.Schemas, schemaOf(name, ref.Value))
	}
	slices.SortFunc(p.Schemas, func(a, b schema) int { return strings.Compare(a.Name, b.Name) })
	var out bytes.Buffer
	if err := t.Execute(&out, p); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func operationOf(method, path string, item *openapi3.PathItem, o *openapi3.Operation) operation {
	out := operation{ID: o.OperationID, Method: method, Path: path, Summary: o.Summary, Description: prose(o.Description)}
	roles, _ := o.Extensions["x-roles"].([]any)
	for _, role := range roles {
		out.Roles = append(out.Roles, fmt.Sprint(role))
	}
	for _, ref := range slices.Concat(item.Parameters, o.Parameters) {
		p := ref.Value
		out.Parameters = append(out.Parameters, member{p.Name, p.In, p.Required, typeOf(p.Schema), prose(p.Description)})
	}
	if o.RequestBody != nil {
		out.Body = &body{o.RequestBody.Value.Required, contentsOf(o.RequestBody.Value.Content)}
	}
	for status, ref := range o.Responses.Map() {
		r := response{Status: status, Description: prose(*ref.Value.Description), Content: contentsOf(ref.Value.Content)}
		for name, h := range ref.Value.Headers {
			r.Headers = append(r.Headers, member{name, "header", h.Value.Required, typeOf(h.Value.Schema), prose(h.Value.Description)})
		}
		slices.SortFunc(r.Headers, byName)
		out.Responses = append(out.Responses, r)
	}
	slices.SortFunc(out.Responses, func(a, b response) int { return strings.Compare(a.Status, b.Status) })
	return out
}

func byName(a, b member) int { return strings.Compare(a.Name, b.Name) }

func contentsOf(all openapi3.Content) []content {
	var out []content
	for mediaType, m := range all {
		c := content{MediaType: mediaType, Type: typeOf(m.Schema)}
		for name, e := range m.Examples {
			text, err := json.MarshalIndent(e.Value.Value, "", "  ")
			if err != nil {
				// For a YAML value that JSON cannot represent, the page shows the error.
				text = []byte(err.Error())
			}
			c.Examples = append(c.Examples, example{name, e.Value.Summary, string(text)})
		}
		slices.SortFunc(c.Examples, func(a, b example) int { return strings.Compare(a.Name, b.Name) })
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b content) int { return strings.Compare(a.MediaType, b.MediaType) })
	return out
}
