package bench

import (
	"fmt"
	"os"
	"testing"
)

// root is the project's directory.
const root = "../../.."

// goals are those of this package's benchmarks.
var goals Goals

func TestMain(m *testing.M) {
	if os.Getenv(enginesVariable) != "" {
		if err := serveEngines(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	goals.Print(os.Stdout)
	os.Exit(code)
}

// turns returns the number of turns of a measurement, or a few of them with -short, which only
// tries whether the benchmark works.
func turns(n int) int {
	if testing.Short() {
		return min(n, 3)
	}
	return n
}
