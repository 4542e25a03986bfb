// Command export is the Lambda function that processes the case-export queue: cases exported to the
// DMS.
package main

import (
	"related-ro/pkg/boot"
	"related-ro/pkg/boot/consume"
)

func main() {
	boot.Start("export", consume.Queue("EXPORT_QUEUE_URL", "EXPORT_DLQ_URL"))
}
