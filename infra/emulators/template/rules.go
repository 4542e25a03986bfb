package template

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"gopkg.in/yaml.v3"
)

// rule is a CloudFormation rule: a check of several parameters together, before any resource is
// created.
type rule struct {
	Condition  yaml.Node `yaml:"RuleCondition"`
	Assertions []struct {
		Assert      yaml.Node `yaml:"Assert"`
		Description string    `yaml:"AssertDescription"`
	} `yaml:"Assertions"`
}

// checkRules returns the descriptions of all assertions that the parameters violate.
func (r *resolver) checkRules() error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(r.document.Rules)) {
		rule := r.document.Rules[name]
		if rule.Condition.Kind != 0 {
			applies, err := r.holds(rule.Condition, "Rules."+name)
			if err != nil {
				return err
			}
			if !applies {
				continue
			}
		}
		for _, assertion := range rule.Assertions {
			holds, err := r.holds(assertion.Assert, "Rules."+name)
			if err != nil {
				return err
			}
			if !holds {
				problems = append(problems, fmt.Errorf("rule %s: %s", name, assertion.Description))
			}
		}
	}
	return errors.Join(problems...)
}

// holds evaluates a standalone condition function.
func (r *resolver) holds(node yaml.Node, path string) (bool, error) {
	value, err := r.resolve(&node, path)
	if err != nil {
		return false, err
	}
	holds, ok := value.(bool)
	if !ok {
		return false, fmt.Errorf("%s is not a condition", path)
	}
	return holds, nil
}
