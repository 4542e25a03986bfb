// Command follow is the Lambda function that a schedule starts: it looks for what has
// changed in the DMS, and has the cases fetched again that say otherwise.
package main

import (
	"related-ro/pkg/boot"
	"related-ro/pkg/boot/follow"
)

func main() { boot.Start("follow", follow.Build) }
