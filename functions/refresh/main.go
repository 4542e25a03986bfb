// Command refresh is the Lambda function that processes the refresh queue: cases whose related ROs
// must be fetched again, because staff asked for it or because they changed in the DMS.
package main

import (
	"related-ro/pkg/boot"
	"related-ro/pkg/boot/consume"
)

func main() {
	boot.Start("refresh", consume.Queue("REFRESH_QUEUE_URL", "REFRESH_DLQ_URL"))
}
