package dms_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"related-ro/pkg/boot"
	"related-ro/pkg/boot/dms"
	"related-ro/pkg/karmak"
	"related-ro/pkg/karmak/karmaktest"
	"related-ro/pkg/karmak/sentence"
	"related-ro/pkg/relatedro"
)

var connection = relatedro.Connection{Account: "acct-1", User: "user-1"}

// dealer starts a simulated Karmak with one RO and its spinoff.
func dealer(t *testing.T) *karmaktest.Server {
	t.Helper()
	sim := karmaktest.Start(karmaktest.Config{ClientID: "client", ClientSecret: "s3cret-value"})
	t.Cleanup(sim.Close)
	err := sim.AddAccount(karmaktest.Account{ID: connection.Account, Users: []string{connection.User}, ROs: []karmaktest.RO{
		{Number: "100"}, {Number: "101", Original: "100"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return sim
}

// secrets starts a Secrets Manager with one secret. It implements only the call that the client
// makes.
func secrets(t *testing.T, id, value string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ SecretId string }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil || r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if request.SecretId != id {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"ResourceNotFoundException","Message":"Secrets Manager can't find the specified secret."}`)
			return
		}
		json.NewEncoder(w).Encode(map[string]string{"SecretString": value})
	}))
	t.Cleanup(server.Close)
	return server
}

// build calls New with the given environment variables and returns its client.
func build(t *testing.T, output *bytes.Buffer, variables map[string]string) (*karmak.Client, error) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_ENDPOINT_URL": "",
		"KARMAK_BASE_URL": "", "KARMAK_CREDENTIALS_SECRET_ID": "", "KARMAK_CLIENT_ID": "", "KARMAK_CLIENT_SECRET": "",
		"KARMAK_SUBSCRIPTION_KEY": "", "KARMAK_ACCOUNT_HEADER": "",
	} {
		if given, ok := variables[name]; ok {
			value = given
		}
		t.Setenv(name, value)
	}
	kit := boot.Kit{
		Function: "export", Env: boot.NewEnv(), Transport: boot.NewTransport(),
		Log: slog.New(slog.NewJSONHandler(output, nil)), Metrics: boot.NewMetrics(output, time.Now, boot.By("Stack", "test")),
	}
	client, err := dms.New(kit)
	if client != nil {
		t.Cleanup(client.Close)
	}
	return client, errors.Join(kit.Env.Err(), err)
}

func TestCredentialsComeFromSecretsManager(t *testing.T) {
	sim := dealer(t)
	vault := secrets(t, "karmak", `{"clientId":"client","clientSecret":"s3cret-value","note":"of staging"}`)
	client, err := build(t, new(bytes.Buffer), map[string]string{
		"KARMAK_BASE_URL": sim.URL, "KARMAK_CREDENTIALS_SECRET_ID": "karmak", "AWS_ENDPOINT_URL": vault.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	found, err := client.Families(t.Context(), connection, []string{"100"})
	if err != nil || len(found["100"].Related) != 1 {
		t.Errorf("Families: %+v, error %v", found, err)
	}
}

// movedTo is the connection after Karmak has moved the dealer to its newer interface.
var movedTo = relatedro.Connection{Kind: karmak.ReportDataAccess, Account: "03900"}

func TestSubscriptionKeyComesWithTheCredentials(t *testing.T) {
	sim := dealer(t)
	sim.RotateSubscriptionKey("subscr1ption")
	err := sim.UpdateAccount(connection.Account, func(a *karmaktest.Account) {
		a.Number, a.Face = movedTo.Account,
			karmaktest.ReportDataAccess
	})
	if err != nil {
		t.Fatal(err)
	}
	vault := func(value string) map[string]string {
		return map[string]string{"KARMAK_CREDENTIALS_SECRET_ID": "karmak", "AWS_ENDPOINT_URL": secrets(t, "karmak", value).URL}
	}
	for name, c := range map[string]struct {
		variables map[string]string
		want      string
	}{
		"of the secret":     {vault(`{"clientId":"client","clientSecret":"s3cret-value","subscriptionKey":"subscr1ption"}`), ""},
		"not in the secret": {vault(`{"clientId":"client","clientSecret":"s3cret-value"}`), `no \"subscriptionKey\"`},
		"of the environment": {map[string]string{"KARMAK_CLIENT_ID": "client", "KARMAK_CLIENT_SECRET": "s3cret-value",
			"KARMAK_SUBSCRIPTION_KEY": "subscr1ption"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var output bytes.Buffer
			c.variables["KARMAK_BASE_URL"] = sim.URL
			client, err := build(t, &output, c.variables)
			if err != nil {
				t.Fatal(err)
			}
			found, err := client.Families(t.Context(), movedTo, []string{"100"})
			if c.want == "" && (err != nil || len(found["100"].Related) != 1) {
				t.Errorf("Families: %+v, %v", found, err)
			}
			if c.want != "" && (err == nil || !strings.Contains(output.String(), c.want)) {
				t.Errorf("Families: %v, and the log %s", err, output.String())
			}
			if strings.Contains(output.String(), "subscr1ption") {
				t.Error("the key is in the log")
			}
		})
	}
}

func TestSecretThatCannotBeUsed(t *testing.T) {
	for _, test := range []struct{ name, id, value, want string }{
		{"no such secret", "other", ``, "ResourceNotFoundException"},
		{"no JSON", "karmak", `clientId=client;clientSecret=s3cret-value`, "must be JSON"},
		{"another shape", "karmak", `{"id":"client","secret":"s3cret-value"}`, "must be JSON"},
		{"a number for the secret", "karmak", `{"clientId":"client","clientSecret":31337}`, "must be JSON"},
	} {
		t.Run(test.name, func(t *testing.T) {
			sim := dealer(t)
			var output bytes.Buffer
			client, err := build(t, &output, map[string]string{
				"KARMAK_BASE_URL": sim.URL, "KARMAK_CREDENTIALS_SECRET_ID": "karmak",
				"AWS_ENDPOINT_URL": secrets(t, test.id, test.value).URL,
			})
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Families(t.Context(), connection, []string{"100"})
			var f *relatedro.Failure
			if !errors.As(err, &f) || f.Reason != relatedro.CredentialsUnavailable || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Families: %v, want credentials_unavailable and %q", err, test.want)
			}
			output.Reset()
			got := client.CheckActivation(t.Context(), connection)
			if want := sentence.For(relatedro.Connection{}, relatedro.CredentialsUnavailable); got.Message != want ||
				!strings.Contains(output.String(), test.want) {
				t.Errorf("CheckActivation says %q and logs %q, want %q and %q", got.Message, output.String(), want, test.want)
			}
			fmt.Fprint(&output, err)
			for _, secret := range []string{"s3cret", "31337"} {
				if strings.Contains(output.String(), secret) {
					t.Errorf("the output contains %q: %s", secret, output.String())
				}
			}
			if n := sim.Counts().Total; n != 0 {
				t.Errorf("Karmak got %d requests without credentials", n)
			}
		})
	}
}

func TestVariablesThatAreMissingOrWrongAreNamed(t *testing.T) {
	for _, test := range []struct {
		name      string
		variables map[string]string
		want      string
	}{
		{"no base URL", map[string]string{"KARMAK_CREDENTIALS_SECRET_ID": "karmak"}, "KARMAK_BASE_URL is missing"},
		{
			"a base URL with a query", map[string]string{"KARMAK_CREDENTIALS_SECRET_ID": "karmak",
				"KARMAK_BASE_URL": "https://karmak/?v=1"},
			"KARMAK_BASE_URL",
		},
		{
			"a header with a blank", map[string]string{
				"KARMAK_CREDENTIALS_SECRET_ID": "karmak", "KARMAK_BASE_URL": "https://karmak", "KARMAK_ACCOUNT_HEADER": "Account Number",
			},
			"KARMAK_ACCOUNT_HEADER",
		},
		{"no credentials", map[string]string{"KARMAK_BASE_URL": "https://karmak"}, "KARMAK_CREDENTIALS_SECRET_ID is missing"},
		{
			"no client secret", map[string]string{"KARMAK_BASE_URL": "https://karmak", "KARMAK_CLIENT_ID": "client"},
			"KARMAK_CLIENT_SECRET is missing",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := build(t, new(bytes.Buffer), test.variables)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("New: %v, want %q", err, test.want)
			}
		})
	}
}

func TestCredentialsGoNowhereInClear(t *testing.T) {
	for name, c := range map[string]struct {
		address, samLocal string
		refused           bool
	}{
		"https":                        {"https://api.karmak.example", "", false},
		"https in capitals":            {"HTTPS://api.karmak.example", "", false},
		"http":                         {"http://api.karmak.example", "", true},
		"http to another address":      {"http://192.0.2.1:8085", "", true},
		"http to any address":          {"http://0.0.0.0:8085", "", true},
		"http to one like loopback":    {"http://127.0.0.1.karmak.example", "", true},
		"http to loopback as a user":   {"http://127.0.0.1@karmak.example", "", true},
		"http to loopback":             {"http://127.0.0.1:8085", "", false},
		"http to loopback by IPv6":     {"http://[::1]:8085", "", false},
		"http to loopback by name":     {"http://localhost:8085", "", false},
		"http under sam local":         {"http://host.docker.internal:8085", "true", false},
		"http, and sam local disabled": {"http://host.docker.internal:8085", "false", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_SAM_LOCAL", c.samLocal)
			_, err := build(t, new(bytes.Buffer), map[string]string{
				"KARMAK_BASE_URL": c.address, "KARMAK_CLIENT_ID": "client", "KARMAK_CLIENT_SECRET": "s3cret-value",
			})
			if refused := err != nil && strings.Contains(err.Error(), "KARMAK_BASE_URL"); refused != c.refused || !refused && err != nil {
				t.Errorf("error %v, want refused: %t", err, c.refused)
			}
		})
	}
}
