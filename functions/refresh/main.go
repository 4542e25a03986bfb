// Command refresh is the Lambda function that works off the refresh queue: cases whose
// related ROs are to be fetched again, for staff or because they changed in the DMS.
package main

import (
	"related-ro/pkg/boot"
	"related-ro/pkg/boot/consume"
)

func main() {
	boot.Start("refresh", consume.Queue("REFRESH_QUEUE_URL", "REFRESH_DLQ_URL"))
}
