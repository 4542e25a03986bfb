package boot_test

import (
	"fmt"
	"os"
	"time"

	"related-ro/pkg/boot"
)

// Values with the same dimensions share a line. CloudWatch reads the metrics from it.
func ExampleMetrics() {
	now := func() time.Time { return time.UnixMilli(1_795_435_200_000) }
	metrics := boot.NewMetrics(os.Stdout, now)
	metrics.Add("Messages", boot.Count, 2, boot.By("Outcome", "ok"))
	metrics.Add("Messages", boot.Count, 1, boot.By("Outcome", "ok"))
	metrics.Flush()
	// Output:
	// {"Messages":[3],"Outcome":"ok","_aws":{"Timestamp":1795435200000,"CloudWatchMetrics":[{"Namespace":"RelatedRO","Dimensions":[["Outcome"]],"Metrics":[{"Name":"Messages","Unit":"Count"}]}]}}
}

// A function that lacks variables fails once, with all their names.
func ExampleEnv() {
	env := boot.NewEnv()
	env.Need("EXAMPLE_TABLE")
	env.NeedDays("EXAMPLE_DAYS")
	fmt.Println(env.Get("EXAMPLE_LEVEL", "INFO"))
	fmt.Println(env.Err())
	// Output:
	// INFO
	// environment variable EXAMPLE_TABLE is missing
	// environment variable EXAMPLE_DAYS is missing
}
