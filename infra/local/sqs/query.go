package sqs

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

// The Query protocol is that of SDKs from before November 2023, and so of the aws command in Debian 12 and Ubuntu 22.04: a
// form in, XML out. Its calls are those of the JSON protocol under other names, so it is translated to JSON and back.
const queryNamespace = "http://queue.amazonaws.com/doc/2012-11-05/"

// isQuery says whether a request is of the Query protocol.
func isQuery(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // of what cannot be read it is none
	return r.Header.Get("X-Amz-Target") == "" && (kind == "application/x-www-form-urlencoded" || r.URL.Query().Has("Action"))
}

func (e *Engine) serveQuery(w http.ResponseWriter, r *http.Request, requestID string) {
	action, body, err := readQuery(r)
	var out any
	if err == nil {
		out, err = e.perform(r, action, body)
	}
	x := &xmlAnswer{action: action}
	status := http.StatusOK
	if err != nil {
		status = err.Status
		x.failure(err, requestID)
	} else {
		x.success(out, requestID)
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(x.text.Bytes()) // a client that is gone has nobody to tell
}

// readQuery returns the action and its input as the JSON protocol has it. A request without QueueUrl is about the queue
// whose URL it was sent to.
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

// plant puts a value where the parts of its name lead: Attribute.1.Name. An empty list is sent as a name without a value.
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

// jsonOf returns a branch of the form's tree as the JSON protocol has it: what is numbered is a list, or a map if its
// members have names and values.
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

// numbered returns the members in the order of their numbers, if all are numbered.
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
		for _, key := range []string{"Name", "Key"} { // tags have keys
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

// jsonName is what the JSON protocol calls a parameter: the Query protocol names a list for one of its members.
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

// xmlAnswer is the answer to a call of the Query protocol.
type xmlAnswer struct {
	action string
	text   bytes.Buffer
}

func (x *xmlAnswer) success(out any, requestID string) {
	root := x.action + "Response"
	x.text.WriteString(`<` + root + ` xmlns="` + queryNamespace + `">`)
	if out != nil {
		x.element(x.action+"Result", members(out))
	}
	x.element("ResponseMetadata", map[string]any{"RequestId": requestID})
	x.text.WriteString(`</` + root + `>`)
}

func (x *xmlAnswer) failure(err *Error, requestID string) {
	x.text.WriteString(`<ErrorResponse xmlns="` + queryNamespace + `">`)
	x.element("Error", map[string]any{"Type": err.fault(), "Code": err.Code, "Message": err.Message})
	x.element("RequestId", requestID)
	x.text.WriteString(`</ErrorResponse>`)
}

// members are an answer's, under the names of the JSON protocol.
func members(out any) (decoded map[string]any) {
	encoded, err := json.Marshal(out)
	if err = errors.Join(err, json.Unmarshal(encoded, &decoded)); err != nil {
		panic(err) // answers are structs of texts, lists and maps of them
	}
	return decoded
}

// element writes an element with a text, or with members in the order of their names.
func (x *xmlAnswer) element(name string, content any) {
	x.text.WriteString("<" + name + ">")
	if object, ok := content.(map[string]any); ok {
		for _, member := range slices.Sorted(maps.Keys(object)) {
			x.member(member, object[member])
		}
	} else {
		_ = xml.EscapeText(&x.text, fmt.Append(nil, content)) // a buffer takes everything
	}
	x.text.WriteString("</" + name + ">")
}

// member writes what the JSON protocol calls name: a list as an element for each, a map of attributes as one for each pair.
func (x *xmlAnswer) member(name string, value any) {
	switch name {
	case "Attributes", "MessageAttributes":
		attributes, _ := value.(map[string]any)
		for _, attribute := range slices.Sorted(maps.Keys(attributes)) {
			x.element(strings.TrimSuffix(name, "s"), map[string]any{"Name": attribute, "Value": attributes[attribute]})
		}
		return
	case "QueueUrls", "queueUrls":
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
