// Package httpapi serves the HTTP contract, infra/contracts/openapi.yaml, behind an API Gateway
// HTTP API. It takes requests and returns responses in payload format 2.0.
//
// API Gateway matches the route and verifies the token. The package authorizes the caller (one
// table of routes, one function that decides, deny by default), validates every input, calls the
// use cases of package relatedro, and encodes results and errors as JSON.
//
// Start with NewRead and NewAdmin, one for each function that serves HTTP.
package httpapi
