package karmak_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/relatedro"
)

// listener records the tokens and headers that pass through it.
type listener struct {
	http.RoundTripper
	mu      sync.Mutex
	headers []http.Header
}

func (l *listener) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	l.headers = append(l.headers, r.Header.Clone())
	l.mu.Unlock()
	return l.RoundTripper.RoundTrip(r)
}

func (l *listener) CloseIdleConnections() { l.RoundTripper.(*http.Transport).CloseIdleConnections() }

func (l *listener) tokens() []string {
	var tokens []string
	for _, h := range l.headers {
		if token, ok := strings.CutPrefix(h.Get("Authorization"), "Bearer "); ok {
			tokens = append(tokens, token)
		}
	}
	return tokens
}

func TestErrorsAndLogsHoldNothingSecret(t *testing.T) {
	faults := []karmaktest.Fault{{}}
	for _, call := range []string{karmaktest.CallToken, karmaktest.CallHeaders} {
		for _, kind := range []karmaktest.Kind{
			karmaktest.RateLimited, karmaktest.StatusError, karmaktest.Hang, karmaktest.Stall, karmaktest.Reset, karmaktest.ResetBody,
			karmaktest.Truncated, karmaktest.WrongJSON, karmaktest.HTML, karmaktest.ExpiredToken, karmaktest.RevokedToken,
		} {
			faults = append(faults, karmaktest.Fault{Call: call, Kind: kind})
		}
	}
	for _, fault := range faults {
		t.Run(fmt.Sprint(fault.Call, " ", fault.Kind), func(t *testing.T) {
			t.Parallel()
			sim := dealer(t, karmaktest.Config{}, threeLevels()...)
			strike(t, sim, fault)
			var output bytes.Buffer
			ears := &listener{RoundTripper: http.DefaultTransport.(*http.Transport).Clone()}
			c := client(t, sim, func(c *karmak.Config) {
				c.RequestTimeout = 100 * time.Millisecond
				c.Transport = ears
				c.Logger = slog.New(slog.NewJSONHandler(&output, &slog.HandlerOptions{Level: slog.LevelDebug}))
			})
			for _, connection := range []relatedro.Connection{connection, {Account: account, User: "user-77"}} {
				_, err := c.Families(t.Context(), connection, []string{"100"})
				fmt.Fprintf(&output, "%v %+v\n", err, err)
			}
			for _, secret := range append(ears.tokens(), "s3cret-value", account, user, "user-77", "filter", "/auth/", "/api/") {
				if strings.Contains(output.String(), secret) {
					t.Errorf("the output contains %q: %s", secret, output.String())
				}
			}
			if !strings.Contains(output.String(), `"requestId":"`) {
				t.Errorf("no request id in the log: %s", output.String())
			}
		})
	}
}

func TestCredentialsDoNotPrint(t *testing.T) {
	keys := karmak.Credentials{ClientID: "client", ClientSecret: "s3cret-value"}
	var output bytes.Buffer
	slog.New(slog.NewJSONHandler(&output, nil)).Info("x", "keys", keys, "pointer", &keys)
	slog.New(slog.NewTextHandler(&output, nil)).Info("x", "keys", keys)
	fmt.Fprintf(&output, "%v %+v %#v %s %q %v", keys, keys, keys, keys, keys, &keys)
	if strings.Contains(output.String(), "s3cret") {
		t.Errorf("the secret is in the output %s", output.String())
	}
}

func TestHeadersOfRequests(t *testing.T) {
	sim := dealer(t, karmaktest.Config{}, threeLevels()...)
	c := client(t, sim, func(c *karmak.Config) { c.UserAgent = "related-ro/1.2.3" })
	families(t, c, connection, "100")
	c.CheckActivation(t.Context(), connection)
	for _, r := range sim.Requests() {
		if got := r.Header.Get("User-Agent"); got != "related-ro/1.2.3" {
			t.Errorf("%s: User-Agent %q", r.Call, got)
		}
		if got := r.Header.Get("Accept-Encoding"); got != "gzip" {
			t.Errorf("%s: Accept-Encoding %q", r.Call, got)
		}
	}
}
