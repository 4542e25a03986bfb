package httpapi

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plain converts a result of value to the types that encoding/json returns.
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

// FuzzValue compares value with the decoder of encoding/json.
func FuzzValue(f *testing.F) {
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
		tokens := json.NewDecoder(strings.NewReader(text))
		tokens.UseNumber()
		if got := plain(value(tokens)); strings.ToValidUTF8(text, "") == text && !cmp.Equal(got, want) {
			t.Errorf("%s is parsed as %v, want %v", text, got, want)
		}
		if _, err := tokens.Token(); err != io.EOF {
			t.Errorf("%s is not read completely: %v", text, err)
		}
	})
}
