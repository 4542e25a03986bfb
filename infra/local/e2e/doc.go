// Package e2e tests the whole system with the functions' own binaries: events go in over SQS's protocol, the functions run
// as processes under the Runtime API, DynamoDB and Karmak are asked over theirs, and what came of it is read from the
// HTTP API as people read it.
//
// All tests share one system. Each has a location, a Karmak account and cases of its own, and must bear what the others do
// to it: a message may be delivered again at any time.
package e2e
