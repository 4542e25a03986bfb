package karmaktest

import (
	"fmt"
	"slices"
)

// Rules are what an account's Unity refuses or takes. The zero value is as published, or where Karmak publishes nothing as
// infra/docs/simulator.md says.
type Rules struct {
	// StatusPath says which URL the system status has: "current", as published; "older", that of an older edition; "both"; or "none".
	StatusPath string `json:"statusPath,omitempty"`
	// Branches is the status, 403 or 404, of an account that may not list its branches; 0: it may.
	Branches int `json:"branches,omitempty"`
	// BadToken is the status by which an expired or revoked token is refused, 401 or 400; 0 is 401.
	BadToken int `json:"badToken,omitempty"`
	// BadNumber is the status of a filter whose number an int column cannot hold, 400, 500 or 515; with 200 it matches no row; 0 is 400.
	BadNumber int `json:"badNumber,omitempty"`

	Sort          bool `json:"sort,omitempty"`          // takes sort
	WholeRows     bool `json:"wholeRows,omitempty"`     // takes a look-up without select
	ISODates      bool `json:"isoDates,omitempty"`      // takes ISO 8601 dates and times in filters too
	CaseSensitive bool `json:"caseSensitive,omitempty"` // tells letters apart by case
	NoTaskBranch  bool `json:"noTaskBranch,omitempty"`  // RepairOrderTask has no column Branch
	TasksStay     bool `json:"tasksStay,omitempty"`     // tasks stay with the RO from which another was split off
}

func (r Rules) validate() error {
	if err := oneOf("statusPath", r.StatusPath, "current", "older", "both", "none"); err != nil {
		return err
	}
	for _, field := range []struct {
		name    string
		value   int
		choices []int
	}{
		{"branches", r.Branches, []int{403, 404}},
		{"badToken", r.BadToken, []int{400, 401}},
		{"badNumber", r.BadNumber, []int{200, 400, 500, 515}},
	} {
		if field.value != 0 && !slices.Contains(field.choices, field.value) {
			return fmt.Errorf("%s: %d is none of %v", field.name, field.value, field.choices)
		}
	}
	return nil
}

// oneOf returns an error unless value is one of the choices or empty.
func oneOf(field, value string, choices ...string) error {
	if value == "" || slices.Contains(choices, value) {
		return nil
	}
	return fmt.Errorf("%s: %q is none of %q", field, value, choices)
}

func (r Rules) servesStatus(path string) bool {
	switch r.StatusPath {
	case "older":
		return path == olderStatusPath
	case "both":
		return true
	case "none":
		return false
	}
	return path == statusPath
}

// refusal is an error with the status of the answer to it.
type refusal struct {
	status int
	says   string
}

func (r *refusal) Error() string { return r.says }
