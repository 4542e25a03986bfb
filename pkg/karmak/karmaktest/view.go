package karmaktest

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
)

// view is one of Unity's tables.
type view struct {
	name        string
	columns     []column
	defaultSort string
	rows        func(*entry) []row
}

// column is a column of a view: its type and how a row fills it.
type column struct {
	name string
	kind kind
	cell func(row) cell
}

// row is an RO, or one task of it.
type row struct {
	ro   *RO
	task Task
	seq  int
}

// kind is the type of a column.
type kind int

const (
	textKind   kind = iota
	numberKind      // digits as a rule, but RO numbers may hold letters
	boolKind
	timeKind
)

// cell is a value of a column. What the kind does not use is zero.
type cell struct {
	kind kind
	null bool
	text string
	flag bool
	time time.Time
}

func text(s string) cell      { return cell{kind: textKind, text: s, null: s == ""} }
func number(s string) cell    { return cell{kind: numberKind, text: s, null: s == ""} }
func boolean(b bool) cell     { return cell{kind: boolKind, flag: b} }
func moment(t time.Time) cell { return cell{kind: timeKind, time: t, null: t.IsZero()} }

func viewNamed(name string) *view {
	switch name {
	case CallHeaders:
		return headerView()
	case CallTasks:
		return taskView()
	}
	return nil
}

func headerView() *view {
	return &view{
		name:        CallHeaders,
		defaultSort: "RONumber",
		rows: func(e *entry) []row {
			return []row{{ro: &e.ro, seq: e.seq}}
		},
		columns: []column{
			{"RONumber", numberKind, func(r row) cell { return number(r.ro.Number) }},
			{"OriginalRONumber", numberKind, func(r row) cell { return number(r.ro.Original) }},
			{"Branch", textKind, func(r row) cell { return text(r.ro.Branch) }},
			{"ROStatus", textKind, func(r row) cell { return text(r.ro.Status) }},
			{"IsVoided", boolKind, func(r row) cell { return boolean(r.ro.Voided) }},
			{"IsROCompleted", boolKind, func(r row) cell { return boolean(r.ro.Completed) }},
			{"InvoiceNumber", numberKind, func(r row) cell { return number(r.ro.InvoiceNumber) }},
			{"RODateOpened", timeKind, func(r row) cell { return moment(r.ro.OpenedAt) }},
			{"RODateCompleted", timeKind, func(r row) cell { return moment(r.ro.CompletedAt) }},
			{"RODateInvoiced", timeKind, func(r row) cell { return moment(r.ro.InvoicedAt) }},
			{"LastUpdate", timeKind, func(r row) cell { return moment(r.ro.LastUpdate) }},
			{"BillingCustomerNumber", numberKind, func(r row) cell { return number(r.ro.BillingCustomerNumber) }},
			{"BillingCustomerName", textKind, func(r row) cell { return text(r.ro.BillingCustomerName) }},
			{"IsBillingCustomerWarranty", boolKind, func(r row) cell { return boolean(r.ro.BillingCustomerWarranty) }},
			{"CustomerName", textKind, func(r row) cell { return text(r.ro.CustomerName) }},
			{"CustomerUnitNumber", textKind, func(r row) cell { return text(r.ro.CustomerUnitNumber) }},
			{"VIN", textKind, func(r row) cell { return text(r.ro.VIN) }},
			{"Department", textKind, func(r row) cell { return text(r.ro.Department) }},
			{"RemoteApplication", textKind, func(r row) cell { return text(r.ro.RemoteApplication) }},
			{"RemoteEstimateID", textKind, func(r row) cell { return text(r.ro.RemoteEstimateID) }},
		},
	}
}

func taskView() *view {
	return &view{
		name:        CallTasks,
		defaultSort: "RONumber",
		rows: func(e *entry) []row {
			rows := make([]row, len(e.ro.Tasks))
			for i, task := range e.ro.Tasks {
				rows[i] = row{ro: &e.ro, task: task, seq: e.seq}
			}
			return rows
		},
		columns: []column{
			{"RONumber", numberKind, func(r row) cell { return number(r.ro.Number) }},
			{"TaskNumber", numberKind, func(r row) cell { return number(fmt.Sprint(r.task.Number)) }},
			{"AlternateBillingCustomer", numberKind, func(r row) cell { return number(r.task.AlternateBillingCustomer) }},
			{"AlternateBillingCompanyName", textKind, func(r row) cell { return text(r.task.AlternateBillingCompanyName) }},
		},
	}
}

// column returns the column of that name, or an error that names it.
func (v *view) column(name string) (column, error) {
	for _, c := range v.columns {
		if c.name == name {
			return c, nil
		}
	}
	return column{}, fmt.Errorf("view %s has no column %q", v.name, name)
}

// parse reads a value of the kind as a filter gives it.
func (k kind) parse(value string) (cell, error) {
	if value == "" {
		return cell{}, errors.New("an empty value")
	}
	switch k {
	case boolKind:
		switch strings.ToUpper(value) {
		case "TRUE", "1", "Y":
			return boolean(true), nil
		case "FALSE", "0", "N":
			return boolean(false), nil
		}
		return cell{}, fmt.Errorf("%q is no boolean", value)
	case timeKind:
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02"} {
			if t, err := time.Parse(layout, value); err == nil {
				return moment(t), nil
			}
		}
		return cell{}, fmt.Errorf("%q is no date", value)
	case numberKind:
		return number(value), nil
	default:
		return text(value), nil
	}
}

// compare orders two cells of one kind. Empty cells come first.
func compare(a, b cell) int {
	if a.null || b.null {
		return asInt(!a.null) - asInt(!b.null)
	}
	switch a.kind {
	case boolKind:
		return asInt(a.flag) - asInt(b.flag)
	case timeKind:
		return a.time.Compare(b.time)
	case numberKind:
		return compareNumbers(a.text, b.text)
	default:
		return compareText(a.text, b.text)
	}
}

// compareNumbers orders digits by value, of any length, and before what is not digits only.
func compareNumbers(a, b string) int {
	da, db := digits(a), digits(b)
	if !da || !db {
		return cmp.Or(asInt(db)-asInt(da), compareText(a, b))
	}
	a, b = canonical(a), canonical(b)
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// compareText orders text without case, as SQL Server does by default.
func compareText(a, b string) int { return strings.Compare(strings.ToUpper(a), strings.ToUpper(b)) }

func asInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
