// Package console serves the console and the embeddable related-ro elements as a Lambda function
// behind an HTTP API. All files are part of the binary: go generate builds and compresses them from
// web into dist. The pages load nothing from other origins, and their headers forbid it.
package console

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"related-ro/pkg/negotiate"
)

//go:generate go run ./pack

//go:embed dist
var dist embed.FS

// Config holds the settings that differ between deployments.
type Config struct {
	// DashboardURL is the CloudWatch dashboard that the operations page links to: an https URL, or
	// empty for none.
	DashboardURL string `json:"dashboardUrl,omitempty"`
	// Extension is the path of an additional module that the console loads from its own origin. The
	// local stack uses it for its panels; on AWS it is empty, and nothing is loaded.
	Extension string `json:"extension,omitempty"`
}

// Validate returns an error that names every invalid field, or nil.
func (c Config) Validate() error {
	var problems []error
	if u, err := url.Parse(c.DashboardURL); c.DashboardURL != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		problems = append(problems, errors.New("CONSOLE_DASHBOARD_URL must be an https URL"))
	}
	if c.Extension != "" && (path.Clean(c.Extension) != c.Extension || !strings.HasPrefix(c.Extension, "/") ||
		strings.HasPrefix(c.Extension, "//")) {
		problems = append(problems, errors.New("CONSOLE_EXTENSION must be a path that begins with one slash"))
	}
	return errors.Join(problems...)
}

// Handler answers GET /console and all paths below it.
type Handler struct{ config []byte }

// New returns a Handler, or an error that names every invalid field of the Config.
func New(c Config) (*Handler, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	config, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode the console's configuration: %w", err)
	}
	return &Handler{config: config}, nil
}

// Serve answers one request of API Gateway, payload format 2.0. It never returns an error: unknown
// paths get a 404 and methods other than GET and HEAD a 405, as problem+json.
func (h *Handler) Serve(_ context.Context, req events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	if method := req.RequestContext.HTTP.Method; method != "GET" && method != "HEAD" {
		r := problem(405, "Method Not Allowed", req)
		r.Headers["allow"] = "GET, HEAD"
		return r, nil
	}
	// Not from RawPath, which includes the key of a custom domain's mapping.
	name, below := req.PathParameters["proxy"]
	if !below {
		// The pages refer to their files relative to the folder. The redirect names index.html
		// because some gateways treat the folder's own path as /console.
		headers := secure()
		headers["location"] = "/" + strings.Trim(req.RawPath, "/") + "/index.html"
		return events.APIGatewayV2HTTPResponse{StatusCode: 308, Headers: headers}, nil
	}
	switch name {
	case "config.json":
		return respond(req, name, file{identity: h.config}), nil
	case "":
		name = "index.html"
	}
	if packed, err := dist.ReadFile("dist/" + name + ".gz"); err == nil {
		return respond(req, name, file{packed: packed}), nil
	}
	if own := ownAsset(name); own != "" {
		if packed, err := dist.ReadFile("dist/" + own + ".gz"); err == nil {
			r := respond(req, own, file{packed: packed})
			r.Headers["cache-control"] = "no-store" // the content is not that of the requested name
			return r, nil
		}
	}
	return problem(404, "Not Found", req), nil
}

// ownAsset returns this build's asset of the same kind as another build's asset with the given
// name, or "" if there is none. During a release, a page served by one build may request its files
// from the other. This build's files are close enough until the next load.
func ownAsset(name string) string {
	entries, err := dist.ReadDir("dist/assets")
	if err != nil || !strings.HasPrefix(name, "assets/") {
		return ""
	}
	wanted := kindOf(strings.TrimPrefix(name, "assets/"))
	for _, e := range entries {
		if own := strings.TrimSuffix(e.Name(), ".gz"); wanted != "" && kindOf(own) == wanted {
			return "assets/" + own
		}
	}
	return ""
}

// kindOf returns an asset's name without the hash of its content, which is the 10 characters after
// the last "-". It returns "" if there is no hash.
func kindOf(asset string) string {
	ext := path.Ext(asset)
	stem := strings.TrimSuffix(asset, ext)
	dash := strings.LastIndexByte(stem, '-')
	if dash < 0 || len(stem)-dash-1 != 10 {
		return ""
	}
	return stem[:dash] + ext
}

// file is the content of an answer, either uncompressed or compressed with gzip.
type file struct{ identity, packed []byte }

func respond(req events.APIGatewayV2HTTPRequest, name string, f file) events.APIGatewayV2HTTPResponse {
	headers := secure()
	headers["cache-control"] = "no-cache" // may be stored, but is revalidated on each use
	if strings.HasPrefix(name, "assets/") {
		headers["cache-control"] = "public, max-age=31536000, immutable" // the name changes with the content
	}
	headers["etag"] = f.etag()
	headers["vary"] = "accept-encoding"
	if negotiate.Has(req.Headers["if-none-match"], headers["etag"]) {
		return events.APIGatewayV2HTTPResponse{StatusCode: 304, Headers: headers}
	}
	headers["content-type"] = contentType(path.Ext(name))
	body := f.identity
	if f.packed != nil && negotiate.Gzip(req.Headers["accept-encoding"]) {
		headers["content-encoding"] = "gzip"
		body = f.packed
	} else if f.packed != nil {
		var err error
		if body, err = unpack(f.packed); err != nil {
			return problem(500, "Internal Server Error", req)
		}
	}
	return events.APIGatewayV2HTTPResponse{
		StatusCode: 200, Headers: headers, IsBase64Encoded: true, Body: base64.StdEncoding.EncodeToString(body),
	}
}

func contentType(ext string) string {
	switch ext {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json":
		return "application/json"
	}
	// Type declarations: the usual type of .ts is a video format.
	return "text/plain; charset=utf-8"
}

// secure returns the security headers of every answer. They forbid inline scripts and styles and
// loading from other origins. With trusted-types 'none' the browser also refuses code that turns
// text into HTML.
func secure() map[string]string {
	return map[string]string{
		"content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
		"cross-origin-opener-policy":   "same-origin",
		"cross-origin-resource-policy": "cross-origin", // pages of other origins load the elements
		"permissions-policy":           "camera=(), geolocation=(), microphone=()",
		"referrer-policy":              "no-referrer",
		"strict-transport-security":    "max-age=63072000; includeSubDomains",
		"x-content-type-options":       "nosniff",
		"x-frame-options":              "DENY",
	}
}

// etag returns a weak tag, since the same content is sent both compressed and uncompressed.
func (f file) etag() string {
	sum := sha256.Sum256(append(f.identity[:len(f.identity):len(f.identity)], f.packed...))
	return `W/"` + hex.EncodeToString(sum[:12]) + `"`
}

func unpack(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func problem(status int, title string, req events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	headers := secure()
	headers["cache-control"] = "no-store"
	headers["content-type"] = "application/problem+json"
	body, err := json.Marshal(struct {
		Type     string `json:"type"`
		Title    string `json:"title"`
		Status   int    `json:"status"`
		Instance string `json:"instance,omitempty"`
	}{"about:blank", title, status, req.RequestContext.RequestID})
	if err != nil {
		body = nil // cannot happen: plain fields always marshal
	}
	return events.APIGatewayV2HTTPResponse{StatusCode: status, Headers: headers, Body: string(body)}
}
