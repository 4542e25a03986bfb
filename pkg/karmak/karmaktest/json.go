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
	Latency duration `json:"latency,omitzero"`
	Jitter  duration `json:"jitter,omitzero"`
}

// faultFields is Fault without its methods, which would recurse.
type faultFields Fault

// MarshalJSON writes the fault in the form that UnmarshalJSON reads.
func (f Fault) MarshalJSON() ([]byte, error) {
	return json.Marshal(faultJSON{faultFields(f), duration(f.Latency), duration(f.Jitter)})
}

// UnmarshalJSON reads {"account","call","kind","times","after","probability","latency","jitter",
// "status","retryAfter"}. The error describes the invalid field. Validate checks the values.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var j faultJSON
	if err := unmarshalStrictly(data, &j); err != nil {
		return err
	}
	*f = Fault(j.faultFields)
	f.Latency, f.Jitter = time.Duration(j.Latency), time.Duration(j.Jitter)
	return nil
}

// duration is written as text, such as "250ms".
type duration time.Duration

func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("latency or jitter: %q is no duration such as 250ms", text)
	}
	*d = duration(parsed)
	return nil
}

// decodeStrictly reads exactly one JSON value. It returns an error that names an unknown field.
func decodeStrictly(r io.Reader, target any) error {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	err := d.Decode(target)
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

func unmarshalStrictly(data []byte, target any) error {
	return decodeStrictly(bytes.NewReader(data), target)
}
