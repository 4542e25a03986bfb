package gateway

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// response is an HTTP response.
type response struct {
	status  int
	headers map[string]string
	cookies []string
	body    []byte
}

// parseResponse parses a function's response by the rules of payload format 2.0: an object with
// statusCode describes the response; any other JSON becomes the body of a 200.
func parseResponse(payload []byte) (*response, error) {
	if !json.Valid(payload) {
		return nil, fmt.Errorf("function response is not JSON: %.100q", payload)
	}
	var keys map[string]json.RawMessage
	if json.Unmarshal(payload, &keys) != nil || keys["statusCode"] == nil {
		return &response{
			status: http.StatusOK, headers: map[string]string{"content-type": "application/json"}, body: payload,
		}, nil
	}
	var given struct {
		StatusCode      int               `json:"statusCode"`
		Headers         map[string]string `json:"headers"`
		Cookies         []string          `json:"cookies"`
		Body            string            `json:"body"`
		IsBase64Encoded bool              `json:"isBase64Encoded"`
	}
	if err := json.Unmarshal(payload, &given); err != nil {
		return nil, fmt.Errorf("function response is not in payload format 2.0: %w", err)
	}
	if given.StatusCode < 200 || given.StatusCode > 599 {
		return nil, fmt.Errorf("function response has status %d", given.StatusCode)
	}
	a := &response{status: given.StatusCode, headers: given.Headers, cookies: given.Cookies, body: []byte(given.Body)}
	if given.IsBase64Encoded {
		body, err := base64.StdEncoding.DecodeString(given.Body)
		if err != nil {
			return nil, fmt.Errorf("function response has a body that is not base64: %w", err)
		}
		a.body = body
	}
	return a, nil
}

// setHeaders copies the function's headers, except CORS headers: only the gateway sets those.
func (r *response) setHeaders(header http.Header) {
	for name, value := range r.headers {
		if !strings.HasPrefix(strings.ToLower(name), "access-control-") {
			header.Set(name, value)
		}
	}
	for _, cookie := range r.cookies {
		header.Add("Set-Cookie", cookie)
	}
	if len(r.body) > 0 && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "text/plain;charset=UTF-8")
	}
}
