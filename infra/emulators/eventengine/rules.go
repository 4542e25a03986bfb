package eventengine

import (
	"context"
	"slices"
	"strings"

	"related-ro/infra/emulators/pattern"
)

type rule struct {
	disabled bool
	pattern  pattern.Pattern
	targets  []target
}

type target struct{ Id, Arn string }

// putRule adds a rule, or changes one that keeps its targets.
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
	made := &rule{disabled: request.State == "DISABLED", pattern: p}
	if old := rules[request.Name]; old != nil {
		made.targets = old.targets
	}
	rules[request.Name] = made
	return map[string]string{"RuleArn": e.arn("rule", named(request.EventBusName)+"/"+request.Name)}, nil
}

// putTargets adds targets to a rule, or replaces those with the same ID.
func (e *Engine) putTargets(_ context.Context, body []byte) (any, error) {
	request, err := decode[struct {
		Rule, EventBusName string
		Targets            []target
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
	r := rules[request.Rule]
	if r == nil {
		return nil, refused("ResourceNotFoundException", "Rule %s does not exist on EventBus %s.", request.Rule,
			named(request.EventBusName))
	}
	for _, t := range request.Targets {
		if !strings.HasPrefix(t.Arn, "arn:aws:sqs:") {
			return nil, refused("ValidationException", "Target %s: this engine delivers only to SQS queues.", t.Arn)
		}
		r.targets = append(slices.DeleteFunc(slices.Clone(r.targets), func(o target) bool { return o.Id == t.Id }), t)
	}
	return map[string]any{"FailedEntryCount": 0, "FailedEntries": []any{}}, nil
}
