package tools

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
	// startLimit is the maximum start-up time of a server: Java on a busy machine takes 10 s.
	startLimit = 90 * time.Second
	// stopLimit is how long a server may take to exit after SIGTERM before it is killed.
	stopLimit = 10 * time.Second
	// pollInterval is the interval between readiness probes.
	pollInterval = 100 * time.Millisecond
)

// Command describes how to start a server.
type Command struct {
	// Arguments are the program and its arguments.
	Arguments []string
	// Environment is the program's complete environment.
	Environment []string
	// URL is the server's address, and Client sends the readiness probes.
	URL    string
	Client *http.Client
	// Log is the file for the program's output.
	Log string
}

// Server is a running program that serves HTTP.
type Server struct {
	command *exec.Cmd
	cancel  context.CancelFunc
	ended   chan struct{}
	log     *os.File
}

// ErrNoProgram is wrapped by the error for a program that could not be started at all.
var ErrNoProgram = errors.New("the program cannot be started")

// Serve starts a server and waits until it responds over HTTP. The server runs until ctx ends or
// Stop is called.
func Serve(ctx context.Context, c Command) (*Server, error) {
	file, err := os.Create(c.Log)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &Server{
		cancel: cancel, ended: make(chan struct{}), log: file,
		command: exec.CommandContext(ctx, c.Arguments[0], c.Arguments[1:]...),
	}
	s.command.Stdout, s.command.Stderr, s.command.Env = file, file, c.Environment
	s.command.Cancel = func() error { return s.command.Process.Signal(syscall.SIGTERM) }
	s.command.WaitDelay = stopLimit
	if err := s.command.Start(); err != nil {
		cancel()
		return nil, errors.Join(ErrNoProgram, err, file.Close())
	}
	go func() {
		// The exit status matters only if it exits too early, and then the log explains it.
		_ = s.command.Wait()
		close(s.ended)
	}()
	if err := s.await(ctx, c); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w, see %s", c.Arguments[0], err, c.Log), s.Stop())
	}
	return s, nil
}

func (s *Server) await(ctx context.Context, c Command) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
		if err != nil {
			return err
		}
		response, err := c.Client.Do(request)
		if err == nil {
			return response.Body.Close()
		}
		select {
		case <-s.ended:
			return errors.New("exited before it responded")
		case <-ctx.Done():
			return fmt.Errorf("did not respond: %w", err)
		case <-time.After(pollInterval):
		}
	}
}

// Stop ends the server and waits for its process to exit.
func (s *Server) Stop() error {
	s.cancel()
	<-s.ended
	return s.log.Close()
}
