package main

import (
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// schemaOf describes a schema of the contract's components. A composed schema includes the members
// of its parts.
func schemaOf(name string, s *openapi3.Schema) schema {
	out := schema{Name: name, Description: prose(s.Description)}
	for _, part := range s.AllOf {
		out.Members = append(out.Members, schemaOf("", part.Value).Members...)
	}
	for property, ref := range s.Properties {
		out.Members = append(out.Members, member{
			Name: property, Required: slices.Contains(s.Required, property), Type: typeOf(ref), Description: prose(ref.Value.Description),
		})
	}
	slices.SortFunc(out.Members, byName)
	if len(out.Members) == 0 {
		out.Type = typeOf(&openapi3.SchemaRef{Value: s})
	}
	return out
}

// typeOf describes a schema's type in words, with a link if the schema has a name.
func typeOf(ref *openapi3.SchemaRef) template.HTML {
	if ref == nil || ref.Value == nil {
		return ""
	}
	if ref.Ref != "" {
		name := html.EscapeString(path.Base(ref.Ref))
		return template.HTML(fmt.Sprintf(`<a href="#schema-%s">%s</a>`, name, name))
	}
	s := ref.Value
	switch {
	case len(s.OneOf) > 0:
		return joined(s.OneOf, " or ")
	case len(s.Properties) > 0:
		return inline(s)
	case s.Items != nil:
		return template.HTML(bounds("array", s.MinItems, s.MaxItems)) + " of " + typeOf(s.Items)
	}
	var words []string
	switch {
	case s.Const != nil:
		words = append(words, literal(s.Const))
	case len(s.Enum) > 0:
		for _, value := range s.Enum {
			words = append(words, literal(value))
		}
	case s.Extensions["x-values"] != nil: // an open list: new values may be added
		values, _ := s.Extensions["x-values"].([]any)
		for _, value := range values {
			words = append(words, literal(value))
		}
		words = append(words, "…")
	case s.Type != nil:
		words = append(words, s.Type.Slice()...)
	}
	text := html.EscapeString(strings.Join(words, " | "))
	if s.Format != "" {
		text += " (" + html.EscapeString(s.Format) + ")"
	}
	if s.MinLength > 0 || s.MaxLength != nil {
		text = bounds(text, s.MinLength, s.MaxLength)
	}
	if s.Default != nil {
		text += ", default " + html.EscapeString(literal(s.Default))
	}
	if s.Pattern != "" {
		text += " <code>" + html.EscapeString(s.Pattern) + "</code>"
	}
	return template.HTML(text)
}

// inline describes an object without a name.
func inline(s *openapi3.Schema) template.HTML {
	var lines strings.Builder
	for _, m := range schemaOf("", s).Members {
		name := "<code>" + html.EscapeString(m.Name) + "</code>"
		if m.Required {
			name += " *"
		}
		fmt.Fprintf(&lines, "<li>%s %s %s</li>", name, m.Type, m.Description)
	}
	return template.HTML("object<ul>" + lines.String() + "</ul>")
}

func joined(refs openapi3.SchemaRefs, between string) template.HTML {
	var all []string
	for _, ref := range refs {
		all = append(all, string(typeOf(ref)))
	}
	return template.HTML(strings.Join(all, between))
}

// bounds appends a length limit to text.
func bounds(text string, least uint64, most *uint64) string {
	switch {
	case least > 0 && most != nil:
		return fmt.Sprintf("%s, %d to %d", text, least, *most)
	case most != nil:
		return fmt.Sprintf("%s, at most %d", text, *most)
	case least > 0:
		return fmt.Sprintf("%s, at least %d", text, least)
	}
	return text
}

func literal(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// prose converts the Markdown subset that the contract uses to HTML: paragraphs, `code`, **bold**
// and *emphasis*.
func prose(text string) template.HTML {
	var out strings.Builder
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if paragraph == "" {
			continue
		}
		p := html.EscapeString(paragraph)
		p = regexp.MustCompile("`([^`]+)`").ReplaceAllString(p, "<code>$1</code>")
		p = regexp.MustCompile(`\*\*([^*]+)\*\*`).ReplaceAllString(p, "<strong>$1</strong>")
		p = regexp.MustCompile(`\*([^* ][^*]*)\*`).ReplaceAllString(p, "<em>$1</em>")
		out.WriteString("<p>" + p + "</p>")
	}
	return template.HTML(out.String())
}
