package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"related-ro/infra/checks/tools"
	"related-ro/infra/local/platform"
)

// apiPatience is the time limit of one request: a function's first request starts a container.
const apiPatience = 90 * time.Second

// tryAPI starts `sam local start-api` and calls it as the UI does. SAM CLI runs no JWT authorizer,
// so the functions themselves check the tokens here.
func (c *containers) tryAPI(ctx context.Context) (err error) {
	port, err := tools.FreePort(ctx)
	if err != nil {
		return err
	}
	options, err := c.options(c.stack.Key().JWKS())
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(c.proof.cache, "start-api.log"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	arguments := append([]string{"local", "start-api", "--port", strconv.Itoa(port), "--warm-containers", "LAZY"}, options...)
	command := c.cli.command(ctx, arguments...)
	command.Stdout, command.Stderr = log, log
	// On SIGINT it removes its containers.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = apiPatience
	if err := command.Start(); err != nil {
		return err
	}
	api := caller{url: "http://127.0.0.1:" + strconv.Itoa(port), client: &http.Client{Timeout: apiPatience}}
	if err := c.calls(ctx, api); err != nil {
		return errors.Join(fmt.Errorf("sam local start-api: %w\n%s", err, tail(log.Name())), stop(command))
	}
	return stop(command)
}

// stop ends sam local start-api and waits until it and its containers are gone.
func stop(command *exec.Cmd) error {
	if err := command.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	var exit *exec.ExitError
	// Its exit code after Ctrl-C is not 0.
	if err := command.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	return nil
}

// calls sends read and administration requests over HTTP.
func (c *containers) calls(ctx context.Context, api caller) error {
	if err := api.await(ctx); err != nil {
		return err
	}
	advisor, err := c.stack.Token("service_advisor", "loc-100")
	if err != nil {
		return err
	}
	stranger, err := c.stack.Token("service_advisor", "loc-200")
	if err != nil {
		return err
	}
	administrator, err := c.stack.Token("administrator", "loc-100")
	if err != nil {
		return err
	}
	const ros, settings = "/v1/locations/loc-100/cases/case-1001/related-ros", "/v1/locations/loc-100/external-interfaces"
	if _, err := api.call(ctx, http.MethodGet, ros, "", nil, "", http.StatusUnauthorized, ""); err != nil {
		return err
	}
	for _, r := range []struct {
		method, path, token, body string
		status                    int
		part                      string
	}{
		{http.MethodGet, "/v1/health", "", "", http.StatusOK, "version"},
		{http.MethodGet, ros, stranger, "", http.StatusForbidden, "forbidden"},
		{http.MethodGet, ros, advisor, "", http.StatusOK, `"roNumber":"50124"`},
		{http.MethodPost, "/v1/related-ros/batch-get", advisor, `{"cases":[{"locationId":"loc-100","caseId":"case-1001"}]}`, http.StatusOK,
			`"found":true`},
		{http.MethodGet, "/v1/search?locationId=loc-100&ro=501&match=prefix", advisor, "", http.StatusOK, `"as":"related"`},
		{http.MethodPut, settings, advisor, `{"status":"DISABLED","dms":"KARMAK_FUSION"}`, http.StatusForbidden, "forbidden"},
		{http.MethodPost, settings + "/verify", administrator, "", http.StatusOK, `"active"`},
	} {
		if _, err := api.call(ctx, r.method, r.path, r.token, strings.NewReader(r.body), "", r.status, r.part); err != nil {
			return err
		}
		fmt.Fprintf(c.proof.out, "%-4s %s → %d\n", r.method, r.path, r.status)
	}
	return c.saveSettings(ctx, api, settings, administrator)
}

// saveSettings reads the settings, disables the location with their ETag, and reads the settings
// again.
func (c *containers) saveSettings(ctx context.Context, api caller, path, token string) error {
	tag, err := api.call(ctx, http.MethodGet, path, token, nil, "", http.StatusOK, `"ENABLED"`)
	if err != nil {
		return err
	}
	off, err := json.Marshal(platform.Settings{Status: "DISABLED", DMS: "KARMAK_FUSION", Karmak: c.data.Connection("loc-100")})
	if err != nil {
		return err
	}
	if _, err := api.call(ctx, http.MethodPut, path, token, bytes.NewReader(off), tag, http.StatusOK, `"DISABLED"`); err != nil {
		return err
	}
	_, err = api.call(ctx, http.MethodGet, path, token, nil, "", http.StatusOK, `"DISABLED"`)
	if err == nil {
		fmt.Fprintf(c.proof.out, "GET, PUT and GET %s → 200\n", path)
	}
	return err
}

// caller calls an HTTP API.
type caller struct {
	url    string
	client *http.Client
}

// await waits until the API accepts connections.
func (a caller) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	var dialer net.Dialer
	for {
		connection, err := dialer.DialContext(ctx, "tcp", strings.TrimPrefix(a.url, "http://"))
		if err == nil {
			return connection.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(lookAgain):
		}
	}
}

// call sends one request and checks the response's status and a part of its body. It returns the
// ETag.
func (a caller) call(
	ctx context.Context, method, path, token string, body io.Reader, ifMatch string, status int, part string,
) (tag string, err error) {
	request, err := http.NewRequestWithContext(ctx, method, a.url+path, body)
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if ifMatch != "" {
		request.Header.Set("If-Match", ifMatch)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode != status || !strings.Contains(string(answer), part) {
		return "", fmt.Errorf("%s %s: status %d, want %d with %s\n%s", method, path, response.StatusCode, status, part, answer)
	}
	return response.Header.Get("ETag"), nil
}
