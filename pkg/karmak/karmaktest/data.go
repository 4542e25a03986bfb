package karmaktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Account is a Karmak customer account: one dealer's Fusion.
type Account struct {
	ID string `json:"id"`
	// Users are the Unity users open to the client. A removed user loses its tokens.
	Users  []string `json:"users"`
	Number string   `json:"accountNumber,omitempty"` // its name at the newer interface
	// Face is the interface that reaches the account: Unity, the default, or ReportDataAccess.
	Face          string    `json:"face,omitempty"`
	FusionVersion string    `json:"fusionVersion,omitempty"`
	Branches      []Branch  `json:"branches,omitempty"`    // default: those of its ROs
	MaxPageSize   int       `json:"maxPageSize,omitempty"` // rows on a page; 0: the simulator's
	Rendering     Rendering `json:"rendering,omitzero"`
	Rules         Rules     `json:"rules,omitzero"`
	ROs           []RO      `json:"ros,omitempty"`
}

// RO is a repair order: a row of RepairOrderHeader, and one row of RepairOrderTask for each of its
// tasks. Its number and branch identify it within the account. Empty strings and zero times are
// empty cells.
//
// Up to RemoteEstimateID, each field holds the column of its name. The exceptions are Number
// (RONumber), Original (OriginalRONumber, the RO it was made from, never checked), Status
// (ROStatus), Voided (IsVoided), Completed (IsROCompleted), WaitingForParts (IsROWaitingForParts),
// AddedAt (AddDate), OpenedAt (RODateOpened), CompletedAt (RODateCompleted), InvoicedAt
// (RODateInvoiced), TotalCharges (TotalROCharges) and BillingCustomerWarranty
// (IsBillingCustomerWarranty). When an RO is added, a zero AddedAt becomes OpenedAt, or else now,
// and a zero LastUpdate becomes now.
type RO struct {
	Number                  string    `json:"number"`
	Original                string    `json:"original,omitempty"`
	Branch                  string    `json:"branch,omitempty"`
	Status                  string    `json:"status,omitempty"`
	Voided                  bool      `json:"voided,omitempty"`
	Completed               bool      `json:"completed,omitempty"`
	WaitingForParts         bool      `json:"waitingForParts,omitempty"`
	InvoiceNumber           string    `json:"invoiceNumber,omitempty"`
	AddedAt                 time.Time `json:"addedAt,omitzero"`
	OpenedAt                time.Time `json:"openedAt,omitzero"`
	CompletedAt             time.Time `json:"completedAt,omitzero"`
	InvoicedAt              time.Time `json:"invoicedAt,omitzero"`
	LastUpdate              time.Time `json:"lastUpdate,omitzero"`
	TotalCharges            float64   `json:"totalCharges,omitempty"`
	BillingCustomerNumber   string    `json:"billingCustomerNumber,omitempty"`
	BillingCustomerName     string    `json:"billingCustomerName,omitempty"`
	BillingCustomerWarranty bool      `json:"billingCustomerWarranty,omitempty"`
	CustomerName            string    `json:"customerName,omitempty"`
	CustomerUnitNumber      string    `json:"customerUnitNumber,omitempty"`
	VIN                     string    `json:"vin,omitempty"`
	Department              string    `json:"department,omitempty"`
	RemoteApplication       string    `json:"remoteApplication,omitempty"`
	RemoteEstimateID        string    `json:"remoteEstimateId,omitempty"`
	Tasks                   []Task    `json:"tasks,omitempty"`

	// Duplicates is the number of additional times that the views show the same rows.
	Duplicates int `json:"duplicates,omitempty"`
	// Malformed replaces the values of some columns in answers, such as
	// "IsBillingCustomerWarranty": -1. A null is written as an empty cell. Filters and sorting use
	// the correct values.
	Malformed map[string]json.RawMessage `json:"malformed,omitempty"`
}

// Task is a task of an RO, with its alternate billing account, if any. Number, Status and Total
// hold TaskNumber, TaskStatus and TaskTotal; the other fields hold the columns of their names.
type Task struct {
	Number                      int     `json:"number"`
	AlternateBillingCustomer    string  `json:"alternateBillingCustomer,omitempty"`
	AlternateBillingCompanyName string  `json:"alternateBillingCompanyName,omitempty"`
	Status                      string  `json:"status,omitempty"`
	Total                       float64 `json:"total,omitempty"`
}

func (a Account) validate() error {
	if a.ID == "" {
		return errors.New("id: missing")
	}
	if slices.Contains(a.Users, "") {
		return errors.New("users: an empty name")
	}
	if err := oneOf("face", a.Face, Unity, ReportDataAccess); err != nil {
		return err
	}
	if a.Face == ReportDataAccess && a.Number == "" {
		return errors.New("accountNumber: missing, and the newer interface knows an account by nothing else")
	}
	if a.MaxPageSize < 0 {
		return errors.New("maxPageSize: negative")
	}
	if err := a.Rendering.validate(); err != nil {
		return fmt.Errorf("rendering.%w", err)
	}
	if err := a.Rules.validate(); err != nil {
		return fmt.Errorf("rules.%w", err)
	}
	for i, ro := range a.ROs {
		if err := ro.validate(); err != nil {
			return fmt.Errorf("ros[%d].%w", i, err)
		}
	}
	return nil
}

func (ro RO) validate() error {
	if ro.Number == "" {
		return errors.New("number: missing")
	}
	if ro.Duplicates < 0 {
		return errors.New("duplicates: negative")
	}
	for name, value := range ro.Malformed {
		_, notHeader := headerView().column(name)
		if _, notTask := taskView().column(name); notHeader != nil && notTask != nil {
			return fmt.Errorf("malformed: no view has a column %q", name)
		}
		if !json.Valid(value) {
			return fmt.Errorf("malformed: %s is no JSON", name)
		}
	}
	return nil
}
