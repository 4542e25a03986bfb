// Package httpapi serves the HTTP contract, infra/openapi.yaml, behind an API
// Gateway HTTP API: requests of payload format 2.0 in, responses out.
//
// API Gateway has matched the route and checked the token. The package decides who
// may do what (one table of routes, one place that authorizes, deny by default),
// checks every input, calls the use cases of package relatedro and turns what comes
// back, errors included, into JSON.
//
// Start with NewRead and NewAdmin, one for each function that serves HTTP.
package httpapi
