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

// tryAPI calls the API of `sam local start-api` as the UI does. SAM CLI runs no JWT authorizer, so
// the functions themselves check the tokens here.
func (c *containers) tryAPI(ctx context.Context) error {
	return c.serve(ctx, "start-api", c.stack.Key().JWKS(), func(api caller) error { return c.calls(ctx, api) })
}

// serve runs a server of `sam local` while use calls it; jwks is as in environment.
func (c *containers) serve(ctx context.Context, server, jwks string, use func(caller) error) (err error) {
	port, err := tools.FreePort(ctx)
	if err != nil {
		return err
	}
	options, err := c.options(jwks)
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(c.proof.cache, server+".log"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	arguments := append([]string{"local", server, "--port", strconv.Itoa(port), "--warm-containers", "LAZY"}, options...)
	command := c.cli.command(ctx, arguments...)
	command.Stdout, command.Stderr = log, log
	// On SIGINT it removes its containers.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = apiPatience
	if err := command.Start(); err != nil {
		return err
	}
	called := caller{url: "http://127.0.0.1:" + strconv.Itoa(port), client: &http.Client{Timeout: apiPatience}}
	err = called.await(ctx)
	if err == nil {
		err = use(called)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("sam local %s: %w\n%s", server, err, tail(log.Name())), stop(command))
	}
	return stop(command)
}

// stop ends a server of sam local and waits until it and its containers are gone.
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
	disabled, err := json.Marshal(platform.Settings{Status: "DISABLED", DMS: "KARMAK_FUSION", Karmak: c.data.Connection("loc-100")})
	if err != nil {
		return err
	}
	if _, err := api.call(ctx, http.MethodPut, path, token, bytes.NewReader(disabled), tag, http.StatusOK, `"DISABLED"`); err != nil {
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

// invoke invokes a function as the AWS SDK does, and returns its answer.
func (a caller) invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	address := a.url + "/2015-03-31/functions/" + function + "/invocations"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(event))
	if err != nil {
		return nil, err
	}
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
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
