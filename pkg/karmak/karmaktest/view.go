package karmaktest

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// view is one of Unity's views.
type view struct {
	name        string
	columns     []column
	defaultSort string
	rows        func(*entry) []row
}

// column is a column of a view: its type and the function that fills it from a row.
type column struct {
	name string
	kind kind
	cell func(row) cell
}

// row is an RO, or one task of an RO.
type row struct {
	ro   *RO
	task Task
	seq  int
	now  time.Time // the time for the RO's age
}

// kind is the type of a column.
type kind int

const (
	textKind   kind = iota
	numberKind      // int; varchar if a number of the account does not fit an int
	moneyKind
	boolKind
	timeKind
)

// cell is a value of a column. Only the field of its kind is set.
type cell struct {
	kind  kind
	null  bool
	text  string
	money float64
	flag  bool
	time  time.Time
}

func text(s string) cell      { return cell{kind: textKind, text: s, null: s == ""} }
func number(s string) cell    { return cell{kind: numberKind, text: s, null: s == ""} }
func money(m float64) cell    { return cell{kind: moneyKind, money: m} }
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
			{"IsROWaitingForParts", boolKind, func(r row) cell { return boolean(r.ro.WaitingForParts) }},
			{"InvoiceNumber", textKind, func(r row) cell { return text(r.ro.InvoiceNumber) }},
			{"AddDate", timeKind, func(r row) cell { return moment(r.ro.AddedAt) }},
			{"RODateOpened", timeKind, func(r row) cell { return moment(r.ro.OpenedAt) }},
			{"RODateCompleted", timeKind, func(r row) cell { return moment(r.ro.CompletedAt) }},
			{"RODateInvoiced", timeKind, func(r row) cell { return moment(r.ro.InvoicedAt) }},
			{"LastUpdate", timeKind, func(r row) cell { return moment(r.ro.LastUpdate) }},
			{"ROAge", numberKind, row.age},
			{"TotalROCharges", moneyKind, func(r row) cell { return money(r.ro.TotalCharges) }},
			{"BillingCustomerNumber", textKind, func(r row) cell { return text(r.ro.BillingCustomerNumber) }},
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

// age returns the number of days from opening to invoice, or until now.
func (r row) age() cell {
	until := r.ro.InvoicedAt
	if until.IsZero() {
		until = r.now
	}
	if r.ro.OpenedAt.IsZero() {
		return number("")
	}
	return number(strconv.Itoa(int(until.Sub(r.ro.OpenedAt) / (24 * time.Hour))))
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
			{"Branch", textKind, func(r row) cell { return text(r.ro.Branch) }},
			{"TaskNumber", numberKind, func(r row) cell { return number(strconv.Itoa(r.task.Number)) }},
			{"TaskStatus", textKind, func(r row) cell { return text(r.task.Status) }},
			{"TaskTotal", moneyKind, func(r row) cell { return money(r.task.Total) }},
			{"InvoiceNumber", textKind, func(r row) cell { return text(r.ro.InvoiceNumber) }},
			{"BillToCustomer", textKind, func(r row) cell { return text(r.ro.BillingCustomerNumber) }},
			{"BillToCompanyName", textKind, func(r row) cell { return text(r.ro.BillingCustomerName) }},
			{"AlternateBillingCustomer", textKind, func(r row) cell { return text(r.task.AlternateBillingCustomer) }},
			{"AlternateBillingCompanyName", textKind, func(r row) cell { return text(r.task.AlternateBillingCompanyName) }},
		},
	}
}

// drop removes the column with that name.
func (v *view) drop(name string) {
	v.columns = slices.DeleteFunc(v.columns, func(c column) bool { return c.name == name })
}

// column returns the column with that name, or an error that has the name.
func (v *view) column(name string) (column, error) {
	for _, c := range v.columns {
		if c.name == name {
			return c, nil
		}
	}
	return column{}, fmt.Errorf("view %s has no column %q", v.name, name)
}

// parse reads a filter value of the kind, by the rules of the account.
func (k kind) parse(value string, a *account) (cell, error) {
	if value == "" {
		return cell{}, errors.New("an empty value")
	}
	switch k {
	case boolKind:
		flag, ok := map[string]bool{"true": true, "1": true, "false": false, "0": false}[strings.ToLower(value)]
		if !ok {
			return cell{}, fmt.Errorf("%q is no boolean", value)
		}
		return boolean(flag), nil
	case timeKind:
		layouts := []string{"01-02-2006"}
		if a.Rules.ISODates {
			layouts = append(layouts, time.RFC3339, "2006-01-02T15:04:05", time.DateOnly)
		}
		for _, layout := range layouts {
			if t, err := time.Parse(layout, value); err == nil {
				return moment(t), nil
			}
		}
		return cell{}, fmt.Errorf("%q is no date of the form MM-DD-YYYY", value)
	case moneyKind:
		m, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return cell{}, fmt.Errorf("%q is no amount", value)
		}
		return money(m), nil
	case numberKind:
		return number(value), a.checkInt(value)
	default:
		return text(value), nil
	}
}

// checkInt returns an error for a value that SQL Server refuses to compare with an int column.
func (a *account) checkInt(value string) error {
	status := cmp.Or(a.Rules.BadNumber, 400)
	switch {
	case !a.intNumbers() || isInt(value) || status == 200:
		return nil
	case digits(value):
		return &refusal{status, fmt.Sprintf("The conversion of the nvarchar value '%s' overflowed an int column.", value)}
	}
	return &refusal{status, fmt.Sprintf("Conversion failed when converting the nvarchar value '%s' to data type int.", value)}
}

// isInt reports whether the number fits an int column.
func isInt(number string) bool {
	n, err := strconv.ParseInt(number, 10, 64)
	return err == nil && digits(number) && n <= math.MaxInt32
}

// compare orders two cells of one kind. Letters compare without case unless caseSensitive is set.
// Empty cells come first.
func compare(a, b cell, caseSensitive bool) int {
	if a.null || b.null {
		return asInt(!a.null) - asInt(!b.null)
	}
	switch a.kind {
	case boolKind:
		return asInt(a.flag) - asInt(b.flag)
	case timeKind:
		return a.time.Compare(b.time)
	case moneyKind:
		return cmp.Compare(a.money, b.money)
	}
	if !caseSensitive {
		a.text, b.text = fold(a.text), fold(b.text)
	}
	if a.kind == numberKind {
		return compareNumbers(a.text, b.text)
	}
	return strings.Compare(a.text, b.text)
}

// compareNumbers orders numbers of any length by value, before texts that are not all digits.
func compareNumbers(a, b string) int {
	da, db := digits(a), digits(b)
	if !da || !db {
		return cmp.Or(asInt(db)-asInt(da), strings.Compare(a, b))
	}
	a, b = canonical(a), canonical(b)
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// fold returns the same form for texts that differ only in case or trailing spaces.
func fold(s string) string { return strings.ToUpper(strings.TrimRight(s, " ")) }

func asInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
