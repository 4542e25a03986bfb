package eventengine

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"related-ro/infra/emulators/pattern"
)

func (e *Engine) putRule(_ context.Context, body []byte) (any, error) {
	request, err := decode[struct{ Name, Description, EventBusName, EventPattern, State string }](body)
	if err != nil {
		return nil, err
	}
	p, err := pattern.Parse(request.EventPattern)
	if err != nil {
		return nil, refused("InvalidEventPatternException", "Event pattern is not valid. Reason: %v", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	rules, err := e.bus(request.EventBusName)
	if err != nil {
		return nil, err
	}
	made := &rule{
		Name: request.Name, Arn: e.arn("rule", named(request.EventBusName)+"/"+request.Name), EventBusName: named(request.EventBusName),
		EventPattern: request.EventPattern, State: cmp.Or(request.State, "ENABLED"), pattern: p,
	}
	if old := rules[request.Name]; old != nil {
		made.targets = old.targets
	}
	rules[request.Name] = made
	return map[string]string{"RuleArn": made.Arn}, nil
}

// ofRule is the input of the calls about the targets of one rule.
type ofRule struct {
	Rule, EventBusName string
	Targets            []target
	Ids                []string
	Force              bool
}

// change applies do to the rule named in the request. The answer lists no failed entries, because
// entries never fail in this engine.
func (e *Engine) change(body []byte, do func(ofRule, *rule) error) (any, error) {
	request, err := decode[ofRule](body)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	rules, err := e.bus(request.EventBusName)
	if err != nil {
		return nil, err
	}
	r := rules[request.Rule]
	if r == nil {
		return nil, refused("ResourceNotFoundException", "Rule %s does not exist on EventBus %s.", request.Rule, named(request.EventBusName))
	}
	if err := do(request, r); err != nil {
		return nil, err
	}
	return map[string]any{"FailedEntryCount": 0, "FailedEntries": []any{}}, nil
}

func (e *Engine) putTargets(_ context.Context, body []byte) (any, error) {
	return e.change(body, func(request ofRule, r *rule) error {
		for _, t := range request.Targets {
			if !strings.HasPrefix(t.Arn, "arn:aws:sqs:") {
				return refused("ValidationException", "Target %s: this engine delivers only to SQS queues.", t.Arn)
			}
			r.targets = append(slices.DeleteFunc(slices.Clone(r.targets), func(o target) bool { return o.Id == t.Id }), t)
		}
		return nil
	})
}

func (e *Engine) removeTargets(_ context.Context, body []byte) (any, error) {
	return e.change(body, func(request ofRule, r *rule) error {
		r.targets = slices.DeleteFunc(slices.Clone(r.targets), func(t target) bool { return slices.Contains(request.Ids, t.Id) })
		return nil
	})
}

func (e *Engine) deleteRule(_ context.Context, body []byte) (any, error) {
	request, err := decode[struct {
		Name, EventBusName string
		Force              bool
	}](body)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	rules, err := e.bus(request.EventBusName)
	if err != nil {
		return nil, err
	}
	if r := rules[request.Name]; r != nil && len(r.targets) > 0 {
		return nil, refused("ValidationException", "Rule can't be deleted since it has targets.")
	}
	delete(rules, request.Name)
	return map[string]any{}, nil
}

func (e *Engine) listRules(_ context.Context, body []byte) (any, error) {
	request, err := decode[struct {
		EventBusName, NamePrefix string
		Limit                    int
	}](body)
	if err != nil {
		return nil, err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	rules, err := e.bus(request.EventBusName)
	if err != nil {
		return nil, err
	}
	listed := []*rule{}
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		if strings.HasPrefix(name, request.NamePrefix) {
			listed = append(listed, rules[name])
		}
	}
	return map[string]any{"Rules": listed}, nil
}

func (e *Engine) listTargets(_ context.Context, body []byte) (any, error) {
	listed := []target{}
	_, err := e.change(body, func(_ ofRule, r *rule) error { listed = append(listed, r.targets...); return nil })
	return map[string]any{"Targets": listed}, err
}
