package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"related-ro/infra/checks/tools"
)

// process is a running engine; the zero value stands for an engine without a process.
type process struct {
	url    string
	front  func() error // stops the proxy in front of it, if there is one
	server *tools.Server
}

// startProcess starts a server that listens on the port, and waits until it responds over HTTP. Its
// output goes to the file log.
func startProcess(ctx context.Context, command, variables []string, port int, log string) (*process, error) {
	p := &process{url: fmt.Sprintf("http://127.0.0.1:%d", port)}
	server, err := tools.Serve(ctx, tools.Command{
		Arguments: command, Environment: append(os.Environ(), variables...), URL: p.url, Client: http.DefaultClient, Log: log,
	})
	if errors.Is(err, tools.ErrNoProgram) {
		return nil, &unavailableError{err}
	}
	p.server = server
	return p, err
}

// stop ends the process and waits for its exit.
func (p *process) stop() error {
	if p.server == nil {
		return nil
	}
	var err error
	if p.front != nil {
		err = p.front()
	}
	return errors.Join(err, p.server.Stop())
}
