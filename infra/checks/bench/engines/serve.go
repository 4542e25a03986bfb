package engines

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/pkg/karmak/karmaktest"
)

// Paths that the process answers on DynamoDB's port, in addition to DynamoDB's protocol.
const (
	fillPath    = "/bench/fill"
	garbagePath = "/bench/garbage"
)

// Serve runs the engines in this process. It listens on free ports, writes the addresses to
// standard output and returns when standard input ends.
func Serve() error {
	debug.SetGCPercent(400) // so that the collector seldom runs during a measurement
	database := dynamodbengine.New()
	mux := http.NewServeMux()
	mux.Handle("/", database)
	mux.HandleFunc("POST "+fillPath, func(w http.ResponseWriter, r *http.Request) {
		var f Filling
		debug.SetGCPercent(25) // here memory matters more than time
		err := json.NewDecoder(r.Body).Decode(&f)
		if err == nil {
			err = f.into(database)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	mux.HandleFunc("POST "+garbagePath, func(http.ResponseWriter, *http.Request) {
		runtime.GC()
		debug.SetGCPercent(-1)
	})
	karmak := karmaktest.New(karmaktest.Config{ClientID: KarmakClientID, ClientSecret: KarmakClientSecret})

	var listeners [2]net.Listener
	for i := range listeners {
		var err error
		if listeners[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return fmt.Errorf("serve engines: %w", err)
		}
	}
	urls := map[string]string{
		"DynamoDB": "http://" + listeners[0].Addr().String(),
		"Karmak":   "http://" + listeners[1].Addr().String(),
	}
	if err := json.NewEncoder(os.Stdout).Encode(urls); err != nil {
		return fmt.Errorf("serve engines: %w", err)
	}
	ended := make(chan error, len(listeners)+1)
	go func() { ended <- http.Serve(listeners[0], mux) }()
	go func() { ended <- http.Serve(listeners[1], karmak) }()
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		ended <- err
	}()
	if err := <-ended; err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("serve engines: %w", err)
	}
	return nil
}
