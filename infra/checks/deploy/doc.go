// Package deploy tests template.yaml against third-party implementations of CloudFormation, Lambda,
// API Gateway, SQS, IAM and Secrets Manager. Its tests, run by `make test-deploy`, translate the
// template with AWS's own translator, lint the result, create a stack with IAM enforced and TLS,
// run the product's story on that stack, and update a parameter and check its effect. Further tests
// remove parts of the template to show that the story needs them.
//
// adapt_test.go lists everything that the engine does not support, by resource type; an unlisted
// type fails.
package deploy
