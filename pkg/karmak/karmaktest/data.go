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
	ID            string    `json:"id"`
	Users         []string  `json:"users"`                   // Unity users open to the client; a user taken out loses its tokens
	Number        string    `json:"accountNumber,omitempty"` // by which the newer interface names the account
	Face          string    `json:"face,omitempty"`          // the interface by which it is reached: Unity, also if empty, or ReportDataAccess
	FusionVersion string    `json:"fusionVersion,omitempty"`
	BridgeVersion string    `json:"bridgeVersion,omitempty"` // empty: the Fusion version
	Branches      []Branch  `json:"branches,omitempty"`      // empty: those of its ROs
	MaxPageSize   int       `json:"maxPageSize,omitempty"`   // rows a page at most, silently; 0: the simulator's
	Rendering     Rendering `json:"rendering,omitzero"`
	Rules         Rules     `json:"rules,omitzero"`
	ROs           []RO      `json:"ros,omitempty"`
}

// RO is a repair order: a row of RepairOrderHeader, and one of RepairOrderTask for each of its tasks. Its number and branch
// together tell it from the account's others. Empty strings and zero times are empty cells.
type RO struct {
	Number                  string    `json:"number"`                            // RONumber
	Original                string    `json:"original,omitempty"`                // OriginalRONumber: the RO it was made from; never checked
	Branch                  string    `json:"branch,omitempty"`                  // Branch
	Status                  string    `json:"status,omitempty"`                  // ROStatus
	Voided                  bool      `json:"voided,omitempty"`                  // IsVoided
	Completed               bool      `json:"completed,omitempty"`               // IsROCompleted
	WaitingForParts         bool      `json:"waitingForParts,omitempty"`         // IsROWaitingForParts
	InvoiceNumber           string    `json:"invoiceNumber,omitempty"`           // InvoiceNumber
	AddedAt                 time.Time `json:"addedAt,omitzero"`                  // AddDate; zero when added: OpenedAt, or else now
	OpenedAt                time.Time `json:"openedAt,omitzero"`                 // RODateOpened
	CompletedAt             time.Time `json:"completedAt,omitzero"`              // RODateCompleted
	InvoicedAt              time.Time `json:"invoicedAt,omitzero"`               // RODateInvoiced
	LastUpdate              time.Time `json:"lastUpdate,omitzero"`               // LastUpdate; zero when added: now
	TotalCharges            float64   `json:"totalCharges,omitempty"`            // TotalROCharges
	BillingCustomerNumber   string    `json:"billingCustomerNumber,omitempty"`   // BillingCustomerNumber
	BillingCustomerName     string    `json:"billingCustomerName,omitempty"`     // BillingCustomerName
	BillingCustomerWarranty bool      `json:"billingCustomerWarranty,omitempty"` // IsBillingCustomerWarranty
	CustomerName            string    `json:"customerName,omitempty"`            // CustomerName
	CustomerUnitNumber      string    `json:"customerUnitNumber,omitempty"`      // CustomerUnitNumber
	VIN                     string    `json:"vin,omitempty"`                     // VIN
	Department              string    `json:"department,omitempty"`              // Department
	RemoteApplication       string    `json:"remoteApplication,omitempty"`       // RemoteApplication
	RemoteEstimateID        string    `json:"remoteEstimateId,omitempty"`        // RemoteEstimateID
	Tasks                   []Task    `json:"tasks,omitempty"`

	// Duplicates is how many times more the views show the same rows.
	Duplicates int `json:"duplicates,omitempty"`
	// Malformed is what answers write in place of the values of some columns, such as "IsBillingCustomerWarranty": -1. With null the
	// cell is written as an empty one. Filters and order go by the right values.
	Malformed map[string]json.RawMessage `json:"malformed,omitempty"`
}

// Task is a task of an RO, with the alternate billing account it may have.
type Task struct {
	Number                      int     `json:"number"`                                // TaskNumber
	AlternateBillingCustomer    string  `json:"alternateBillingCustomer,omitempty"`    // AlternateBillingCustomer
	AlternateBillingCompanyName string  `json:"alternateBillingCompanyName,omitempty"` // AlternateBillingCompanyName
	Status                      string  `json:"status,omitempty"`                      // TaskStatus
	Total                       float64 `json:"total,omitempty"`                       // TaskTotal
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
