package httpapi

// ForgeCursor returns a cursor of a position in any list, as somebody who has read the
// source could make one.
func ForgeCursor(method, template string, path, query map[string]string, position string) string {
	r := &request{
		route: route{method: method, path: template},
		in:    event{PathParameters: path, QueryStringParameters: query},
	}
	return *encodeCursor(r, position)
}
