package template

import (
	"fmt"
	"strings"
)

// ref evaluates Ref: a parameter, a pseudo parameter, or the value that CloudFormation documents
// for the resource type.
func (r *resolver) ref(name, path string) (any, error) {
	if value, ok := r.parameters[name]; ok {
		return value, nil
	}
	switch name {
	case "AWS::StackName":
		return r.config.StackName, nil
	case "AWS::Region":
		return r.config.Region, nil
	case "AWS::AccountId":
		return r.config.AccountID, nil
	case "AWS::Partition":
		return "aws", nil
	case "AWS::NoValue":
		return noValue{}, nil
	}
	if function, ok := strings.CutSuffix(name, ".Alias"); ok {
		return r.alias(function, path)
	}
	resource, err := r.resource(name, path)
	if err != nil {
		return nil, err
	}
	if resource.Type == typeQueue {
		physical, err := r.physicalName(name)
		return r.config.QueueBaseURL + "/" + physical, err
	}
	return r.physicalName(name)
}

// alias evaluates Ref of the alias that SAM creates for AutoPublishAlias. A local stack has one
// version of a function, so the alias is the function.
func (r *resolver) alias(function, path string) (any, error) {
	resource, err := r.resource(function, path)
	if err != nil {
		return nil, err
	}
	if resource.Type != typeFunction {
		return nil, fmt.Errorf("%s: %s has no alias", path, function)
	}
	return r.getAtt(function, "Arn", path)
}

// getAtt evaluates Fn::GetAtt.
func (r *resolver) getAtt(name, attribute, path string) (any, error) {
	resource, err := r.resource(name, path)
	if err != nil {
		return nil, err
	}
	physical, err := r.physicalName(name)
	if err != nil {
		return nil, err
	}
	if attribute == "Arn" {
		if arn := r.arn(resource.Type, physical); arn != "" {
			return arn, nil
		}
	}
	if resource.Type == typeTable && attribute == "StreamArn" {
		table, err := r.getAtt(name, "Arn", path)
		return streamARN(scalarText(table)), err
	}
	return nil, fmt.Errorf("%s: the local stack does not support attribute %s of %s (%s)", path, attribute, name, resource.Type)
}

// arn returns the ARN of a resource, or "" for a type whose ARN the template does not use.
func (r *resolver) arn(kind, physicalName string) string {
	values := strings.NewReplacer("REGION", r.config.Region, "ACCOUNT", r.config.AccountID, "NAME", physicalName)
	return values.Replace(arnFormats[kind])
}

func (r *resolver) resource(name, path string) (resource, error) {
	found, ok := r.document.Resources[name]
	if !ok {
		return resource{}, fmt.Errorf("%s: no parameter or resource %s", path, name)
	}
	return found, nil
}

// physicalName returns the name that the template gives the resource, or else stack name plus
// logical ID. CloudFormation would append a random suffix; a single local stack needs none.
func (r *resolver) physicalName(logicalID string) (string, error) {
	resource := r.document.Resources[logicalID]
	if property, ok := nameProperties[resource.Type]; ok {
		for i := 0; i+1 < len(resource.Properties.Content); i += 2 {
			if resource.Properties.Content[i].Value != property {
				continue
			}
			value, err := r.resolve(resource.Properties.Content[i+1], logicalID+"."+property)
			if err != nil {
				return "", err
			}
			return scalarText(value), nil
		}
	}
	return r.config.StackName + "-" + logicalID, nil
}
