package bench

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/debug"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/pkg/karmak/karmaktest"
)

// garbagePath is a path that the engines' process answers on DynamoDB's port, in addition to
// DynamoDB's protocol.
const garbagePath = "/bench/garbage"

// serveEngines runs the engines in this process. It writes their addresses to standard output and
// returns when standard input ends.
func serveEngines() error {
	mux := http.NewServeMux()
	mux.Handle("/", dynamodbengine.New())
	mux.HandleFunc("POST "+garbagePath, func(http.ResponseWriter, *http.Request) {
		runtime.GC()
		debug.SetGCPercent(-1)
	})
	karmak := karmaktest.New(karmaktest.Config{ClientID: karmakClientID, ClientSecret: karmakClientSecret})
	addresses := engines{DynamoDBURL: httptest.NewServer(mux).URL, KarmakURL: httptest.NewServer(karmak).URL}
	if err := json.NewEncoder(os.Stdout).Encode(addresses); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}
