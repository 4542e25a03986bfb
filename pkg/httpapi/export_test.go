package httpapi

// ForgeCursor returns a cursor of a position in any list, as an attacker could create it from the
// source code.
func ForgeCursor(method, template string, path, query map[string]string, position string) string {
	r := &request{
		route: route{method: method, path: template},
		event: event{PathParameters: path, QueryStringParameters: query},
	}
	return *encodeCursor(r, position)
}
