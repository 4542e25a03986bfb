// Command follow is the Lambda function, started by a schedule, that looks for changes in the DMS
// and queues a refresh for each case whose related ROs no longer match.
package main

import (
	"related-ro/pkg/boot"
	"related-ro/pkg/boot/follow"
)

func main() { boot.Start("follow", follow.Build) }
