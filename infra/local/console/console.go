// Package console serves the parts of the console that exist only on the local stack: the panel for
// exporting and closing cases and changing the simulated Karmak, the live list of the system's
// steps, and its metrics. The files that the console function serves contain none of this.
//
// The stack mounts New's handler at /local/, passes /local/panel.js to the console function as
// CONSOLE_EXTENSION, and registers a Feed as an observer.
package console

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"related-ro/infra/emulators/forward"
	"related-ro/infra/emulators/issuer"
	"related-ro/infra/local/platform"
	"related-ro/infra/local/seed"
)

//go:embed web
var web embed.FS

// maxBody is the maximum size in bytes of a request to the panel's own routes; the simulator has
// its own limit.
const maxBody = 64 << 10

// Config holds the panel's dependencies. All fields except Inbox must be set.
type Config struct {
	Data     seed.Data
	Platform *platform.Platform
	Key      *issuer.Key
	Feed     *Feed
	Inbox    *platform.Inbox // the platform's events; nil if it has not subscribed
}

// New returns the handler of /local/, or an error if Platform.KarmakURL is invalid. It accepts
// requests only from pages of the same machine, because it issues tokens.
func New(c Config) (http.Handler, error) {
	control, err := url.Parse(c.Platform.KarmakURL + "/control")
	if err != nil {
		return nil, fmt.Errorf("address of the simulated Karmak: %w", err)
	}
	cases := known(c.Data)
	mux := http.NewServeMux()
	for _, name := range []string{"panel.js", "chart.js", "panel.css"} {
		mux.HandleFunc("GET /local/"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, web, "web/"+name) })
	}
	mux.HandleFunc("GET /local/cases", func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, cases) })
	mux.HandleFunc("GET /local/metrics", func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, c.Feed.Figures()) })
	mux.HandleFunc("GET /local/inbox", c.inbox)
	mux.HandleFunc("GET /local/steps", c.Feed.serve)
	mux.HandleFunc("POST /local/token", c.token)
	mux.HandleFunc("POST /local/events", c.event)
	mux.HandleFunc("POST /local/follow", c.follow)
	mux.Handle("/local/karmak/", http.StripPrefix("/local/karmak", forward.To(control)))
	return sameMachine(mux), nil
}

// seenCase is a case as the case platform sees it, plus the Karmak account and branch of its RO.
type seenCase struct {
	platform.Case
	LocationName string `json:"locationName"`
	Unit         string `json:"unit"`
	Customer     string `json:"customer"`
	Complaint    string `json:"complaint"`
	Mine         bool   `json:"mine"`
	Watching     bool   `json:"watching"`
	Account      string `json:"account"`
	Branch       string `json:"branch"`
}

func known(data seed.Data) []seenCase {
	locations := make(map[string]seed.Location)
	for _, l := range data.Locations {
		locations[l.LocationID] = l
	}
	cases := make([]seenCase, 0, len(data.Cases))
	for _, c := range data.Cases {
		location := locations[c.LocationID]
		cases = append(cases, seenCase{
			c.Case, location.Name, c.Unit, c.Customer, c.Complaint, c.Mine, c.Watching, location.Settings.Karmak.Account,
			location.Settings.Karmak.Branch,
		})
	}
	return cases
}

// sameMachine rejects requests from pages of other sites, and requests through foreign host names
// that resolve to this machine.
func sameMachine(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		ip := net.ParseIP(host)
		site := r.Header.Get("Sec-Fetch-Site")
		if host != "localhost" && (ip == nil || !ip.IsLoopback()) || site == "cross-site" || site == "same-site" {
			refuse(w, http.StatusForbidden, errors.New("only pages of the local stack may use this"))
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// follow makes the product poll Karmak for changes.
func (c Config) follow(w http.ResponseWriter, r *http.Request) {
	if err := c.Platform.Follow(r.Context()); err != nil {
		refuse(w, http.StatusBadGateway, err)
		return
	}
	respond(w, http.StatusOK, struct{}{})
}

// inbox responds with the state that the case platform derives from events.
func (c Config) inbox(w http.ResponseWriter, _ *http.Request) {
	known := platform.Known{Notices: []platform.Notice{}, Badges: []platform.Badge{}, Handovers: []platform.Handover{}}
	if c.Inbox != nil {
		known = c.Inbox.Known()
	}
	respond(w, http.StatusOK, known)
}

// lifetime is the lifetime of the panel's tokens: a working day.
const lifetime = 10 * time.Hour

func (c Config) token(w http.ResponseWriter, r *http.Request) {
	var who struct {
		Subject          string
		Roles, Locations []string
	}
	if !decode(w, r, &who) {
		return
	}
	for _, role := range who.Roles {
		if !slices.Contains(issuer.Roles(), role) {
			refuse(w, http.StatusBadRequest, fmt.Errorf("role %q is not one of %q", role, issuer.Roles()))
			return
		}
	}
	token, err := c.Key.Token(issuer.Grant{
		Subject: who.Subject, Roles: who.Roles, Locations: who.Locations, Issued: time.Now(), Lifetime: lifetime,
	})
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	respond(w, http.StatusOK, map[string]string{"token": token})
}

// event sends an event of a case as the case platform would, and responds with its ID.
func (c Config) event(w http.ResponseWriter, r *http.Request) {
	var e struct {
		platform.Case
		Type     string
		ClosedBy string
	}
	if !decode(w, r, &e) {
		return
	}
	var id string
	var err error
	switch e.Type {
	case "case.exported":
		id, err = c.Platform.Export(r.Context(), e.Case)
	case "case.closed":
		id, err = c.Platform.Close(r.Context(), e.Case, e.ClosedBy)
	default:
		refuse(w, http.StatusBadRequest, fmt.Errorf("the case platform has no event type %q", e.Type))
		return
	}
	if err != nil {
		refuse(w, http.StatusBadGateway, err)
		return
	}
	respond(w, http.StatusAccepted, map[string]string{"id": id})
}

// decode reads a JSON body. It requires application/json, which a form of another site cannot send
// without a CORS preflight.
func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, errors.New("the body must be application/json"))
		return false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return false
	}
	return true
}

func respond(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // an error means that the browser has disconnected
}

func refuse(w http.ResponseWriter, status int, err error) {
	respond(w, status, map[string]string{"message": err.Error()})
}
