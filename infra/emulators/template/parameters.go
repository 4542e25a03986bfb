package template

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
)

type parameter struct {
	Type           string   `yaml:"Type"`
	Description    string   `yaml:"Description"`
	Default        *string  `yaml:"Default"`
	AllowedValues  []string `yaml:"AllowedValues"`
	AllowedPattern string   `yaml:"AllowedPattern"`
	MinValue       *float64 `yaml:"MinValue"`
	MaxValue       *float64 `yaml:"MaxValue"`
	MinLength      *int     `yaml:"MinLength"`
	ConstraintText string   `yaml:"ConstraintDescription"`
}

// parameterValues returns the value of every parameter, or one error that lists all problems.
func parameterValues(declared map[string]parameter, overrides map[string]string) (map[string]string, error) {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(overrides)) {
		if _, ok := declared[name]; !ok {
			problems = append(problems, fmt.Errorf("parameter %s: the template does not declare it", name))
		}
	}
	values := make(map[string]string, len(declared))
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		p := declared[name]
		value, ok := overrides[name]
		if !ok && p.Default != nil {
			value, ok = *p.Default, true
		}
		if !ok {
			problems = append(problems, fmt.Errorf("parameter %s: has no default and no value", name))
			continue
		}
		if err := p.check(value); err != nil {
			problems = append(problems, fmt.Errorf("parameter %s: %w", name, err))
			continue
		}
		values[name] = value
	}
	return values, errors.Join(problems...)
}

// check applies the constraints that CloudFormation checks before it creates any resource.
func (p parameter) check(value string) error {
	if len(p.AllowedValues) > 0 && !slices.Contains(p.AllowedValues, value) {
		return fmt.Errorf("%q is not one of %q", value, p.AllowedValues)
	}
	if p.AllowedPattern != "" {
		pattern, err := regexp.Compile("^(?:" + p.AllowedPattern + ")$")
		if err != nil {
			return fmt.Errorf("AllowedPattern: %w", err)
		}
		if !pattern.MatchString(value) {
			return fmt.Errorf("%q does not match %s", value, p.AllowedPattern)
		}
	}
	if p.MinLength != nil && len(value) < *p.MinLength {
		return fmt.Errorf("%q is too short", value)
	}
	switch p.Type {
	case "String":
		return nil
	case "Number":
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return fmt.Errorf("%q is not a number", value)
		}
		if p.MinValue != nil && number < *p.MinValue || p.MaxValue != nil && number > *p.MaxValue {
			return fmt.Errorf("%s is out of range", value)
		}
		return nil
	default:
		return fmt.Errorf("type %s is not supported", p.Type)
	}
}
