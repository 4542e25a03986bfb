package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"related-ro/infra/emulators/forward"
)

// gate starts a proxy in front of the engine that sends it DynamoDB requests one at a time. It
// returns the proxy's URL and a function that stops the proxy.
func gate(ctx context.Context, engine string) (address string, end func() error, err error) {
	target, err := url.Parse(engine)
	if err != nil {
		return "", nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: oneAtATime(forward.To(target))}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	end = func() error {
		err := server.Close()
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}
	return "http://" + listener.Addr().String(), end, nil
}

// oneAtATime lets one DynamoDB request through at a time. SQS requests may wait for messages and
// for each other.
func oneAtATime(next http.Handler) http.Handler {
	turn := make(chan struct{}, 1)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The prefix includes DynamoDB Streams.
		if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB") {
			turn <- struct{}{}
			defer func() { <-turn }()
		}
		next.ServeHTTP(w, r)
	})
}
