// Package deploy holds template.yaml against a CloudFormation, Lambda, API Gateway, SQS, IAM and Secrets Manager that others
// wrote. Its tests, which `make test-deploy` runs, translate the template by AWS's own translator, lint what comes out, create
// a stack of it with IAM enforced and TLS, tell the product's story through what was created, update a parameter and see it
// live. Each test with a part of the template taken away shows that the story needs that part.
//
// What the engine lacks is in adapt_test.go, by type, and nothing else: a type that is not named there fails.
package deploy
