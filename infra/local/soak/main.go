// Soak sends many messages at once to a whole local system whose Karmak fails now and then, some of them twice and some that
// can never work, and judges what came of each by a model that knows nothing of the code.
//
//	go run ./infra/local/soak -n 2000
//
// It prints a table and exits with 1 unless no message was lost and every case is right.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	var o options
	flag.IntVar(&o.messages, "n", 2000, "how many `messages` to send; at least 10")
	flag.Uint64Var(&o.seed, "seed", rand.Uint64(), "of the choice of messages; another one each time by default")
	flag.StringVar(&o.root, "root", ".", "`directory` of the project")
	flag.StringVar(&o.binaries, "bin", "", "`directory` with the functions' binaries; built if empty")
	patience := flag.Duration("timeout", 15*time.Minute, "how long all of it may take")
	flag.Parse()
	if o.messages < 10 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *patience)
	defer cancel()
	fmt.Printf("Sending %d messages, seed %d ...\n", o.messages, o.seed)
	result, err := run(ctx, o)
	if err == nil {
		err = result.print(os.Stdout)
	}
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	case !result.right():
		os.Exit(1)
	}
}
