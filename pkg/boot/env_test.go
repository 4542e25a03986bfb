package boot

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"
)

func envOf(values map[string]string) *Env {
	return &Env{lookup: func(name string) (string, bool) { v, ok := values[name]; return v, ok }}
}

func TestEnvNamesEverythingThatIsWrongAtOnce(t *testing.T) {
	env := envOf(map[string]string{"EMPTY": "", "URL": "ftp://x", "LOG_LEVEL": "LOUD"})
	env.Need("MISSING")
	env.Need("EMPTY")
	env.NeedURL("URL")
	newLogger(io.Discard, env)
	err := env.Err()
	if err == nil {
		t.Fatal("no error for missing and invalid variables")
	}
	for _, name := range []string{"MISSING", "EMPTY", "URL", "LOG_LEVEL"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("error does not name %s: %v", name, err)
		}
	}
	if strings.Contains(err.Error(), "ftp://x") {
		t.Errorf("the error contains a value: %v", err)
	}
}

func TestNeedURLLeavesOutTheTrailingSlash(t *testing.T) {
	env := envOf(map[string]string{"URL": "http://127.0.0.1:8085/"})
	if got := env.NeedURL("URL"); got != "http://127.0.0.1:8085" || env.Err() != nil {
		t.Errorf("got %q, error %v", got, env.Err())
	}
}

func TestAWSHonoursLambdasVariables(t *testing.T) {
	base := map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session",
	}
	for _, tt := range []struct {
		name     string
		set      map[string]string
		endpoint string
	}{
		{"no endpoint is AWS's own", nil, ""},
		{"one endpoint for all", map[string]string{"AWS_ENDPOINT_URL": "http://all"}, "http://all"},
		{"the service's own endpoint wins", map[string]string{"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_SQS": "http://sqs/"},
			"http://sqs"},
		{"another service's does not count", map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": "http://db"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			values := map[string]string{}
			for _, m := range []map[string]string{base, tt.set} {
				for k, v := range m {
					values[k] = v
				}
			}
			kit := Kit{Env: envOf(values), Transport: NewTransport()}
			config := kit.AWS("SQS")
			got := ""
			if config.BaseEndpoint != nil {
				got = *config.BaseEndpoint
			}
			if got != tt.endpoint {
				t.Errorf("endpoint %q, want %q", got, tt.endpoint)
			}
			credentials, err := config.Credentials.Retrieve(context.Background())
			if err != nil || credentials.SessionToken != "session" || config.Region != "eu-west-1" {
				t.Errorf("region %s, session %q, error %v", config.Region, credentials.SessionToken, err)
			}
		})
	}
}

func TestAWSNamesMissingVariables(t *testing.T) {
	kit := Kit{Env: envOf(nil), Transport: NewTransport()}
	kit.AWS("SQS")
	for _, name := range []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		if err := kit.Env.Err(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error does not name %s: %v", name, err)
		}
	}
}

func TestDaysMustBeANumberOfThem(t *testing.T) {
	for value, want := range map[string]time.Duration{"1": 24 * time.Hour, "1095": 1095 * 24 * time.Hour, "": 0, "0": 0, "x": 0, "-3": 0,
		"36501": 0, "1.5": 0} {
		env := envOf(map[string]string{"RETENTION_DAYS": value})
		got := env.NeedDays("RETENTION_DAYS")
		if err := env.Err(); (err == nil) != (want > 0) || err == nil && got != want || err != nil &&
			!strings.Contains(err.Error(), "RETENTION_DAYS") {
			t.Errorf("%q: %v, error %v", value, got, err)
		}
	}
}
