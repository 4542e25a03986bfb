package sqsengine

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The Query protocol (form input, XML output) is used by SDKs from before November 2023, and
// therefore by the aws command in Debian 12 and Ubuntu 22.04. Its calls are those of the JSON
// protocol under other names, so the engine translates requests to JSON and answers back to XML.
const queryNamespace = "http://queue.amazonaws.com/doc/2012-11-05/"

// isQuery reports whether a request uses the Query protocol.
func isQuery(r *http.Request) bool {
	// An unreadable Content-Type counts as none.
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return r.Header.Get("X-Amz-Target") == "" && (kind == "application/x-www-form-urlencoded" || r.URL.Query().Has("Action"))
}

func (e *Engine) serveQuery(w http.ResponseWriter, r *http.Request, requestID string) {
	action, body, err := readQuery(r)
	var out any
	if err == nil {
		out, err = e.perform(r, action, body)
	}
	x := &xmlResponse{action: action}
	status := http.StatusOK
	if err != nil {
		status = err.Status
		x.failure(err, requestID)
	} else {
		x.success(out, requestID)
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(x.text.Bytes()) // fails only if the client is gone
}

// readQuery returns the action and its input in the form of the JSON protocol. If QueueUrl is
// missing, it is the URL of the request.
func readQuery(r *http.Request) (action string, input []byte, err *Error) {
	if parseErr := r.ParseForm(); parseErr != nil {
		return "", nil, unreadable(parseErr)
	}
	tree := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(r.Form)) {
		value := r.Form.Get(name)
		if !utf8.ValidString(value) {
			return "", nil, malformed("the request is not UTF-8")
		}
		plant(tree, strings.Split(name, "."), value)
	}
	action, _ = tree["Action"].(string)
	if _, isText := tree["QueueUrl"].(string); !isText && strings.HasPrefix(r.URL.Path, "/"+Account+"/") {
		tree["QueueUrl"] = (&url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path}).String()
	}
	input, encodeErr := json.Marshal(jsonOf("", tree))
	if encodeErr != nil {
		return action, nil, malformed(encodeErr.Error())
	}
	return action, input, nil
}

// plant stores a value in the tree at the path of its name, such as Attribute.1.Name. A name
// without a value stands for an empty list.
func plant(tree map[string]any, way []string, value string) {
	if len(way) == 1 {
		if value != "" {
			tree[way[0]] = value
		}
		return
	}
	for ; len(way) > 1; way = way[1:] {
		next, ok := tree[way[0]].(map[string]any)
		if !ok {
			next = map[string]any{}
			tree[way[0]] = next
		}
		tree = next
	}
	tree[way[0]] = value
}

// jsonOf converts a branch of the form's tree to the JSON protocol. A branch with numbered members
// becomes a list, or a map if the members are pairs of name and value.
func jsonOf(name string, branch any) any {
	members, ok := branch.(map[string]any)
	if !ok {
		text, _ := branch.(string)
		if n, err := strconv.Atoi(text); err == nil && isNumber(name) {
			return n
		}
		return text
	}
	if list, ok := numbered(members); ok {
		return listOf(list)
	}
	object := map[string]any{}
	for member, value := range members {
		object[jsonName(member)] = jsonOf(member, value)
	}
	return object
}

// numbered returns the members in order of their numbers, and false if any member is not numbered.
func numbered(members map[string]any) ([]any, bool) {
	byNumber := map[int]any{}
	for member, value := range members {
		n, err := strconv.Atoi(member)
		if err != nil {
			return nil, false
		}
		byNumber[n] = value
	}
	var list []any
	for _, n := range slices.Sorted(maps.Keys(byNumber)) {
		list = append(list, byNumber[n])
	}
	return list, len(list) > 0
}

func listOf(members []any) any {
	list, pairs := []any{}, map[string]any{}
	for _, member := range members {
		list = append(list, jsonOf("", member))
		pair, _ := member.(map[string]any)
		for _, key := range []string{"Name", "Key"} { // tags use Key
			if name, ok := pair[key].(string); ok {
				pairs[name] = jsonOf("", pair["Value"])
			}
		}
	}
	if len(pairs) > 0 {
		return pairs
	}
	return list
}

func isNumber(name string) bool {
	switch name {
	case "DelaySeconds", "MaxNumberOfMessages", "MaxResults", "VisibilityTimeout", "WaitTimeSeconds":
		return true
	}
	return false
}

// jsonName returns the name of a parameter in the JSON protocol. The Query protocol uses the
// singular for lists.
func jsonName(parameter string) string {
	switch parameter {
	case "Attribute", "AttributeName", "MessageAttribute", "MessageAttributeName", "MessageSystemAttribute",
		"MessageSystemAttributeName", "StringListValue", "BinaryListValue":
		return parameter + "s"
	}
	switch {
	case parameter == "Tag":
		return "tags"
	case strings.HasSuffix(parameter, "BatchRequestEntry"):
		return "Entries"
	}
	return parameter
}

// xmlResponse builds the answer to a call of the Query protocol.
type xmlResponse struct {
	action string
	text   bytes.Buffer
}

func (x *xmlResponse) success(out any, requestID string) {
	root := x.action + "Response"
	x.text.WriteString(`<` + root + ` xmlns="` + queryNamespace + `">`)
	if out != nil {
		x.element(x.action+"Result", members(out))
	}
	x.element("ResponseMetadata", map[string]any{"RequestId": requestID})
	x.text.WriteString(`</` + root + `>`)
}

func (x *xmlResponse) failure(err *Error, requestID string) {
	x.text.WriteString(`<ErrorResponse xmlns="` + queryNamespace + `">`)
	x.element("Error", map[string]any{"Type": err.fault(), "Code": err.Code, "Message": err.Message})
	x.element("RequestId", requestID)
	x.text.WriteString(`</ErrorResponse>`)
}

// members returns the fields of an answer under their names in the JSON protocol.
func members(out any) (decoded map[string]any) {
	encoded, err := json.Marshal(out)
	if err = errors.Join(err, json.Unmarshal(encoded, &decoded)); err != nil {
		panic(err) // answers contain only strings, lists and maps, which always encode
	}
	return decoded
}

// element writes an element that contains text, or members in order of name.
func (x *xmlResponse) element(name string, content any) {
	x.text.WriteString("<" + name + ">")
	if object, ok := content.(map[string]any); ok {
		for _, member := range slices.Sorted(maps.Keys(object)) {
			x.member(member, object[member])
		}
	} else {
		_ = xml.EscapeText(&x.text, fmt.Append(nil, content)) // a bytes.Buffer never fails
	}
	x.text.WriteString("</" + name + ">")
}

// member writes a member with the given name in the JSON protocol. A list becomes one element per
// member, a map of attributes one element per pair.
func (x *xmlResponse) member(name string, value any) {
	switch name {
	case "Attributes", "MessageAttributes":
		attributes, _ := value.(map[string]any)
		for _, attribute := range slices.Sorted(maps.Keys(attributes)) {
			x.element(strings.TrimSuffix(name, "s"), map[string]any{"Name": attribute, "Value": attributes[attribute]})
		}
		return
	case "QueueUrls":
		name = "QueueUrl"
	case "Messages":
		name = "Message"
	case "Successful":
		name = x.action + "ResultEntry"
	case "Failed":
		name = "BatchResultErrorEntry"
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	for _, one := range list {
		x.element(name, one)
	}
}
