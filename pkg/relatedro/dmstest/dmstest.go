// Package dmstest holds an implementation of relatedro's DMS and Feed to what the product
// relies on. An adapter's tests call [Run] with a function that opens a world of ROs in
// its DMS.
package dmstest

import (
	"testing"
	"time"

	"related-ro/pkg/relatedro"
)

// RO is a repair order of a world. Worlds count their ROs from 1: how a DMS writes a
// number is its own rule, see Subject.Number.
type RO struct {
	N        int
	From     int    // the RO that it was made from; 0 for none
	Branch   string // "A" or "B"
	BillTo   string
	Warranty bool
	Invoice  string
	Voided   bool
	Expects  string // name of the customer whom a task is to be billed to by an RO of its own
}

// Subject is a DMS with the ROs of a world, and how to reach it.
type Subject struct {
	DMS  relatedro.DMS
	Feed relatedro.Feed

	// At returns the connection to a branch of the world's account; "" names no branch.
	At func(branch string) relatedro.Connection
	// Foreign is a connection to an account that is not open to us.
	Foreign relatedro.Connection
	// Number returns how the DMS writes the number of the n-th RO; Spelled, another spelling
	// of it, if there is any.
	Number, Spelled func(n int) string
	// ListsBranches says whether the DMS has a list of its branches to give.
	ListsBranches bool
	// Add makes one more RO.
	Add func(RO)
	// Asked returns how many questions about ROs the DMS was asked so far.
	Asked func() int
}

// Today is the day of the worlds: each of their ROs was touched on it.
var Today = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// Run holds the DMS to the product's rules. open returns one that has just these ROs.
func Run(t *testing.T, open func(t *testing.T, world []RO) Subject) {
	for name, test := range map[string]func(*testing.T, Subject){
		"families":                     families,
		"several at once":              severalAtOnce,
		"known before":                 knownBefore,
		"what people see of an RO":     whatPeopleSee,
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
		"time that runs out":           outOfTime,
		"sentences":                    sentences,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t, world())) })
	}
}

// world has a family that is three levels deep, an RO that stands alone, and a number that
// two branches have.
func world() []RO {
	return []RO{
		{N: 1, Branch: "A", BillTo: "Acme Freight", Invoice: "88012"},
		{N: 2, From: 1, Branch: "A", BillTo: "Volvo Warranty", Warranty: true},
		{N: 3, From: 1, Branch: "A", BillTo: "Internal", Voided: true},
		{N: 4, From: 2, Branch: "A", BillTo: "Cummins Warranty", Warranty: true},
		{N: 5, Branch: "A", Expects: "Paccar Warranty"},
		{N: 6, Branch: "A"},
		{N: 6, Branch: "B"},
		{N: 7, From: 6, Branch: "B"},
	}
}
