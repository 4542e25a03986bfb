package pattern

import (
	"strings"
	"testing"
)

// The examples come from AWS's pages "Control which events Lambda sends to your function" and
// "Amazon EventBridge event patterns".
func TestPatternMatchesAsPublished(t *testing.T) {
	for name, c := range map[string]struct {
		pattern, event string
		want           bool
	}{
		"equal":                        {`{"source":["aws.ec2"]}`, `{"source":"aws.ec2"}`, true},
		"another":                      {`{"source":["aws.ec2"]}`, `{"source":"aws.s3"}`, false},
		"missing":                      {`{"source":["aws.ec2"]}`, `{"detail":{}}`, false},
		"one of several":               {`{"a":[1,"x",null,true]}`, `{"a":true}`, true},
		"null":                         {`{"a":[null]}`, `{"a":null}`, true},
		"null is not missing":          {`{"a":[null]}`, `{}`, false},
		"a number is not its text":     {`{"a":[1]}`, `{"a":"1"}`, false},
		"nested":                       {`{"detail":{"state":["running"]}}`, `{"detail":{"state":"running","x":1}}`, true},
		"nested in what is no object":  {`{"detail":{"state":["running"]}}`, `{"detail":"running"}`, false},
		"every field":                  {`{"a":["1"],"b":["2"]}`, `{"a":"1","b":"3"}`, false},
		"prefix":                       {`{"a":[{"prefix":"CASE#"}]}`, `{"a":"CASE#1"}`, true},
		"prefix of another":            {`{"a":[{"prefix":"CASE#"}]}`, `{"a":"RO#1#CASE#1"}`, false},
		"prefix or equal":              {`{"a":[{"prefix":"CASE#"},"SETTINGS"]}`, `{"a":"SETTINGS"}`, true},
		"exists":                       {`{"a":[{"exists":true}]}`, `{"a":null}`, true},
		"does not exist":               {`{"a":[{"exists":false}]}`, `{"b":1}`, true},
		"does not exist in nothing":    {`{"d":{"a":[{"exists":false}]}}`, `{"b":1}`, true},
		"an element of an array":       {`{"a":["x"]}`, `{"a":["y","x"]}`, true},
		"no element of an array":       {`{"a":["x"]}`, `{"a":["y"]}`, false},
		"an object among the elements": {`{"a":{"b":["x"]}}`, `{"a":[{"b":"y"},{"b":"x"}]}`, true},
		"a record of a stream": {`{"dynamodb":{"Keys":{"SK":{"S":["SETTINGS"]}}}}`,
			`{"dynamodb":{"Keys":{"PK":{"S":"L"},"SK":{"S":"SETTINGS"}}}}`, true},
		"not a JSON object":             {`{"a":[{"exists":false}]}`, `[1]`, false},
		"an empty array does not exist": {`{"a":[{"exists":true}]}`, `{"a":[]}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Parse(c.pattern)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Match([]byte(c.event)); got != c.want {
				t.Errorf("matches: %t, want %t", got, c.want)
			}
		})
	}
}

func TestPatternNamesUnknownOperators(t *testing.T) {
	for pattern, says := range map[string]string{
		`{"a":[{"numeric":[">",1]}]}`:         "numeric",
		`{"a":[{"wildcard":"x*"}]}`:           "wildcard",
		`{"a":[{"prefix":"x","suffix":"y"}]}`: "exactly one",
		`{"a":"x"}`:                           "a must be",
		`{"a":[]}`:                            "empty array",
		`{}`:                                  "empty",
		`[1]`:                                 "JSON object",
		`{"$or":[{"a":["x"]}]}`:               "not supported",
		`{"a":[["x"]]}`:                       "array within",
		`{"a":{"b":3}}`:                       "b must be",
		`{"a":[{"anything-but":"x"}]}`:        "anything-but",
	} {
		if _, err := Parse(pattern); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got error %v, want one that contains %q", pattern, err, says)
		}
	}
}
