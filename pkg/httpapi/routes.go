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

// who names the callers that a route is open to. The zero who is nobody.
type who int

const (
	nobody        who = iota
	anybody           // without a token
	staff             // every role
	locationStaff     // every role but field managers: those who may see what an RO is worth
	managers          // administrators, service managers and our support staff
	supportOnly       // our support staff
)

// where says how a request names the location that it is about. The zero where is
// unknown, and refused.
type where int

const (
	unknown      where = iota
	inPath             // path parameter locationId
	inQuery            // query parameter locationId
	eachByItself       // the use case is given the caller and leaves out what is not theirs
	nowhere            // it is about no location
)

// content says whether a route takes a JSON body.
type content int

const (
	noBody content = iota
	optionalBody
	requiredBody
)

// route is one operation of the contract.
type route struct {
	method   string
	path     string // template, as in template.yaml
	function function
	who      who
	where    where
	query    []string // query parameters it knows
	body     content
}

// key returns what API Gateway calls the route.
func (r route) key() string { return r.method + " " + r.path }

// catchAll is the route of whatever no other route takes. It needs no rule: it
// tells nothing but which routes there are.
const catchAll = "ANY /v1/{proxy+}"

// pathOf returns the path that the catchAll took, as the contract has it: the event's rawPath
// keeps the key of a custom domain's mapping before it.
func pathOf(in event) string { return "/v1/" + in.PathParameters["proxy"] }

// routes returns every operation of the contract, and who may call it. HEAD goes where GET
// does and is not listed.
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
		{"POST", "/v1/related-ros/batch-get", readFunction, staff, eachByItself, nil, requiredBody},
		{"GET", "/v1/search", readFunction, staff, inQuery, []string{"locationId", "ro", "match", "cursor"}, noBody},
		{"GET", location + "/open-warranty-ros", readFunction, locationStaff, inPath, []string{"olderThanDays", "cursor"}, noBody},
		{"GET", "/v1/health", readFunction, anybody, nowhere, nil, noBody},

		{"GET", settings, adminFunction, staff, inPath, nil, noBody},
		{"PUT", settings, adminFunction, managers, inPath, nil, requiredBody},
		{"POST", settings + "/verify", adminFunction, managers, inPath, nil, optionalBody},
		{"GET", settings + "/branches", adminFunction, supportOnly, inPath, nil, noBody},
		{"GET", settings + "/history", adminFunction, managers, inPath, cursor, noBody},
		{"POST", location + "/cases/{caseId}/refresh", adminFunction, managers, inPath, nil, optionalBody},
		{"POST", location + "/refetch", adminFunction, managers, inPath, nil, optionalBody},
		{"GET", "/v1/operations/locations", adminFunction, supportOnly, eachByItself, []string{"status", "cursor"}, noBody},
		{"GET", "/v1/operations/dead-letters", adminFunction, supportOnly, eachByItself, []string{"queue"}, noBody},
		{"POST", "/v1/operations/dead-letters/redrive", adminFunction, supportOnly, eachByItself, nil, requiredBody},
		{"POST", "/v1/operations/dead-letters/delete", adminFunction, supportOnly, eachByItself, nil, requiredBody},
	}
}

// methodsOf returns the methods that a path has in the contract, sorted; none if it
// is no path of it.
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
