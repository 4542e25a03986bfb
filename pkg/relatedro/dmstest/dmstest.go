// Package dmstest tests an implementation of relatedro's DMS and Feed against the rules that the
// product relies on. An adapter's tests call [Run] with a function that creates a world of ROs in
// its DMS.
package dmstest

import (
	"testing"
	"time"

	"related-ro/pkg/relatedro"
)

// RO is a repair order of a world. A world numbers its ROs from 1; Subject.Number converts to the
// DMS's own numbers.
type RO struct {
	N        int
	MadeFrom int    // the RO it was made from; 0 if none
	Branch   string // "A" or "B"
	BillTo   string
	Warranty bool
	Invoice  string
	Voided   bool
	// Expects is the name of the customer to whom a task is to be billed on a separate RO.
	Expects string
}

// Subject is a DMS with the ROs of a world, and the means to reach it.
type Subject struct {
	DMS  relatedro.DMS
	Feed relatedro.Feed

	// Connection returns the connection to a branch of the world's account; "" names no branch.
	Connection func(branch string) relatedro.Connection
	// Foreign is a connection to an account that is not open to us.
	Foreign relatedro.Connection
	// Number returns the DMS's spelling of the number of RO n. Spelled returns another spelling of
	// it, and is nil if there is none.
	Number, Spelled func(n int) string
	// ListsBranches is whether the DMS can list its branches.
	ListsBranches bool
	// Add adds an RO.
	Add func(RO)
	// Queries returns the number of RO queries that the DMS has received so far.
	Queries func() int
}

// Today is the day on which every RO of a world was touched.
var Today = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// Run tests the DMS against the product's rules. open returns a DMS with exactly the given ROs.
func Run(t *testing.T, open func(t *testing.T, world []RO) Subject) {
	for name, test := range map[string]func(*testing.T, Subject){
		"families":                     families,
		"several at once":              severalAtOnce,
		"known before":                 knownBefore,
		"fields of an RO":              fields,
		"other spellings":              otherSpellings,
		"unknown and impossible":       unknownAndImpossible,
		"a branch tells numbers apart": branches,
		"without a branch":             ambiguous,
		"touched":                      touched,
		"expected":                     expected,
		"activation":                   activation,
		"list of branches":             listOfBranches,
		"connections":                  connections,
		"foreign account":              foreign,
		"out of time":                  outOfTime,
		"sentences":                    sentences,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t, world())) })
	}
}

// world returns a family of three levels, an RO without relatives, and a number that exists at two
// branches.
func world() []RO {
	return []RO{
		{N: 1, Branch: "A", BillTo: "Acme Freight", Invoice: "88012"},
		{N: 2, MadeFrom: 1, Branch: "A", BillTo: "Volvo Warranty", Warranty: true},
		{N: 3, MadeFrom: 1, Branch: "A", BillTo: "Internal", Voided: true},
		{N: 4, MadeFrom: 2, Branch: "A", BillTo: "Cummins Warranty", Warranty: true},
		{N: 5, Branch: "A", Expects: "Paccar Warranty"},
		{N: 6, Branch: "A"},
		{N: 6, Branch: "B"},
		{N: 7, MadeFrom: 6, Branch: "B"},
	}
}
