package karmaktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// faultJSON is Fault with its durations as text.
type faultJSON struct {
	faultFields
	Latency string `json:"latency,omitempty"`
	Jitter  string `json:"jitter,omitempty"`
}

// faultFields is Fault without its methods, which would recurse.
type faultFields Fault

// MarshalJSON writes the fault in the form that UnmarshalJSON reads.
func (f Fault) MarshalJSON() ([]byte, error) {
	j := faultJSON{faultFields: faultFields(f)}
	if f.Latency != 0 {
		j.Latency = f.Latency.String()
	}
	if f.Jitter != 0 {
		j.Jitter = f.Jitter.String()
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads {"account","call","kind","times","after","probability","latency","jitter",
// "status","retryAfter"}. The error names the invalid field. Validate checks the values.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var j faultJSON
	if err := unmarshalStrictly(data, &j); err != nil {
		return err
	}
	*f = Fault(j.faultFields)
	for _, field := range []struct {
		name, value string
		to          *time.Duration
	}{{"latency", j.Latency, &f.Latency}, {"jitter", j.Jitter, &f.Jitter}} {
		if field.value == "" {
			continue
		}
		d, err := time.ParseDuration(field.value)
		if err != nil {
			return fmt.Errorf("%s: %q is no duration such as 250ms", field.name, field.value)
		}
		*field.to = d
	}
	return nil
}

// decodeStrictly reads exactly one JSON value. It returns an error that names an unknown field.
func decodeStrictly(r io.Reader, to any) error {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	err := d.Decode(to)
	if errors.Is(err, io.EOF) {
		return errors.New("json: nothing there")
	}
	if err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("json: something follows the value")
	}
	return nil
}

func unmarshalStrictly(data []byte, to any) error { return decodeStrictly(bytes.NewReader(data), to) }
