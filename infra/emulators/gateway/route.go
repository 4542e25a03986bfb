package gateway

import (
	"net/url"
	"strings"

	"related-ro/infra/emulators/template"
)

// match picks the route by API Gateway's priority: the most specific path (a literal segment before
// {name}, {name} before {name+}), and for equal paths the exact method before ANY. Parameters are
// unescaped.
func match(routes []template.Route, method, escapedPath string) (template.Route, map[string]string, bool) {
	var best template.Route
	var parameters map[string]string
	rank := ""
	for _, route := range routes {
		if route.Method != method && route.Method != "ANY" {
			continue
		}
		found, specific, ok := matchPath(route.Path, escapedPath)
		if !ok {
			continue
		}
		if route.Method == "ANY" {
			specific += "0"
		} else {
			specific += "1"
		}
		if specific > rank {
			best, parameters, rank = route, found, specific
		}
	}
	return best, parameters, rank != ""
}

// matchPath matches one route's path. Of two matching routes, the more specific one has the greater
// string in specific: first whether it matches without a greedy parameter, then one digit per
// segment. A parameter is never empty, except a greedy one below a folder: in API Gateway, which
// has no routes that end in a slash, GET /console/{proxy+} takes /console/.
func matchPath(pattern, escapedPath string) (parameters map[string]string, specific string, ok bool) {
	want := strings.Split(strings.TrimPrefix(pattern, "/"), "/")
	have := strings.Split(strings.TrimPrefix(escapedPath, "/"), "/")
	parameters = map[string]string{}
	for i, segment := range want {
		if i >= len(have) {
			return nil, "", false
		}
		name, isParameter := strings.CutPrefix(segment, "{")
		name = strings.TrimSuffix(name, "}")
		if greedy, ok := strings.CutSuffix(name, "+"); isParameter && ok && (have[i] != "" || i > 0) {
			value, err := url.PathUnescape(strings.Join(have[i:], "/"))
			parameters[greedy] = value
			return parameters, "0" + specific, err == nil
		}
		switch {
		case isParameter && have[i] != "":
			value, err := url.PathUnescape(have[i])
			if err != nil {
				return nil, "", false
			}
			parameters[name] = value
			specific += "1"
		case segment == have[i]:
			specific += "2"
		default:
			return nil, "", false
		}
	}
	return parameters, "1" + specific, len(want) == len(have)
}
