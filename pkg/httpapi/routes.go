package httpapi

import (
	"net/http"
	"slices"
	"strings"
)

// function names a Lambda function that serves HTTP.
type function string

const (
	readFunction  function = "read"
	adminFunction function = "admin"
)

// callers is the set of callers that may use a route. The zero value denies every caller.
type callers int

const (
	denied        callers = iota
	public                // without a token
	staff                 // every role
	locationStaff         // every role that may see total charges: all but field managers
	managers              // administrators, service managers and our support staff
	supportOnly           // our support staff
)

// source says how a request identifies its location. Requests with the zero value are rejected.
type source int

const (
	unspecified source = iota
	inPath             // path parameter locationId
	inQuery            // query parameter locationId
	filtered           // the use case receives the caller and filters by the caller's locations
	noLocation         // the request has no location
)

// content says whether a route accepts a JSON body.
type content int

const (
	noBody content = iota
	optionalBody
	requiredBody
)

// route is one operation of the contract.
type route struct {
	method   string
	path     string // path template, as in template.yaml
	function function
	callers  callers
	source   source
	query    []string // names of the query parameters
	body     content
}

// key returns API Gateway's route key.
func (r route) key() string { return r.method + " " + r.path }

// catchAll is the route of requests that no other route matches. It needs no authorization: its
// responses reveal only which routes exist.
const catchAll = "ANY /v1/{proxy+}"

// pathOf returns the contract's path of a request to catchAll. The event's rawPath is unsuitable
// because it keeps the mapping key of a custom domain as a prefix.
func pathOf(e event) string { return "/v1/" + e.PathParameters["proxy"] }

// routes returns every operation of the contract and its permitted callers, without endpoints: a
// function links only those that it serves. HEAD is served as GET and not listed.
func routes() []route {
	const (
		location = "/v1/locations/{locationId}"
		settings = location + "/external-interfaces"
	)
	cursor := []string{"cursor"}
	return []route{
		{"GET", location + "/cases/{caseId}/related-ros", readFunction, staff, inPath, nil, noBody},
		{"GET", location + "/cases/{caseId}/retrievals", readFunction, staff, inPath, nil, noBody},
		{"GET", location + "/assets/{assetId}/related-ros", readFunction, staff, inPath, cursor, noBody},
		{"POST", "/v1/related-ros/batch-get", readFunction, staff, filtered, nil, requiredBody},
		{"GET", "/v1/search", readFunction, staff, inQuery, []string{"locationId", "ro", "match", "cursor"}, noBody},
		{"GET", location + "/open-warranty-ros", readFunction, locationStaff, inPath, []string{"olderThanDays", "cursor"}, noBody},
		{"GET", "/v1/health", readFunction, public, noLocation, nil, noBody},

		{"GET", settings, adminFunction, staff, inPath, nil, noBody},
		{"PUT", settings, adminFunction, managers, inPath, nil, requiredBody},
		{"POST", settings + "/verify", adminFunction, managers, inPath, nil, optionalBody},
		{"GET", settings + "/branches", adminFunction, supportOnly, inPath, nil, noBody},
		{"GET", settings + "/history", adminFunction, managers, inPath, cursor, noBody},
		{"POST", location + "/cases/{caseId}/refresh", adminFunction, managers, inPath, nil, optionalBody},
		{"POST", location + "/refetch", adminFunction, managers, inPath, nil, optionalBody},
		{"GET", "/v1/operations/locations", adminFunction, supportOnly, filtered, []string{"status", "cursor"}, noBody},
		{"GET", "/v1/operations/dead-letters", adminFunction, supportOnly, filtered, []string{"queue"}, noBody},
		{"POST", "/v1/operations/dead-letters/redrive", adminFunction, supportOnly, filtered, nil, requiredBody},
		{"POST", "/v1/operations/dead-letters/delete", adminFunction, supportOnly, filtered, nil, requiredBody},
	}
}

// methodsOf returns the methods of a path in the contract, sorted, or none if the path is not in
// the contract.
func methodsOf(path string) []string {
	var methods []string
	for _, r := range routes() {
		if matches(r.path, path) {
			methods = append(methods, r.method)
			if r.method == http.MethodGet {
				methods = append(methods, http.MethodHead)
			}
		}
	}
	slices.Sort(methods)
	return methods
}

func matches(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if parameter := strings.HasPrefix(want[i], "{"); got[i] != want[i] && (!parameter || got[i] == "") {
			return false
		}
	}
	return true
}
