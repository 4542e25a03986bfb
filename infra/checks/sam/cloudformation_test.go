package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"related-ro/infra/checks/sam/samconfig"
	"related-ro/infra/checks/sam/translator"
)

// checkCloudFormation translates the template for each stage and checks every promise about it.
func (p proof) checkCloudFormation(t *testing.T, cli samCommand) error {
	uses, err := sdkUses(t.Context())
	if err != nil {
		return err
	}
	groups, err := metricGroups("pkg/boot")
	if err != nil {
		return err
	}
	runbook, err := headings("infra/docs/runbook.md")
	if err != nil {
		return err
	}
	stages, err := samconfig.Read("samconfig.toml")
	if err != nil {
		return err
	}
	for _, stage := range slices.Sorted(maps.Keys(stages)) {
		f, err := translate(t.Context(), cli, stages[stage])
		if err != nil {
			return err
		}
		all := promises(uses, groups, runbook)
		for _, promise := range all {
			t.Run(stage+", "+promise.name, func(t *testing.T) {
				for _, problem := range promise.broken(f) {
					t.Error(problem)
				}
			})
		}
		fmt.Fprintf(p.out, "%-8s %d resources, %d promises\n", stage, len(f.Template.Resources), len(all))
	}
	return nil
}

// promise is a requirement on the generated CloudFormation.
type promise struct {
	name string
	// broken returns one sentence for each violation.
	broken func(*formation) []string
}

// formation is the translated template of one stage. Ref of a parameter and If are resolved.
type formation struct {
	Parameters, Tags map[string]string
	Template         struct {
		Parameters map[string]parameter
		Resources  map[string]resource
		Outputs    map[string]struct{ Export struct{ Name value } }
	}
	Warnings []string
}

// parameter is a parameter's declaration.
type parameter struct {
	Description                         string
	AllowedValues                       []any
	AllowedPattern                      string
	MinLength, MinValue, MaxValue, Type value
}

type resource struct {
	Type                                string
	DeletionPolicy, UpdateReplacePolicy string
	UpdatePolicy                        map[string]any
	Properties                          json.RawMessage
}

func translate(ctx context.Context, cli samCommand, stage samconfig.Stage) (*formation, error) {
	answer, err := translator.Run(ctx, cli.venv, translator.Request{
		Template: "template.yaml", Parameters: stage.Deployed(time.Now()), Code: "s3://bucket/key",
	})
	if err != nil {
		return nil, err
	}
	f := &formation{Parameters: answer.Parameters, Tags: stage.Tags, Warnings: answer.Warnings}
	if err := json.Unmarshal(answer.Resolved, &f.Template); err != nil {
		return nil, fmt.Errorf("read the translated template: %w", err)
	}
	return f, nil
}

// each calls do for every resource of a type, in the order of their logical IDs, with decoded
// properties. Properties that cannot be decoded become a zero T, which violates every promise.
func each[T any](f *formation, kind string, do func(id string, r resource, properties T)) {
	for _, id := range slices.Sorted(maps.Keys(f.Template.Resources)) {
		if r := f.Template.Resources[id]; r.Type == kind {
			var properties T
			_ = json.Unmarshal(r.Properties, &properties)
			do(id, r, properties)
		}
	}
}

// value is a property as text: a scalar unchanged, Ref as the logical ID, GetAtt as ID.Attribute,
// Sub as its pattern.
type value string

// UnmarshalJSON implements json.Unmarshaler.
func (v *value) UnmarshalJSON(encoded []byte) error {
	var any any
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	if err := decoder.Decode(&any); err != nil {
		return err
	}
	*v = value(asText(any))
	return nil
}

func asText(v any) string {
	object, ok := v.(map[string]any)
	if !ok {
		return fmt.Sprint(v)
	}
	if name, ok := object["Ref"]; ok {
		return fmt.Sprint(name)
	}
	if parts, ok := object["Fn::GetAtt"].([]any); ok && len(parts) == 2 {
		return fmt.Sprint(parts[0]) + "." + fmt.Sprint(parts[1])
	}
	switch sub := object["Fn::Sub"].(type) {
	case string:
		return sub
	case []any: // the pattern and its variables
		text := fmt.Sprint(sub[0])
		variables, _ := sub[1].(map[string]any)
		for name, variable := range variables {
			text = strings.ReplaceAll(text, "${"+name+"}", asText(variable))
		}
		return text
	}
	return fmt.Sprint(object)
}

// number returns the value as a number; 0 if it is not a number.
func (v value) number() float64 {
	n, err := strconv.ParseFloat(string(v), 64)
	if err != nil {
		return 0
	}
	return n
}

// values is a list that a template may also write as a single value.
type values []value

// UnmarshalJSON implements json.Unmarshaler.
func (v *values) UnmarshalJSON(encoded []byte) error {
	var list []value
	if json.Unmarshal(encoded, &list) == nil {
		*v = list
		return nil
	}
	var one value
	err := json.Unmarshal(encoded, &one)
	*v = values{one}
	return err
}

// names returns the values as sorted strings.
func (v values) names() []string {
	var names []string
	for _, one := range v {
		names = append(names, string(one))
	}
	slices.Sort(names)
	return names
}
