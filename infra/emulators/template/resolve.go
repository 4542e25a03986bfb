package template

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// resolver resolves template nodes to plain values: map[string]any, []any, string, bool, int or
// float64. It knows the intrinsic functions that the project's template uses.
type resolver struct {
	config     Config
	document   *document
	parameters map[string]string
}

// noValue is AWS::NoValue: a property or list item with this value is left out.
type noValue struct{}

// resolve returns the node's value; path is the node's place in the template, for errors.
func (r *resolver) resolve(node *yaml.Node, path string) (any, error) {
	if node.Kind == yaml.AliasNode {
		return nil, fmt.Errorf("%s: CloudFormation does not accept YAML aliases", path)
	}
	if name, isShort := strings.CutPrefix(node.Tag, "!"); isShort && !strings.HasPrefix(name, "!") {
		plain := *node
		plain.Tag = ""
		return r.call(intrinsicName(name), &plain, path)
	}
	switch node.Kind {
	case 0:
		return nil, nil
	case yaml.SequenceNode:
		return r.list(node, path)
	case yaml.MappingNode:
		if len(node.Content) == 2 {
			key := node.Content[0].Value
			if key == "Ref" || strings.HasPrefix(key, "Fn::") {
				return r.call(key, node.Content[1], path)
			}
		}
		return r.object(node, path)
	default:
		var value any
		if err := node.Decode(&value); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return value, nil
	}
}

// intrinsicName returns the long form of a short tag: Sub becomes Fn::Sub.
func intrinsicName(tag string) string {
	if tag == "Ref" {
		return tag
	}
	return "Fn::" + tag
}

func (r *resolver) object(node *yaml.Node, path string) (any, error) {
	object := make(map[string]any, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i].Value
		value, err := r.resolve(node.Content[i+1], path+"."+key)
		if err != nil {
			return nil, err
		}
		if value != (noValue{}) {
			object[key] = value
		}
	}
	return object, nil
}

func (r *resolver) list(node *yaml.Node, path string) ([]any, error) {
	list := make([]any, 0, len(node.Content))
	for i, item := range node.Content {
		value, err := r.resolve(item, fmt.Sprintf("%s[%d]", path, i))
		if err != nil {
			return nil, err
		}
		if value != (noValue{}) {
			list = append(list, value)
		}
	}
	return list, nil
}

// call evaluates one intrinsic function.
func (r *resolver) call(name string, argument *yaml.Node, path string) (any, error) {
	switch name {
	case "Ref":
		return r.ref(argument.Value, path)
	case "Fn::GetAtt":
		resource, attribute, _ := strings.Cut(argument.Value, ".")
		return r.getAtt(resource, attribute, path)
	case "Fn::Sub":
		return r.sub(argument.Value, path)
	case "Fn::If":
		return r.choose(argument, path)
	case "Fn::Equals", "Fn::Contains", "Fn::And", "Fn::Or", "Fn::Not":
		return r.test(name, argument, path)
	case "Fn::Split":
		return r.split(argument, path)
	default:
		return nil, fmt.Errorf("%s: the local stack does not support %s", path, name)
	}
}

func (r *resolver) split(argument *yaml.Node, path string) (any, error) {
	arguments, err := r.list(argument, path)
	if err != nil {
		return nil, err
	}
	if len(arguments) != 2 {
		return nil, fmt.Errorf("%s: wrong arguments of Fn::Split", path)
	}
	parts := []any{}
	for part := range strings.SplitSeq(scalarText(arguments[1]), scalarText(arguments[0])) {
		parts = append(parts, part)
	}
	return parts, nil
}

// placeholder matches one ${...} of Fn::Sub.
var placeholder = regexp.MustCompile(`\$\{([^}]+)\}`)

func (r *resolver) sub(text, path string) (any, error) {
	var problems []error
	result := placeholder.ReplaceAllStringFunc(text, func(match string) string {
		name := match[2 : len(match)-1]
		var value any
		var err error
		if resource, attribute, dotted := strings.Cut(name, "."); dotted {
			value, err = r.getAtt(resource, attribute, path)
		} else {
			value, err = r.ref(name, path)
		}
		problems = append(problems, err)
		return scalarText(value)
	})
	return result, errors.Join(problems...)
}

// choose evaluates Fn::If; the other branch is not resolved.
func (r *resolver) choose(argument *yaml.Node, path string) (any, error) {
	if argument.Kind != yaml.SequenceNode || len(argument.Content) != 3 {
		return nil, fmt.Errorf("%s: wrong arguments of Fn::If", path)
	}
	holds, err := r.condition(argument.Content[0].Value)
	if err != nil {
		return nil, err
	}
	if holds {
		return r.resolve(argument.Content[1], path)
	}
	return r.resolve(argument.Content[2], path)
}

// condition evaluates one of the template's conditions by name.
func (r *resolver) condition(name string) (bool, error) {
	node, ok := r.document.Conditions[name]
	if !ok {
		return false, fmt.Errorf("no condition %s", name)
	}
	return r.holds(node, "Conditions."+name)
}

// test evaluates a condition function.
func (r *resolver) test(name string, argument *yaml.Node, path string) (any, error) {
	arguments, err := r.list(argument, path)
	if err != nil {
		return nil, err
	}
	if name == "Fn::Equals" || name == "Fn::Contains" {
		return compare(name, arguments, path)
	}
	all, some := true, false
	for i, value := range arguments {
		holds, ok := value.(bool)
		if !ok {
			return nil, fmt.Errorf("%s: argument %d of %s is not a condition", path, i, name)
		}
		all, some = all && holds, some || holds
	}
	switch name {
	case "Fn::And":
		return all, nil
	case "Fn::Or":
		return some, nil
	default:
		return !some, nil
	}
}

// compare evaluates Fn::Equals for two scalars, and Fn::Contains for a list and a scalar.
func compare(name string, arguments []any, path string) (bool, error) {
	if len(arguments) != 2 {
		return false, fmt.Errorf("%s: wrong arguments of %s", path, name)
	}
	if name == "Fn::Equals" {
		return scalarText(arguments[0]) == scalarText(arguments[1]), nil
	}
	list, ok := arguments[0].([]any)
	if !ok {
		return false, fmt.Errorf("%s: wrong arguments of %s", path, name)
	}
	return slices.ContainsFunc(list, func(item any) bool { return scalarText(item) == scalarText(arguments[1]) }), nil
}

// scalarText returns a scalar as CloudFormation converts it to text.
func scalarText(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}
