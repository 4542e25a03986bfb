// Package e2e tests the whole system with the functions' own binaries: tests send events over SQS's
// protocol, the functions run as processes under the Runtime API and call DynamoDB and Karmak over
// their protocols, and tests read the results from the HTTP API as users do.
//
// All tests share one system. Each test has its own location, Karmak account and cases, and must
// tolerate the effects of other tests: a message may be redelivered at any time.
package e2e
