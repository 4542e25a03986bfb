package karmaktest

import (
	"cmp"
	"fmt"
	"slices"
)

// Rules sets which requests an account's Unity accepts. The zero value is as published or, if
// Karmak publishes nothing, as infra/docs/simulator.md states.
type Rules struct {
	// StatusPath selects the URL of the system status: "current", as published; "older", from an
	// older edition; "both"; or "none".
	StatusPath string `json:"statusPath,omitempty"`
	// Branches is the status, 403 or 404, that refuses the list of branches. With 0 the list is
	// open.
	Branches int `json:"branches,omitempty"`
	// BadToken is the status, 401 or 400, for an expired or revoked token. 0 means 401.
	BadToken int `json:"badToken,omitempty"`
	// BadNumber is the status, 400, 500 or 515, for a filter with a number that does not fit an int
	// column. With 200 the filter matches no row. 0 means 400.
	BadNumber int `json:"badNumber,omitempty"`

	Sort          bool `json:"sort,omitempty"`          // accepts sort
	WholeRows     bool `json:"wholeRows,omitempty"`     // accepts a look-up without select
	ISODates      bool `json:"isoDates,omitempty"`      // accepts ISO 8601 in filters too
	CaseSensitive bool `json:"caseSensitive,omitempty"` // compares letters by case
	NoTaskBranch  bool `json:"noTaskBranch,omitempty"`  // RepairOrderTask has no column Branch
	// TasksStay leaves tasks with the RO from which another was split off.
	TasksStay bool `json:"tasksStay,omitempty"`
}

func (r Rules) validate() error {
	return cmp.Or(
		oneOf("statusPath", r.StatusPath, "current", "older", "both", "none"),
		oneOf("branches", r.Branches, 403, 404),
		oneOf("badToken", r.BadToken, 400, 401),
		oneOf("badNumber", r.BadNumber, 200, 400, 500, 515),
	)
}

// oneOf returns an error unless value is zero or one of the choices.
func oneOf[T comparable](field string, value T, choices ...T) error {
	if value == *new(T) || slices.Contains(choices, value) {
		return nil
	}
	return fmt.Errorf("%s: %v is none of %v", field, value, choices)
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

// refusal is an error with the status of its answer.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return r.message }
