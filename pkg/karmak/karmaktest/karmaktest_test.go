package karmaktest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"related-ro/pkg/karmak/karmaktest"
)

func TestMain(m *testing.M) {
	// A server may keep a connection for half a second after its last answer, longer than goleak looks.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

const (
	headers  = "/api/unity/v1/unityapi/frw/RepairOrderHeader"
	tasks    = "/api/unity/v1/unityapi/frw/RepairOrderTask"
	status   = "/api/unity/v1/unityapi/System/Status"
	branches = "/api/unity/v1/unityapi/Branch"
	tokens   = "/auth/connect/token"
)

// unity is a simulator with account a (users u and v) and account b (user u), and a strict client
// of it.
type unity struct {
	*karmaktest.Server
	t      testing.TB
	client *http.Client
	clock  *clock
}

func start(t testing.TB, config karmaktest.Config) *unity {
	t.Helper()
	clock := &clock{now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	config.ClientID, config.ClientSecret, config.SubscriptionKey, config.Now = "partner", "s3cret&more", "subscr1ption", clock.Now
	u := &unity{karmaktest.Start(config), t, &http.Client{Transport: &http.Transport{}}, clock}
	t.Cleanup(func() {
		u.client.CloseIdleConnections()
		u.Close()
	})
	u.must(u.AddAccount(karmaktest.Account{ID: "a", Users: []string{"u", "v"}, FusionVersion: "3.62.0.0"}))
	u.must(u.AddAccount(karmaktest.Account{ID: "b", Users: []string{"u"}, FusionVersion: "3.60.0.0"}))
	return u
}

// in returns u for use in a subtest.
func (u *unity) in(t testing.TB) *unity {
	sub := *u
	sub.t = t
	return &sub
}

func (u *unity) must(err error) {
	u.t.Helper()
	if err != nil {
		u.t.Fatal(err)
	}
}

func day(d int) time.Time { return time.Date(2026, 11, d, 8, 30, 0, 0, time.UTC) }

// withROs starts a simulator whose account a has ROs that differ in each type of column.
func withROs(t testing.TB) *unity {
	t.Helper()
	u := start(t, karmaktest.Config{})
	for _, ro := range []karmaktest.RO{
		{Number: "9", Branch: "EAST", Status: "OPEN", OpenedAt: day(1)},
		{Number: "10", Branch: "EAST", Status: "INVOICED", OpenedAt: day(2), InvoicedAt: day(5), Completed: true, InvoiceNumber: "77",
			BillingCustomerNumber: "2207", TotalCharges: 1234.5,
			Tasks: []karmaktest.Task{{Number: 1}, {Number: 2, AlternateBillingCustomer: "W100", Status: "OPEN", Total: 99.9}}},
		{Number: "11", Branch: "WEST", Status: "OPEN", OpenedAt: day(3), Original: "9", InvoiceNumber: "78", BillingCustomerWarranty: true},
		{Number: "12", Branch: "WEST", Status: "VOID, made in error", OpenedAt: day(4), Original: "10", Voided: true},
	} {
		u.must(u.AddRO("a", ro))
	}
	return u
}

// add adds ROs to account a: "50124<50123" is 50124 made from 50123, and "50124@EAST" is at branch
// EAST.
func (u *unity) add(ros ...string) {
	u.t.Helper()
	for _, ro := range ros {
		ro, branch, _ := strings.Cut(ro, "@")
		number, original, _ := strings.Cut(ro, "<")
		u.must(u.AddRO("a", karmaktest.RO{Number: number, Original: original, Branch: branch}))
	}
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// reply is a response with its whole body.
type reply struct {
	status int
	header http.Header
	body   string
}

func (u *unity) try(r *http.Request) (reply, error) {
	resp, err := u.client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(body)}, err
}

func (u *unity) do(r *http.Request) reply {
	u.t.Helper()
	got, err := u.try(r)
	u.must(err)
	return got
}

// lookup returns the path of a look-up with the smallest select.
func lookup(path string) string { return path + "?select=RONumber" }

// set changes account a.
func (u *unity) set(change func(*karmaktest.Account)) {
	u.t.Helper()
	u.must(u.UpdateAccount("a", change))
}

// request returns a request with each header given as "Name: value".
func (u *unity) request(method, path, body string, header ...string) *http.Request {
	u.t.Helper()
	r, err := http.NewRequestWithContext(u.t.Context(), method, u.URL+path, strings.NewReader(body))
	u.must(err)
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// form returns the fields of a correct token call. changes alternates names and values.
func form(changes ...string) url.Values {
	f := url.Values{
		"client_id": {"partner"}, "client_secret": {"s3cret&more"}, "grant_type": {"karmak_identity"}, "scope": {"api"},
		"account": {"a"}, "user": {"u"},
	}
	for i := 0; i < len(changes); i += 2 {
		f.Set(changes[i], changes[i+1])
	}
	return f
}

func (u *unity) postForm(f url.Values) reply {
	u.t.Helper()
	return u.do(u.request("POST", tokens, f.Encode(), "Content-Type: application/x-www-form-urlencoded"))
}

// token returns the Authorization header of a new token.
func (u *unity) token(account, user string) string {
	u.t.Helper()
	got := u.postForm(form("account", account, "user", user))
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	u.must(json.Unmarshal([]byte(got.body), &answer))
	if got.status != http.StatusOK || answer.AccessToken == "" {
		u.t.Fatalf("token call: %d %s", got.status, got.body)
	}
	return "Authorization: Bearer " + answer.AccessToken
}

// get requests path with a new token of account a. parameters alternates names and values. A
// look-up selects RONumber unless they say otherwise.
func (u *unity) get(path string, parameters ...string) reply {
	u.t.Helper()
	return u.do(u.getRequest(path, parameters...))
}

func (u *unity) getRequest(path string, parameters ...string) *http.Request {
	u.t.Helper()
	q := make(url.Values)
	for i := 0; i < len(parameters); i += 2 {
		q.Add(parameters[i], parameters[i+1])
	}
	if (path == headers || path == tasks) && !q.Has("select") {
		q.Set("select", "RONumber")
	}
	return u.request("GET", path+"?"+q.Encode(), "", u.token("a", "u"))
}

// rows requests path and decodes its rows. The result is empty if nothing matched.
func (u *unity) rows(path string, parameters ...string) []map[string]any {
	u.t.Helper()
	got := u.get(path, parameters...)
	if got.status != http.StatusOK {
		u.t.Fatalf("%s %q: %d %s", path, parameters, got.status, got.body)
	}
	var rows []map[string]any
	if strings.HasPrefix(got.body, `{"ProcessGUID":`) {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(got.body))
	d.UseNumber()
	u.must(d.Decode(&rows))
	return rows
}

// numbers returns the RONumbers of the rows, joined by spaces.
func (u *unity) numbers(parameters ...string) string {
	u.t.Helper()
	var numbers []string
	for _, row := range u.rows(headers, parameters...) {
		switch n := row["RONumber"].(type) {
		case json.Number:
			numbers = append(numbers, n.String())
		case string:
			numbers = append(numbers, n)
		}
	}
	return strings.Join(numbers, " ")
}

func (r reply) expect(t testing.TB, status int, words ...string) {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	for _, word := range words {
		if !strings.Contains(r.body, word) {
			t.Errorf("%q does not contain %q", r.body, word)
		}
	}
}

func equal[T comparable](t testing.TB, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
