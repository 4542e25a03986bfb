package gateway

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// event builds the payload format 2.0 event, as documented at
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func (g *Gateway) event(r *request, body []byte) ([]byte, error) {
	routeKey := r.route.Method + " " + r.route.Path
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	event := events.APIGatewayV2HTTPRequest{
		Version:               "2.0",
		RouteKey:              routeKey,
		RawPath:               r.URL.Path, // unescaped, despite its name
		RawQueryString:        r.URL.RawQuery,
		Cookies:               cookies(r.Header),
		Headers:               headers(r, host),
		QueryStringParameters: query(r.URL.RawQuery),
		PathParameters:        r.parameters,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey:     routeKey,
			AccountID:    g.config.AccountID,
			Stage:        "$default",
			RequestID:    r.id,
			APIID:        g.config.API.LogicalID,
			DomainName:   r.Host,
			DomainPrefix: g.config.API.LogicalID,
			Time:         r.now.UTC().Format("02/Jan/2006:15:04:05 -0700"),
			TimeEpoch:    r.now.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: host, UserAgent: r.UserAgent(),
			},
		},
	}
	if r.claims != nil {
		event.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
			JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: r.claims},
		}
	}
	if len(body) > 0 {
		event.Body = string(body)
		if !isText(r.Header.Get("Content-Type")) {
			event.Body, event.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
		}
	}
	return json.Marshal(event)
}

// headers returns the headers as API Gateway passes them on: lower-case names, values of a repeated
// header joined by commas, cookies left out, and API Gateway's own headers added.
func headers(r *request, remote string) map[string]string {
	out := map[string]string{
		"host":              r.Host,
		"x-forwarded-for":   remote,
		"x-forwarded-port":  "443",
		"x-forwarded-proto": "https",
		"x-amzn-trace-id":   fmt.Sprintf("Root=1-%08x-%024x", r.now.Unix(), r.now.UnixNano()),
	}
	if r.ContentLength >= 0 {
		out["content-length"] = fmt.Sprint(r.ContentLength)
	}
	for name, values := range r.Header {
		if name != "Cookie" {
			out[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	return out
}

func cookies(header http.Header) []string {
	var out []string
	for _, line := range header.Values("Cookie") {
		for cookie := range strings.SplitSeq(line, ";") {
			out = append(out, strings.TrimSpace(cookie))
		}
	}
	return out
}

// query returns the unescaped parameters; values of a repeated parameter are joined by commas.
func query(raw string) map[string]string {
	values, _ := url.ParseQuery(raw) // unparsable pairs are left out
	if len(values) == 0 {
		return nil
	}
	out := make(map[string]string, len(values))
	for name, list := range values {
		out[name] = strings.Join(list, ",")
	}
	return out
}

// isText reports whether API Gateway passes a body of this type as text; any other body is
// base64-encoded.
func isText(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml") ||
		kind == "application/json" || kind == "application/javascript" || kind == "application/xml"
}
