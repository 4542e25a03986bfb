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
	// startLimit is how long a server may take to answer: Java on a busy machine takes 10 s.
	startLimit = 90 * time.Second
	// stopLimit is how long it may take to end by SIGTERM before it is killed.
	stopLimit = 10 * time.Second
	// pollInterval is the time between two requests to a server that starts.
	pollInterval = 100 * time.Millisecond
)

// Command says how to start a server.
type Command struct {
	// Arguments are the program and what follows it.
	Arguments []string
	// Environment is all that the program gets.
	Environment []string
	// URL is where it will answer, and Client what it is asked with.
	URL    string
	Client *http.Client
	// Log is the file for what it prints.
	Log string
}

// Server is a running program that serves HTTP.
type Server struct {
	command *exec.Cmd
	cancel  context.CancelFunc
	ended   chan struct{}
	log     *os.File
}

// ErrNoProgram is in the error of a program that could not be started at all.
var ErrNoProgram = errors.New("the program cannot be started")

// Serve starts a server and waits until it answers anything over HTTP. It ends with ctx, or by Stop.
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
		_ = s.command.Wait() // how it ended matters only if it was too early, and then the log says why
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
			return errors.New("ended before it answered")
		case <-ctx.Done():
			return fmt.Errorf("did not answer: %w", err)
		case <-time.After(pollInterval):
		}
	}
}

// Stop ends the server and returns when its process is gone.
func (s *Server) Stop() error {
	s.cancel()
	<-s.ended
	return s.log.Close()
}
