package main

import (
	"fmt"
	"maps"

	"related-ro/infra/emulators/issuer"
	"related-ro/infra/emulators/sqsengine"
	"related-ro/infra/emulators/template"
	"related-ro/infra/local/stack"
)

// endpoints are the local stack's addresses as seen from a container.
type endpoints struct{ sqs, dynamoDB, events, karmak string }

// environment returns each function's variables for use with a local stack, by logical ID. SAM CLI
// passes on only variables that the template declares, so the template declares the local ones with
// empty values. jwks are the public keys for checking tokens, because `sam local start-api` runs no
// JWT authorizer; it is empty if the events contain verified claims.
func environment(templateFile string, at endpoints, jwks string) (map[string]map[string]string, error) {
	arn := "arn:aws:secretsmanager:" + stack.Region + ":" + sqsengine.Account + ":secret:karmak"
	loaded, err := template.Load(templateFile, template.Config{
		Parameters: map[string]string{
			"KarmakBaseUrl": at.karmak, "KarmakCredentialsSecretArn": arn,
			"ProducerPrincipal": "arn:aws:iam::" + sqsengine.Account + ":root",
			"JwtIssuer":         issuer.Issuer, "JwtAudience": issuer.Audience,
		},
		StackName: stack.Name, Region: stack.Region, AccountID: sqsengine.Account, QueueBaseURL: at.sqs + "/" + sqsengine.Account,
	})
	if err != nil {
		return nil, err
	}
	local := map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": at.dynamoDB, "AWS_ENDPOINT_URL_SQS": at.sqs, "AWS_ENDPOINT_URL_EVENTBRIDGE": at.events,
		"KARMAK_CREDENTIALS_SECRET_ID": "", "KARMAK_CLIENT_ID": stack.KarmakClientID, "KARMAK_CLIENT_SECRET": stack.KarmakClientSecret,
		"KARMAK_SUBSCRIPTION_KEY": stack.KarmakSubscriptionKey,
		"LOCAL_JWKS":              jwks,
	}
	variables := make(map[string]map[string]string)
	for _, f := range loaded.Functions {
		own := maps.Clone(f.Environment)
		for name := range own {
			if value, ok := local[name]; ok {
				own[name] = value
			}
		}
		if _, stores := own["TABLE_NAME"]; stores && own["AWS_ENDPOINT_URL_DYNAMODB"] == "" {
			return nil, fmt.Errorf("%s: the template does not declare AWS_ENDPOINT_URL_DYNAMODB, so SAM CLI would not set it", f.LogicalID)
		}
		variables[f.LogicalID] = own
	}
	return variables, nil
}
