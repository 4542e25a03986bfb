package httpapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plain returns what encoding/json makes of a value that validJSON has read.
func plain(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case *object:
		for name := range v.members {
			v.members[name] = plain(v.members[name])
		}
		return v.members
	}
	return value
}

// FuzzValidJSON holds our reading of JSON against encoding/json's.
func FuzzValidJSON(f *testing.F) {
	for _, text := range []string{
		`{}`, `[]`, `""`, `0`, `-1.5e+3`, `true`, `false`, `null`, ` {"a" : [1 ,2,{"b":"c"}] , "d":null} `, `[[],[[]],{}]`,
		`"\u00e9\"\\\/\n"`, `{"\u0061":"\\"}`, `{"":""}`, `"\ud83d\ude00 \ud800"`, "[\t1\r\n,\t2]", `{"a":"}","b":"]","c":",:"}`, `"é<>&"`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			return
		}
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		var want any
		if err := dec.Decode(&want); err != nil {
			t.Fatal(err)
		}
		v := validJSON{text}
		if got := plain(v.value()); strings.ToValidUTF8(text, "") == text && !cmp.Equal(got, want) {
			t.Errorf("%s reads as %v, want %v", text, got, want)
		}
		if rest := strings.Trim(v.rest, " \t\r\n"); rest != "" {
			t.Errorf("%s is read without %q", text, rest)
		}
	})
}
