// Package seed holds the data of a small dealer group and loads it into a running system the way
// real data arrives: ROs in Karmak, settings through the admin API, cases through events.
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

// Data is the dealer group's data.
type Data struct {
	// Karmak is the simulator's input: accounts with their ROs.
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

// Case is a case, including data that only the case platform has.
type Case struct {
	platform.Case
	// Unit is the customer's name for the asset.
	Unit      string `json:"unit"`
	Customer  string `json:"customer"`
	Complaint string `json:"complaint"`
	// Mine and Watching state which of the user's lists show the case.
	Mine     bool `json:"mine"`
	Watching bool `json:"watching"`
	// Happened is the last event that the case platform has sent to the product.
	Happened Happened `json:"happened"`
}

// Happened is the progress of a case.
type Happened string

// The stages of a case.
const (
	Nothing      Happened = "nothing"
	Exported     Happened = "exported"
	ClosedByUser Happened = "closed by user"
	ClosedByAuto Happened = "closed by auto"
)

// Read returns the dealer group's data.
func Read() (Data, error) {
	var data Data
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&data); err != nil {
		return Data{}, fmt.Errorf("read seed data: %w", err)
	}
	return data, nil
}

// Case returns the case with the ID.
func (d Data) Case(id string) (Case, bool) {
	for _, c := range d.Cases {
		if c.CaseID == id {
			return c, true
		}
	}
	return Case{}, false
}

// Connection returns a location's Karmak connection; it is empty for an unknown location.
func (d Data) Connection(locationID string) platform.Connection {
	for _, location := range d.Locations {
		if location.LocationID == locationID {
			return location.Settings.Karmak
		}
	}
	return platform.Connection{}
}

// LocationIDs returns the IDs of all locations.
func (d Data) LocationIDs() []string {
	ids := make([]string, len(d.Locations))
	for i, location := range d.Locations {
		ids[i] = location.LocationID
	}
	return ids
}

// Open returns the exported cases that have not been closed.
func (d Data) Open() []platform.Case {
	var open []platform.Case
	for _, c := range d.Cases {
		if c.Happened == Exported {
			open = append(open, c.Case)
		}
	}
	return open
}

// SetUp loads the repair orders into Karmak and saves the locations' settings. It sends no events.
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

// Plant loads the dealer group into a running system and returns when the API shows all of it.
func (d Data) Plant(ctx context.Context, p *platform.Platform) error {
	if err := d.SetUp(ctx, p); err != nil {
		return err
	}
	expected := map[platform.Case]string{}
	for _, c := range d.Cases {
		id, err := sendEvents(ctx, p, c)
		if err != nil {
			return fmt.Errorf("plant cases: %w", err)
		}
		if id != "" {
			expected[c.Case] = id
		}
	}
	// Empty queues first: polling each case until its result appears would fill the log.
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

// sendEvents sends the events of the case's stage and returns the last event's ID.
func sendEvents(ctx context.Context, p *platform.Platform, c Case) (string, error) {
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
