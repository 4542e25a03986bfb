// Package readme finds the commands of a Markdown page. Its test runs the README's as written.
package readme

import "strings"

// Blocks returns the page's blocks of shell commands, in order.
func Blocks(page string) (blocks []string) {
	for _, rest := range strings.Split(page, "\n```sh\n")[1:] {
		block, _, _ := strings.Cut(rest, "\n```")
		blocks = append(blocks, block)
	}
	return blocks
}
