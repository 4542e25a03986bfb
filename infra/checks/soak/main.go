// Soak sends many messages to a complete local system whose Karmak fails intermittently. Some
// messages are duplicates, and some can never succeed. A model that is independent of the code then
// judges the result of each message.
//
//	go run ./infra/checks/soak -n 2000
//
// It prints a table and exits with 1 if a message was lost or a case is wrong.
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
	flag.IntVar(&o.messages, "n", 2000, "number of `messages` to send; at least 10")
	flag.Uint64Var(&o.seed, "seed", rand.Uint64(), "random seed for the messages; a new one for each run by default")
	flag.StringVar(&o.root, "root", ".", "`directory` of the project")
	flag.StringVar(&o.binaries, "bin", "", "`directory` with the functions' binaries; built if empty")
	patience := flag.Duration("timeout", 15*time.Minute, "maximum duration of the whole run")
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
