package karmak_test

import (
	"testing"

	"related-ro/pkg/karmak/karmaktest"
)

func TestUnchangedFamilyTakesTwoLookups(t *testing.T) {
	for name, test := range map[string]struct {
		known []string
		want  int
	}{
		"nothing known":         {nil, 3},
		"all known":             {[]string{"101", "102"}, 2},
		"known, and one more":   {[]string{"101"}, 3},
		"known, and one is not": {[]string{"101", "102", "777"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			sim := dealer(t, karmaktest.Config{}, karmaktest.RO{Number: "100"}, karmaktest.RO{Number: "101", Original: "100"},
				karmaktest.RO{Number: "102", Original: "100"})
			found, err := client(t, sim).Families(t.Context(), connection, []string{"100"}, test.known...)
			if err != nil || len(found["100"].Related) != 2 {
				t.Fatalf("%+v, %v", found, err)
			}
			expectLookups(t, sim, test.want)
		})
	}
}
