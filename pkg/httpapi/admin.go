package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"related-ro/pkg/relatedro"
)

// administration serves settings, refreshes and dead letters.
type administration struct {
	admin    *relatedro.Admin
	letters  relatedro.DeadLetters
	sentence func(relatedro.Connection, relatedro.Reason) string
}

func (s administration) endpoints() map[string]endpoint {
	return map[string]endpoint{
		"GET /v1/locations/{locationId}/external-interfaces":          s.settings,
		"PUT /v1/locations/{locationId}/external-interfaces":          s.change,
		"POST /v1/locations/{locationId}/external-interfaces/verify":  s.verify,
		"GET /v1/locations/{locationId}/external-interfaces/branches": s.branches,
		"GET /v1/locations/{locationId}/external-interfaces/history":  s.history,
		"POST /v1/locations/{locationId}/cases/{caseId}/refresh":      s.refresh,
		"POST /v1/locations/{locationId}/refetch":                     s.refetch,
		"GET /v1/operations/locations":                                s.locations,
		"GET /v1/operations/dead-letters":                             s.deadLetters,
		"POST /v1/operations/dead-letters/redrive":                    s.redrive,
		"POST /v1/operations/dead-letters/delete":                     s.discard,
	}
}

// karmakJSON is a connection. A connection of kind rda has an account number, and its account and
// user are empty: the contract had these two fields before it had a second kind.
type karmakJSON struct {
	Account       string `json:"account"`
	User          string `json:"user"`
	Branch        string `json:"branch"`
	Kind          string `json:"kind,omitempty"` // kindRDA; empty means kindUnity
	AccountNumber string `json:"accountNumber,omitempty"`
}

// The kinds of a connection, as in the contract.
const (
	kindUnity = "unity"
	kindRDA   = "rda"
)

func karmakOf(connection relatedro.Connection) karmakJSON {
	if connection.Kind == "" {
		return karmakJSON{Account: connection.Account, User: connection.User, Branch: connection.Branch}
	}
	return karmakJSON{Branch: connection.Branch, Kind: connection.Kind, AccountNumber: connection.Account}
}

// The values of a location's dms setting.
const (
	dmsKarmak   = "KARMAK_FUSION"
	dmsSingleRO = "SINGLE_RO"
)

func dmsOf(s relatedro.Settings) string {
	if s.SingleRO {
		return dmsSingleRO
	}
	return dmsKarmak
}

type activationJSON struct {
	State         relatedro.ActivationState `json:"state"`
	CheckedAt     *string                   `json:"checkedAt"`
	FusionVersion *string                   `json:"fusionVersion"`
	Message       *string                   `json:"message"`
}

type settingsJSON struct {
	LocationID string                  `json:"locationId"`
	Status     relatedro.FeatureStatus `json:"status"`
	DMS        string                  `json:"dms"`
	Karmak     karmakJSON              `json:"karmak"`
	Expecting  bool                    `json:"expectedRelatedRos"`
	Activation activationJSON          `json:"activation"`
	Version    int64                   `json:"version"`
	UpdatedBy  *string                 `json:"updatedBy"`
	UpdatedAt  *string                 `json:"updatedAt"`
}

func activationOf(a relatedro.Activation) activationJSON {
	return activationJSON{
		State: a.State, CheckedAt: timeOrNull(a.CheckedAt), FusionVersion: orNull(&a.Version), Message: orNull(&a.Message),
	}
}

// settingsResponse returns settings with their ETag, which begins with the version.
func settingsResponse(s relatedro.Settings) response {
	return response{
		status: http.StatusOK, tagged: true, tagVersion: strconv.FormatInt(s.Version, 10),
		body: settingsJSON{
			LocationID: s.Location,
			Status:     s.Status,
			DMS:        dmsOf(s),
			Karmak:     karmakOf(s.Connection),
			Expecting:  s.Expecting,
			Activation: activationOf(s.Activation),
			Version:    s.Version,
			UpdatedBy:  orNull(&s.UpdatedBy),
			UpdatedAt:  timeOrNull(s.UpdatedAt),
		},
	}
}

func (s administration) settings(ctx context.Context, r *request) (response, error) {
	found, err := s.admin.Settings(ctx, r.path("locationId"))
	if err != nil {
		return response{}, fmt.Errorf("read settings: %w", err)
	}
	return settingsResponse(found), nil
}

func (s administration) change(ctx context.Context, r *request) (response, error) {
	version, err := ifMatch(r.event.Headers.IfMatch)
	if err != nil {
		return response{}, err
	}
	wanted, err := wantedOf(r.body)
	if err != nil {
		return response{}, err
	}
	saved, err := s.admin.Change(ctx, r.actor, r.path("locationId"), version, wanted)
	if refusal := (*relatedro.Refusal)(nil); errors.As(err, &refusal) && refusal.Field == relatedro.ConnectionField {
		refusal.Message += " Send karmak back unchanged."
	}
	if err != nil {
		return response{}, fmt.Errorf("change settings: %w", err)
	}
	return settingsResponse(saved), nil
}

// ifMatch returns the version in an If-Match header: the number at the start of a settings ETag.
// The rest of the ETag is ignored, so that an activation check in between does not count as a
// change. A "W/" prefix added by a proxy is ignored too. An ETag that no settings ever had returns
// version -1, which is always stale, because ETags are opaque to clients. "*" and lists are
// rejected: they do not identify the version that the caller has read.
func ifMatch(header string) (int64, error) {
	if header == "" {
		return 0, &problem{kind: versionNeeded, detail: "Send the ETag of the settings in the If-Match header."}
	}
	tag, opened := strings.CutPrefix(strings.TrimPrefix(header, "W/"), `"`)
	tag, closed := strings.CutSuffix(tag, `"`)
	foreign := func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }
	if !opened || !closed || strings.ContainsFunc(tag, foreign) {
		return 0, invalid("If-Match", "must be a single ETag of these settings")
	}
	number, _, _ := strings.Cut(tag, "-")
	version, err := strconv.ParseUint(number, 10, 63)
	if err != nil {
		return -1, nil
	}
	return int64(version), nil
}

// wantedOf returns the settings in the body of a PUT request.
func wantedOf(body []byte) (relatedro.Wanted, error) {
	o := parse(body)
	status, _ := o.text("status", true)
	dms, _ := o.text("dms", true)
	wanted := relatedro.Wanted{
		Status: relatedro.FeatureStatus(status), SingleRO: dms == dmsSingleRO, Connection: connectionOf(o),
		Expecting: o.flag("expectedRelatedRos"),
	}
	if sameDealer := o.flag("sameDealer"); sameDealer != nil {
		wanted.SameDealer = *sameDealer
	}
	if err := o.done(); err != nil {
		return relatedro.Wanted{}, err
	}
	if dms != dmsKarmak && dms != dmsSingleRO {
		return relatedro.Wanted{}, invalid("dms", `must be "KARMAK_FUSION" or "SINGLE_RO"`)
	}
	return wanted, nil
}

// connectionOf returns the connection in the karmak field of a body, without validation.
func connectionOf(o *object) (connection relatedro.Connection) {
	karmak := o.object("karmak")
	kind, given := karmak.text("kind", false)
	byNumber := kind == kindRDA
	connection.Branch, _ = karmak.text("branch", true)
	connection.Account, _ = karmak.text("account", !byNumber)
	connection.User, _ = karmak.text("user", !byNumber)
	if byNumber {
		if connection.Account != "" {
			karmak.notes.add(karmak.path+"account", `must be empty where kind is "rda"`)
		}
		connection.Kind = kindRDA
		connection.Account, _ = karmak.text("accountNumber", true)
	} else if given && kind != kindUnity {
		karmak.notes.add(karmak.path+"kind", `must be "unity" or "rda"`)
	}
	karmak.end()
	return connection
}

func (s administration) verify(ctx context.Context, r *request) (response, error) {
	var connection *relatedro.Connection
	if r.body != nil {
		o := parse(r.body)
		asked := connectionOf(o)
		if err := o.done(); err != nil {
			return response{}, err
		}
		connection = &asked
	}
	found, err := s.admin.Verify(ctx, r.actor, r.path("locationId"), connection)
	if err != nil {
		return response{}, fmt.Errorf("verify: %w", err)
	}
	return settingsResponse(found), nil
}

type branchJSON struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

func (s administration) branches(ctx context.Context, r *request) (response, error) {
	found, err := s.admin.Branches(ctx, r.path("locationId"))
	if err != nil {
		return response{}, fmt.Errorf("ask for branches: %w", err)
	}
	branches := make([]branchJSON, len(found))
	for i, b := range found {
		branches[i] = branchJSON(b)
	}
	return success(struct {
		Branches []branchJSON `json:"branches"`
	}{branches}), nil
}

type versionJSON struct {
	Status relatedro.FeatureStatus `json:"status"`
	DMS    string                  `json:"dms"`
	Karmak karmakJSON              `json:"karmak"`

	Expecting bool  `json:"expectedRelatedRos"`
	Version   int64 `json:"version"`
}

type changeJSON struct {
	ID     string      `json:"id"`
	At     string      `json:"at"`
	By     string      `json:"by"`
	Before versionJSON `json:"before"`
	After  versionJSON `json:"after"`
}

type changePage struct {
	Changes []changeJSON `json:"changes"`
	Cursor  *string      `json:"cursor"`
}

func (s administration) history(ctx context.Context, r *request) (response, error) {
	after, err := r.position()
	if err != nil {
		return response{}, err
	}
	changes, next, err := s.admin.History(ctx, r.path("locationId"), after)
	if err != nil {
		return response{}, fmt.Errorf("read the history: %w", err)
	}
	versionOf := func(s relatedro.Settings) versionJSON {
		return versionJSON{s.Status, dmsOf(s), karmakOf(s.Connection), s.Expecting, s.Version}
	}
	page := changePage{Changes: make([]changeJSON, len(changes)), Cursor: encodeCursor(r, next)}
	for i, c := range changes {
		page.Changes[i] = changeJSON{c.ID, timestamp(c.At), c.By, versionOf(c.Before), versionOf(c.After)}
	}
	return success(page), nil
}

func (s administration) refresh(ctx context.Context, r *request) (response, error) {
	var facts relatedro.Facts
	if r.body != nil {
		o := parse(r.body)
		facts = factsOf(o, false)
		if err := o.done(); err != nil {
			return response{}, err
		}
	}
	eventID, err := s.admin.Refresh(ctx, r.actor, r.caseKey(), facts)
	if err != nil {
		return response{}, fmt.Errorf("refresh: %w", err)
	}
	return response{status: http.StatusAccepted, body: struct {
		EventID string `json:"eventId"`
	}{eventID}}, nil
}
