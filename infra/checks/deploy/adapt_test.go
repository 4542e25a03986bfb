package deploy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// object is a node of a template.
type object = map[string]any

// known returns the types that the engine supports without changes.
func known() []string {
	return []string{
		"AWS::ApiGatewayV2::Stage", "AWS::CloudWatch::Dashboard", "AWS::DynamoDB::Table", "AWS::Events::EventBus",
		"AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Lambda::Version", "AWS::Logs::LogGroup", "AWS::SNS::Subscription",
		"AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "AWS::Scheduler::Schedule",
	}
}

// adapters change resources that the engine, ministack, does not support as they are. Each receives
// the resources and one logical ID.
func adapters() map[string]func(resources map[string]any, id string) error {
	return map[string]func(map[string]any, string) error{
		// It has no CodeDeploy: an alias switches immediately.
		"AWS::CodeDeploy::Application":     remove,
		"AWS::CodeDeploy::DeploymentGroup": remove,
		"AWS::Lambda::Alias":               withoutDeployment,
		// It does not support metric math in alarms.
		"AWS::CloudWatch::Alarm": withoutMath,
		// It expects the concurrency limit as a number, but Ref of a parameter is a string.
		"AWS::Lambda::EventSourceMapping": withoutBound,
		// For SQS batch actions it checks separate IAM action names, which do not exist in AWS.
		"AWS::IAM::Role": withBatchActions,
		// It supports neither bus policies nor configuration of asynchronous invocations.
		"AWS::Events::EventBusPolicy":    remove,
		"AWS::Lambda::EventInvokeConfig": remove,
		// It does not read an HTTP API's OpenAPI body.
		"AWS::ApiGatewayV2::Api": expandBody,
	}
}

// adapt changes the translated template so that the engine accepts it. It fails on a type that is
// neither in known nor in adapters.
func adapt(template object) error {
	resources := template["Resources"].(map[string]any)
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		kind, _ := resources[id].(object)["Type"].(string)
		if slices.Contains(known(), kind) {
			continue
		}
		change, ok := adapters()[kind]
		if !ok {
			return fmt.Errorf("%s has type %s: state in adapt_test.go whether the engine supports it", id, kind)
		}
		if err := change(resources, id); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	return nil
}

func properties(resources map[string]any, id string) object {
	p, _ := resources[id].(object)["Properties"].(object)
	return p
}

func remove(resources map[string]any, id string) error {
	delete(resources, id)
	return nil
}

func withoutDeployment(resources map[string]any, id string) error {
	delete(resources[id].(object), "UpdatePolicy")
	return nil
}

func withoutMath(resources map[string]any, id string) error {
	if properties(resources, id)["Metrics"] != nil {
		delete(resources, id)
	}
	return nil
}

func withoutBound(resources map[string]any, id string) error {
	delete(properties(resources, id), "ScalingConfig")
	return nil
}

// batches returns the SQS actions that have a batch variant.
func batches() []string {
	return []string{"sqs:SendMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}
}

func withBatchActions(resources map[string]any, id string) error {
	policies, _ := properties(resources, id)["Policies"].([]any)
	for _, p := range policies {
		for _, s := range p.(object)["PolicyDocument"].(object)["Statement"].([]any) {
			statement := s.(object)
			actions := listOf(statement["Action"])
			for _, action := range slices.Clone(actions) {
				if name, _ := action.(string); slices.Contains(batches(), name) {
					actions = append(actions, name+"Batch")
				}
			}
			statement["Action"] = actions
		}
	}
	return nil
}

func listOf(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

// expandBody converts an API's OpenAPI body to resources: an authorizer for each security scheme,
// an integration and a route for each operation, and the CORS configuration. An unknown key in the
// body is an error.
func expandBody(resources map[string]any, id string) error {
	api := properties(resources, id)
	body, ok := api["Body"].(object)
	if !ok {
		return fmt.Errorf("no body")
	}
	if err := onlyKeys(body, "openapi", "info", "tags", "paths", "components", "x-amazon-apigateway-cors"); err != nil {
		return err
	}
	delete(api, "Body")
	delete(api, "FailOnWarnings") // only relevant to importing the body
	api["Name"], api["ProtocolType"] = object{"Ref": "AWS::StackName"}, "HTTP"
	if cors := body["x-amazon-apigateway-cors"]; cors != nil {
		configuration, err := corsOf(cors)
		if err != nil {
			return err
		}
		api["CorsConfiguration"] = configuration
	}
	schemes, _ := body["components"].(object)["securitySchemes"].(object)
	for name, scheme := range schemes {
		authorizer, err := authorizerOf(id, name, scheme.(object))
		if err != nil {
			return err
		}
		resources[id+name+"Authorizer"] = authorizer
	}
	for path, methods := range body["paths"].(object) {
		for method, operation := range methods.(object) {
			if err := addRoute(resources, id, method, path, operation.(object)); err != nil {
				return fmt.Errorf("%s %s: %w", method, path, err)
			}
		}
	}
	return nil
}

// corsOf returns the body's CORS configuration as CorsConfiguration: the engine uses the same keys
// as API Gateway's API.
func corsOf(cors any) (object, error) {
	configuration, ok := cors.(object)
	if !ok {
		return nil, fmt.Errorf("x-amazon-apigateway-cors is %v, not an object", cors)
	}
	if err := onlyKeys(configuration, "allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders", "maxAge"); err != nil {
		return nil, fmt.Errorf("x-amazon-apigateway-cors: %w", err)
	}
	return configuration, nil
}

func authorizerOf(api, name string, scheme object) (object, error) {
	authorizer, _ := scheme["x-amazon-apigateway-authorizer"].(object)
	jwt, _ := authorizer["jwtConfiguration"].(object)
	if err := onlyKeys(authorizer, "type", "identitySource", "jwtConfiguration"); err != nil || authorizer["type"] != "jwt" {
		return nil, fmt.Errorf("security scheme %s: type %v: %w", name, authorizer["type"], err)
	}
	return object{"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": object{
		"ApiId": object{"Ref": api}, "Name": name, "AuthorizerType": "JWT", "IdentitySource": []any{authorizer["identitySource"]},
		"JwtConfiguration": object{"Issuer": jwt["issuer"], "Audience": jwt["audience"]},
	}}, nil
}

// anyMethod is API Gateway's OpenAPI key for a route that matches every method.
const anyMethod = "x-amazon-apigateway-any-method"

func addRoute(resources map[string]any, api, method, path string, operation object) error {
	integration, _ := operation["x-amazon-apigateway-integration"].(object)
	err := onlyKeys(operation, "x-amazon-apigateway-integration", "security", "responses", "parameters")
	if err == nil {
		err = onlyKeys(integration, "type", "httpMethod", "uri", "payloadFormatVersion")
	}
	if err != nil {
		return err
	}
	if method == anyMethod {
		method = "any"
	}
	name := api + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, method+path)
	resources[name+"Integration"] = object{"Type": "AWS::ApiGatewayV2::Integration", "Properties": object{
		"ApiId": object{"Ref": api}, "IntegrationType": "AWS_PROXY", "IntegrationMethod": integration["httpMethod"],
		"IntegrationUri": integration["uri"], "PayloadFormatVersion": integration["payloadFormatVersion"],
	}}
	route := object{
		"ApiId": object{"Ref": api}, "RouteKey": strings.ToUpper(method) + " " + path, "AuthorizationType": "NONE",
		"Target": object{"Fn::Join": []any{"/", []any{"integrations", object{"Ref": name + "Integration"}}}},
	}
	for _, requirement := range listOf(operation["security"]) {
		for scheme := range requirement.(object) {
			if scheme != "NONE" { // the translator's name for an open route
				route["AuthorizationType"], route["AuthorizerId"] = "JWT", object{"Ref": api + scheme + "Authorizer"}
			}
		}
	}
	resources[name+"Route"] = object{"Type": "AWS::ApiGatewayV2::Route", "Properties": route}
	return nil
}

// onlyKeys returns an error that names the keys of o that are not in known.
func onlyKeys(o object, known ...string) error {
	var foreign []string
	for _, key := range slices.Sorted(maps.Keys(o)) {
		if !slices.Contains(known, key) {
			foreign = append(foreign, key)
		}
	}
	if len(foreign) > 0 {
		return fmt.Errorf("unknown keys: %s", strings.Join(foreign, ", "))
	}
	return nil
}
