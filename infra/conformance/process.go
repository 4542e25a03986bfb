package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const (
	// startLimit is how long an engine may take to answer: Java on a busy machine takes 10 s.
	startLimit = 90 * time.Second
	// stopLimit is how long an engine may take to end by SIGTERM before it is killed.
	stopLimit = 10 * time.Second
	// lookAgain is how often is looked whether an engine answers.
	lookAgain = 100 * time.Millisecond
)

// process is a running engine; the zero value is one that there is no process for.
type process struct {
	url     string
	front   func() error // ends what stands before it, if anything does
	command *exec.Cmd
	cancel  context.CancelFunc
	ended   chan struct{}
	log     *os.File
}

// startProcess starts a server that will listen on the port and waits until it answers anything over HTTP. What it prints
// goes to the file log.
func startProcess(ctx context.Context, command, variables []string, port int, log string) (*process, error) {
	file, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &process{
		url: fmt.Sprintf("http://127.0.0.1:%d", port), cancel: cancel, ended: make(chan struct{}), log: file,
		command: exec.CommandContext(ctx, command[0], command[1:]...),
	}
	p.command.Stdout, p.command.Stderr = file, file
	p.command.Env = append(os.Environ(), variables...)
	p.command.Cancel = func() error { return p.command.Process.Signal(syscall.SIGTERM) }
	p.command.WaitDelay = stopLimit
	if err := p.command.Start(); err != nil {
		cancel()
		return nil, &unavailableError{errors.Join(err, file.Close())}
	}
	go func() {
		_ = p.command.Wait() // how it ended matters only if it was too early, and then the log says why
		close(p.ended)
	}()
	if err := p.await(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w, see %s", command[0], err, log), p.stop())
	}
	return p, nil
}

func (p *process) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			return response.Body.Close()
		}
		select {
		case <-p.ended:
			return errors.New("ended before it answered")
		case <-ctx.Done():
			return fmt.Errorf("did not answer: %w", ctx.Err())
		case <-time.After(lookAgain):
		}
	}
}

// stop ends the process and returns when it is gone.
func (p *process) stop() error {
	if p.command == nil {
		return nil
	}
	var err error
	if p.front != nil {
		err = p.front()
	}
	p.cancel()
	<-p.ended
	return errors.Join(err, p.log.Close())
}
