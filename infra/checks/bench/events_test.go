package bench

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// exports returns the Lambda event with messages saying that the cases were exported now.
func (c cases) exports() events.SQSEvent { return c.batch("case.exported", "") }

// closes returns the Lambda event with messages saying that auto-close closed the cases now.
func (c cases) closes() events.SQSEvent { return c.batch("case.closed", `"closedBy":"auto",`) }

func (c cases) batch(event, more string) (batch events.SQSEvent) {
	for i := range c.count {
		n := c.first + i
		batch.Records = append(batch.Records, record(message(location(c.location(i)), n, event, more), n))
	}
	return batch
}

// message returns the body of a message about the n-th case. More is inserted into the JSON.
func message(location string, n int, event, more string) string {
	return fmt.Sprintf(`{"version":1,"id":"0d0f3a2e-1111-4000-8000-%012d","type":%q,%s"occurredAt":%q,`+
		`"locationId":%q,"caseId":%q,"caseNumber":"%d","assetId":"asset-%d","roNumber":%q}`,
		n, event, more, time.Now().UTC().Format(time.RFC3339Nano), location, caseID(n), 100000+n, n/10, ro(n))
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

// request returns a request as API Gateway passes it to a function. It comes from a field manager
// with access to every location.
func request(routeKey string, path, query map[string]string, body string) []byte {
	in := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: routeKey, RawPath: "/", PathParameters: path, QueryStringParameters: query, Body: body,
		Headers: map[string]string{"content-type": "application/json", "host": "api.example.com", "user-agent": "bench"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: routeKey, AccountID: "000000000000", Stage: "$default", RequestID: "bench", APIID: "bench",
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "GET", Path: "/", Protocol: "HTTP/1.1",
				SourceIP: "127.0.0.1"},
			Authorizer: &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
				JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{
					Claims: map[string]string{"sub": "bench", "roles": "[field_manager]", "locations": "[*]"},
				},
			},
		},
	}
	text, _ := json.Marshal(in) // strings and numbers always marshal
	return text
}

// fromBrowser returns the request as a browser sends it, which accepts gzip.
func fromBrowser(event []byte) []byte {
	var in events.APIGatewayV2HTTPRequest
	_ = json.Unmarshal(event, &in) // it was made by request
	in.Headers["accept-encoding"] = "gzip, deflate, br, zstd"
	text, _ := json.Marshal(in)
	return text
}

// getCase returns the request of placements P1 and P5.
func getCase(location string, n int) []byte {
	return request("GET /v1/locations/{locationId}/cases/{caseId}/related-ros",
		map[string]string{"locationId": location, "caseId": caseID(n)}, nil, "")
}

// getAsset returns the request of placement P2 for the asset of the n-th case.
func getAsset(location string, n int) []byte {
	return request("GET /v1/locations/{locationId}/assets/{assetId}/related-ros",
		map[string]string{"locationId": location, "assetId": fmt.Sprintf("asset-%d", n/10)}, nil, "")
}

// batchGet returns the request of placement P3 for the cases.
func batchGet(c cases) []byte {
	type wanted struct {
		LocationID string `json:"locationId"`
		CaseID     string `json:"caseId"`
	}
	var body struct {
		Cases []wanted `json:"cases"`
	}
	for i := range c.count {
		body.Cases = append(body.Cases, wanted{location(c.location(i)), caseID(c.first + i)})
	}
	text, _ := json.Marshal(body) // strings always marshal
	return request("POST /v1/related-ros/batch-get", nil, nil, string(text))
}

// search returns the request of placement P4.
func search(location, ro, match string) []byte {
	return request("GET /v1/search", nil, map[string]string{"locationId": location, "ro": ro, "match": match}, "")
}

// getSettings returns the request of placement P6.
func getSettings(location string) []byte {
	return request("GET /v1/locations/{locationId}/external-interfaces", map[string]string{"locationId": location}, nil, "")
}
