package relatedro_test

import (
	"fmt"

	"related-ro/pkg/relatedro"
)

// Spellings of one RO number are equal in canonical form.
func ExampleCanonicalRO() {
	for _, number := range []string{"050124", "50124", "r50999", "05-1"} {
		fmt.Println(number, relatedro.CanonicalRO(number))
	}
	// Output:
	// 050124 50124
	// 50124 50124
	// r50999 R50999
	// 05-1 05-1
}
