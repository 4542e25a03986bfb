package karmak_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
	"related-ro/pkg/relatedro/dmstest"
)

// accountNumber is the test account's name at the newer interface.
const accountNumber = "03900"

// face is one of Karmak's interfaces to the test account.
type face struct {
	name       string // the simulator's name for it
	connection relatedro.Connection
}

func (f face) atBranch(branch string) relatedro.Connection {
	f.connection.Branch = branch
	return f.connection
}

func faces() []face {
	return []face{
		{karmaktest.Unity, connection},
		{karmaktest.ReportDataAccess, relatedro.Connection{Kind: karmak.ReportDataAccess, Account: accountNumber}},
	}
}

// dealer starts a simulator whose account has the ROs and is reached through the face.
func (f face) dealer(t testing.TB, ros ...karmaktest.RO) *karmaktest.Server {
	t.Helper()
	sim := dealer(t, karmaktest.Config{SubscriptionKey: "subscr1ption",
		Now: func() time.Time { return dmstest.Today.Add(10 * time.Hour) }}, ros...)
	changeAccount(t, sim, func(a *karmaktest.Account) { a.Number, a.Face = accountNumber, f.name })
	return sim
}

// bothKeys gives a client the credentials of both faces.
func bothKeys(c *karmak.Config) { c.Credentials = fixed("subscr1ption") }

func fixed(subscriptionKey string) karmak.CredentialsFunc {
	return func(context.Context) (karmak.Credentials, error) {
		return karmak.Credentials{ClientID: "client", ClientSecret: "s3cret-value", SubscriptionKey: subscriptionKey}, nil
	}
}

func roOf(ro dmstest.RO) karmaktest.RO {
	made := karmaktest.RO{
		Number: strconv.Itoa(50000 + ro.N), Branch: ro.Branch, BillingCustomerName: ro.BillTo, BillingCustomerWarranty: ro.Warranty,
		InvoiceNumber: ro.Invoice, Voided: ro.Voided,
	}
	if ro.Expects != "" {
		made.Tasks = []karmaktest.Task{{Number: 1, AlternateBillingCustomer: "9001", AlternateBillingCompanyName: ro.Expects}}
	}
	if ro.MadeFrom != 0 {
		made.Original = strconv.Itoa(50000 + ro.MadeFrom)
	}
	return made
}

func TestConformance(t *testing.T) {
	for _, f := range faces() {
		t.Run(f.name, func(t *testing.T) {
			dmstest.Run(t, func(t *testing.T, world []dmstest.RO) dmstest.Subject {
				var ros []karmaktest.RO
				for _, ro := range world {
					ros = append(ros, roOf(ro))
				}
				sim := f.dealer(t, ros...)
				changeAccount(t, sim, func(a *karmaktest.Account) { a.FusionVersion = "3.62.0.0" })
				c := client(t, sim, bothKeys)
				return dmstest.Subject{
					DMS: c, Feed: c, Connection: f.atBranch,
					Foreign:       relatedro.Connection{Kind: f.connection.Kind, Account: "not-ours", User: f.connection.User},
					Number:        func(n int) string { return strconv.Itoa(50000 + n) },
					Spelled:       func(n int) string { return "0" + strconv.Itoa(50000+n) },
					ListsBranches: f.name == karmaktest.Unity,
					Queries:       func() int { return sim.Counts().Lookups() },
					Add: func(ro dmstest.RO) {
						if err := sim.AddRO(account, roOf(ro)); err != nil {
							t.Error(err)
						}
					},
				}
			})
		})
	}
}
