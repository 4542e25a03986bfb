package world

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Message returns the body of a message saying that the n-th case of the location was exported now.
func Message(location string, n int) string { return message(location, n, "case.exported", "") }

// CloseMessage returns the body of a message saying that auto-close closed the case now.
func CloseMessage(location string, n int) string {
	return message(location, n, "case.closed", `"closedBy":"auto",`)
}

func message(location string, n int, what, more string) string {
	return fmt.Sprintf(`{"version":1,"id":"0d0f3a2e-1111-4000-8000-%012d","type":%q,%s"occurredAt":%q,`+
		`"locationId":%q,"caseId":%q,"caseNumber":"%d","assetId":"asset-%d","roNumber":%q}`,
		n, what, more, time.Now().UTC().Format(time.RFC3339Nano), location, Key(location, n).Case, 100000+n, n/10, RO(n))
}

// Batch returns the Lambda event with the messages of these exports.
func (e Exported) Batch() events.SQSEvent { return e.batch(Message) }

// Closes returns the Lambda event with messages that close the same cases.
func (e Exported) Closes() events.SQSEvent { return e.batch(CloseMessage) }

func (e Exported) batch(message func(location string, n int) string) (batch events.SQSEvent) {
	for i := range e.Messages {
		location, n := e.At(i)
		id, _ := Location(location)
		batch.Records = append(batch.Records, record(message(id, n), n))
	}
	return batch
}

// BatchOf returns the Lambda event of one message, as JSON.
func BatchOf(body string) []byte {
	// Strings always marshal.
	text, _ := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{record(body, 0)}})
	return text
}

func record(body string, n int) events.SQSMessage {
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	return events.SQSMessage{
		MessageId: fmt.Sprintf("00000000-0000-4000-8000-%012d", n), ReceiptHandle: "receipt", Body: body,
		Attributes: map[string]string{
			"ApproximateReceiveCount": "1", "SentTimestamp": now, "ApproximateFirstReceiveTimestamp": now, "SenderId": "bench",
		},
		EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:us-east-1:000000000000:export", AWSRegion: "us-east-1",
	}
}

// Request returns a request as API Gateway passes it to a function. It comes from a field manager
// with access to every location.
func Request(routeKey string, path, query map[string]string, body string) []byte {
	request := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: routeKey, RawPath: "/", PathParameters: path, QueryStringParameters: query, Body: body,
		Headers: map[string]string{"content-type": "application/json", "host": "api.example.com", "user-agent": "bench"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: routeKey, AccountID: "000000000000", Stage: "$default", RequestID: "bench", APIID: "bench",
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "GET", Path: "/", Protocol: "HTTP/1.1", SourceIP: "127.0.0.1"},
			Authorizer: &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
				JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{
					Claims: map[string]string{"sub": "bench", "roles": "[field_manager]", "locations": "[*]"},
				},
			},
		},
	}
	text, _ := json.Marshal(request) // strings and numbers always marshal
	return text
}

// FromBrowser returns the request as a browser sends it, which accepts gzip.
func FromBrowser(request []byte) []byte {
	var in events.APIGatewayV2HTTPRequest
	_ = json.Unmarshal(request, &in) // it was made by Request
	in.Headers["accept-encoding"] = "gzip, deflate, br, zstd"
	text, _ := json.Marshal(in)
	return text
}

// GetCase returns the request of placements P1 and P5.
func GetCase(location string, n int) []byte {
	return Request("GET /v1/locations/{locationId}/cases/{caseId}/related-ros",
		map[string]string{"locationId": location, "caseId": Key(location, n).Case}, nil, "")
}

// GetAsset returns the request of placement P2 for the asset of the n-th case.
func GetAsset(location string, n int) []byte {
	return Request("GET /v1/locations/{locationId}/assets/{assetId}/related-ros",
		map[string]string{"locationId": location, "assetId": fmt.Sprintf("asset-%d", n/10)}, nil, "")
}

// BatchGet returns the request of placement P3 for consecutive cases, starting at first. They
// belong to the locations in turn.
func BatchGet(first, cases int, locations []int) []byte {
	type wanted struct {
		LocationID string `json:"locationId"`
		CaseID     string `json:"caseId"`
	}
	var body struct {
		Cases []wanted `json:"cases"`
	}
	for i := range cases {
		id, _ := Location(locations[i%len(locations)])
		body.Cases = append(body.Cases, wanted{id, Key(id, first+i).Case})
	}
	text, _ := json.Marshal(body) // strings always marshal
	return Request("POST /v1/related-ros/batch-get", nil, nil, string(text))
}

// Search returns the request of placement P4.
func Search(location, ro, match string) []byte {
	return Request("GET /v1/search", nil, map[string]string{"locationId": location, "ro": ro, "match": match}, "")
}

// GetSettings returns the request of placement P6.
func GetSettings(location string) []byte {
	return Request("GET /v1/locations/{locationId}/external-interfaces", map[string]string{"locationId": location}, nil, "")
}
