package relatedro_test

import (
	"testing"

	"related-ro/pkg/relatedro"
)

func TestCanonicalRO(t *testing.T) {
	for given, want := range map[string]string{
		"50124": "50124", "050124": "50124", "000": "0", "0": "0", "": "",
		"r50999": "R50999", "R50999": "R50999", "0r1": "0R1", "50-1": "50-1", "05-1": "05-1",
	} {
		if got := relatedro.CanonicalRO(given); got != want {
			t.Errorf("CanonicalRO(%q) = %q, want %q", given, got, want)
		}
	}
}
