// Package seed holds a small dealer group to try the system with, and plants it as the real ones grow: the ROs in Karmak,
// the settings through the admin API, the cases by events.
package seed

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"

	"related-ro/infra/local/platform"
)

//go:embed seed.json
var text []byte

// Data is the dealer group.
type Data struct {
	// Karmak is what the simulator loads: accounts with their ROs.
	Karmak    json.RawMessage `json:"karmak"`
	Locations []Location      `json:"locations"`
	Cases     []Case          `json:"cases"`
}

// Location is a service location and its external-interfaces setting.
type Location struct {
	LocationID string            `json:"locationId"`
	Name       string            `json:"name"`
	Settings   platform.Settings `json:"settings"`
}

// Case is a case, with what only the case platform knows of it.
type Case struct {
	platform.Case
	// Unit is what people call the asset.
	Unit      string `json:"unit"`
	Customer  string `json:"customer"`
	Complaint string `json:"complaint"`
	// Mine and Watching say in which of the user's lists it is shown.
	Mine     bool `json:"mine"`
	Watching bool `json:"watching"`
	// Happened is what the case platform has told the product so far.
	Happened Happened `json:"happened"`
}

// Happened is how far a case has come.
type Happened string

// How far a case may have come.
const (
	Nothing      Happened = "nothing"
	Exported     Happened = "exported"
	ClosedByUser Happened = "closed by user"
	ClosedByAuto Happened = "closed by auto"
)

// Read returns the dealer group.
func Read() (Data, error) {
	var data Data
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&data); err != nil {
		return Data{}, fmt.Errorf("read seed data: %w", err)
	}
	return data, nil
}

// Case returns the case with the id.
func (d Data) Case(id string) (Case, bool) {
	for _, c := range d.Cases {
		if c.CaseID == id {
			return c, true
		}
	}
	return Case{}, false
}

// Connection returns where a location's ROs are in Karmak; empty for an unknown location.
func (d Data) Connection(locationID string) platform.Connection {
	for _, location := range d.Locations {
		if location.LocationID == locationID {
			return location.Settings.Karmak
		}
	}
	return platform.Connection{}
}

// LocationIDs returns the ids of all locations.
func (d Data) LocationIDs() []string {
	ids := make([]string, len(d.Locations))
	for i, location := range d.Locations {
		ids[i] = location.LocationID
	}
	return ids
}

// Open returns the cases that were exported and not closed since.
func (d Data) Open() []platform.Case {
	var open []platform.Case
	for _, c := range d.Cases {
		if c.Happened == Exported {
			open = append(open, c.Case)
		}
	}
	return open
}

// SetUp brings the repair orders into Karmak and sets the locations up; no case has happened then.
func (d Data) SetUp(ctx context.Context, p *platform.Platform) error {
	if err := p.Control(ctx, http.MethodPost, "load", d.Karmak, nil); err != nil {
		return fmt.Errorf("plant repair orders: %w", err)
	}
	for _, location := range d.Locations {
		if err := p.SaveSettings(ctx, location.LocationID, location.Settings); err != nil {
			return fmt.Errorf("plant locations: %w", err)
		}
	}
	return nil
}

// Plant brings the dealer group into a running system and returns when all of it can be read there.
func (d Data) Plant(ctx context.Context, p *platform.Platform) error {
	if err := d.SetUp(ctx, p); err != nil {
		return err
	}
	expected := map[platform.Case]string{}
	for _, c := range d.Cases {
		id, err := tell(ctx, p, c)
		if err != nil {
			return fmt.Errorf("plant cases: %w", err)
		}
		if id != "" {
			expected[c.Case] = id
		}
	}
	// Empty queues first: asking for each case until it is there would fill the log.
	if err := p.AwaitEmpty(ctx); err != nil {
		return fmt.Errorf("plant cases: %w", err)
	}
	for c, id := range expected {
		answer, err := p.Await(ctx, c, id)
		if err != nil {
			return fmt.Errorf("plant cases: %w", err)
		}
		if answer.Retrieval.Outcome != "ok" {
			return fmt.Errorf("plant cases: %s: %s", c.CaseID, answer.Retrieval.Message)
		}
	}
	return nil
}

// tell sends what has happened to the case and returns the last event's id.
func tell(ctx context.Context, p *platform.Platform, c Case) (string, error) {
	if c.Happened == Nothing {
		return "", nil
	}
	id, err := p.Export(ctx, c.Case)
	if err != nil {
		return "", err
	}
	switch c.Happened {
	case ClosedByUser:
		return p.Close(ctx, c.Case, "user")
	case ClosedByAuto:
		return p.Close(ctx, c.Case, "auto")
	}
	return id, nil
}
