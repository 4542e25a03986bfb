package seed_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"related-ro/infra/local/seed"
	"related-ro/pkg/karmak/karmaktest"
)

// ro holds the fields of a repair order in seed.json that the tests check.
type ro struct {
	account, user                              string
	listed                                     []string // the branches that the account lists
	Number, Original, Branch, Status           string
	BillingCustomerName                        string
	Voided, Completed, BillingCustomerWarranty bool
}

func read(t *testing.T) (seed.Data, []ro) {
	t.Helper()
	data, err := seed.Read()
	if err != nil {
		t.Fatal(err)
	}
	var karmak struct {
		Accounts []struct {
			ID       string
			Users    []string
			Branches []karmaktest.Branch
			ROs      []ro
		}
	}
	if err := json.Unmarshal(data.Karmak, &karmak); err != nil {
		t.Fatal(err)
	}
	var all []ro
	for _, account := range karmak.Accounts {
		for _, r := range account.ROs {
			r.account, r.user = account.ID, account.Users[0]
			for _, b := range account.Branches {
				r.listed = append(r.listed, b.Code)
			}
			all = append(all, r)
		}
	}
	return data, all
}

func TestDealerGroupHasOneOfEverything(t *testing.T) {
	data, ros := read(t)
	locations := map[string]int{}
	for _, location := range data.Locations {
		locations[location.Settings.Status]++
	}
	if locations["ENABLED"] < 2 || locations["DISABLED"] < 1 {
		t.Errorf("locations are %v", locations)
	}
	if len(ros) < 12 {
		t.Errorf("%d repair orders, want at least 12", len(ros))
	}
	original := func(r ro) int {
		return slices.IndexFunc(ros, func(o ro) bool { return o.account == r.account && o.Number == r.Original && o.Branch == r.Branch })
	}
	for name, holds := range map[string]func(ro) bool{
		"open":                  func(r ro) bool { return r.Status == "OPEN" },
		"completed":             func(r ro) bool { return r.Status == "COMPLETED" && r.Completed },
		"invoiced":              func(r ro) bool { return r.Status == "INVOICED" },
		"voided":                func(r ro) bool { return r.Voided },
		"warranty":              func(r ro) bool { return r.BillingCustomerWarranty },
		"internal":              func(r ro) bool { return strings.HasSuffix(r.BillingCustomerName, "Internal") },
		"customer pay":          func(r ro) bool { return r.Original == "" },
		"third level":           func(r ro) bool { i := original(r); return i >= 0 && original(ros[i]) >= 0 },
		"of a listed branch":    func(r ro) bool { return len(r.listed) > 0 },
		"of an unlisted branch": func(r ro) bool { return len(r.listed) == 0 },
		"same number at another account": func(r ro) bool {
			return slices.ContainsFunc(ros, func(o ro) bool { return o.account != r.account && o.Number == r.Number })
		},
	} {
		if !slices.ContainsFunc(ros, holds) {
			t.Errorf("no repair order matches: %s", name)
		}
	}
	for _, r := range ros {
		if r.Original != "" && original(r) < 0 {
			t.Errorf("%s was created from %s, which does not exist", r.Number, r.Original)
		}
		if len(r.listed) > 0 && !slices.Contains(r.listed, r.Branch) {
			t.Errorf("%s has branch %s, but its account lists %v", r.Number, r.Branch, r.listed)
		}
	}
}

func TestSimulatorTakesTheDealerGroup(t *testing.T) {
	data, _ := read(t)
	if err := karmaktest.New(karmaktest.Config{}).Load(bytes.NewReader(data.Karmak)); err != nil {
		t.Error(err)
	}
}

func TestEveryCaseHasItsROInItsLocationsAccount(t *testing.T) {
	data, ros := read(t)
	for _, c := range data.Cases {
		connection := data.Connection(c.LocationID)
		found := slices.ContainsFunc(ros, func(r ro) bool {
			return r.account == connection.Account && r.user == connection.User && r.Number == c.RONumber &&
				(connection.Branch == "" || r.Branch == connection.Branch)
		})
		if !found || c.AssetID == "" {
			t.Errorf("%s of asset %q: RO %s is not in the account of %s", c.CaseID, c.AssetID, c.RONumber, c.LocationID)
		}
	}
}
