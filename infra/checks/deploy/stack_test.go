package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"related-ro/infra/checks/sam/translator"
)

// stackPatience is the time limit for creating or updating a stack.
const stackPatience = 2 * time.Minute

// translate returns the CloudFormation template that AWS's translator generates from template.yaml
// with these parameters, and the effective parameters.
func (w *world) translate(ctx context.Context, parameters map[string]string) (object, map[string]string, error) {
	answer, err := translator.Run(ctx, w.venv, translator.Request{
		Template: root + "/template.yaml", Parameters: parameters, Code: "s3://" + bucket + "/{}.zip",
	})
	if err != nil {
		return nil, nil, err
	}
	var template object
	if err := json.Unmarshal(answer.Template, &template); err != nil {
		return nil, nil, err
	}
	return template, answer.Parameters, nil
}

// cloud creates and updates stacks.
type cloud struct {
	*cloudformation.Client
	engine *engine
}

// apply creates or updates the stack, waits until that is complete, and returns the stack's
// outputs. The error includes the reasons of failed resources.
func (c cloud) apply(ctx context.Context, name string, template object, parameters map[string]string) (map[string]string, error) {
	text, err := json.Marshal(template)
	if err != nil {
		return nil, err
	}
	if err := c.engine.put(ctx, name+".json", text); err != nil {
		return nil, err
	}
	var given []types.Parameter
	for _, key := range slices.Sorted(maps.Keys(parameters)) {
		value := parameters[key]
		given = append(given, types.Parameter{ParameterKey: &key, ParameterValue: &value})
	}
	url := c.engine.url + "/" + bucket + "/" + name + ".json"
	rights := []types.Capability{types.CapabilityCapabilityIam}
	_, err = c.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err == nil {
		_, err = c.UpdateStack(ctx, &cloudformation.UpdateStackInput{
			StackName: &name, TemplateURL: &url, Parameters: given, Capabilities: rights,
		})
	} else {
		_, err = c.CreateStack(ctx, &cloudformation.CreateStackInput{
			StackName: &name, TemplateURL: &url, Parameters: given, Capabilities: rights,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("stack %s: %w", name, err)
	}
	return c.await(ctx, name)
}

// await waits until a stack is created or updated and returns its outputs.
func (c cloud) await(ctx context.Context, name string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, stackPatience)
	defer cancel()
	for {
		found, err := c.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
		if err != nil {
			return nil, err
		}
		switch status := found.Stacks[0].StackStatus; {
		case status == types.StackStatusCreateComplete || status == types.StackStatusUpdateComplete:
			outputs := make(map[string]string)
			for _, o := range found.Stacks[0].Outputs {
				outputs[*o.OutputKey] = *o.OutputValue
			}
			return outputs, nil
		case !strings.HasSuffix(string(status), "_IN_PROGRESS"):
			return nil, c.explain(ctx, name, fmt.Errorf("is %s", status))
		}
		if err := pause(ctx); err != nil {
			return nil, fmt.Errorf("wait for stack %s: %w", name, err)
		}
	}
}

// explain adds the reasons of the stack's failed resources to an error.
func (c cloud) explain(ctx context.Context, name string, err error) error {
	found, eventsErr := c.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &name})
	if eventsErr != nil {
		return fmt.Errorf("stack %s: %w", name, err)
	}
	reasons := []error{fmt.Errorf("stack %s: %w", name, err)}
	for _, e := range found.StackEvents {
		if strings.HasSuffix(string(e.ResourceStatus), "FAILED") && e.ResourceStatusReason != nil {
			reasons = append(reasons, fmt.Errorf("%s: %s", *e.LogicalResourceId, *e.ResourceStatusReason))
		}
	}
	return errors.Join(reasons...)
}
