// Command close is the Lambda function that processes the case-close queue: cases closed by a
// person or by auto-close.
package main

import (
	"related-ro/pkg/boot"
	"related-ro/pkg/boot/consume"
)

func main() {
	boot.Start("close", consume.Queue("CLOSE_QUEUE_URL", "CLOSE_DLQ_URL"))
}
