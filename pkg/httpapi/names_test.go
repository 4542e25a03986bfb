package httpapi_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"related-ro/pkg/relatedro"
)

// TestNamesAreNotSplit uses tokens whose names, joined as API Gateway joins them, read like other
// names.
func TestNamesAreNotSplit(t *testing.T) {
	w := newWorld(t)
	list := func(names ...string) []string { return names }
	for name, c := range map[string]struct {
		roles, locations any
		path             string
		status           int
	}{
		"a role that ends in one":        {list("service_advisor", "customer support"), list("*"), deadLetters + "?queue=close", 403},
		"a role that begins with one":    {list("service_advisor", "support desk"), list("*"), deadLetters + "?queue=close", 403},
		"a role made of two":             {list("support administrator"), list("loc-100"), settingsPath, 403},
		"a role like an array":           {"[support]", list("loc-100"), settingsPath, 403},
		"a role like two":                {"[service_advisor support]", list("loc-100"), settingsPath, 403},
		"one that is known beside it":    {list("service_advisor", "customer support"), list("loc-100"), settingsPath, 200},
		"a location and everywhere":      {"support", list("loc-300 *"), settingsPath, 403},
		"a location that ends in ours":   {"support", list("north loc-100"), settingsPath, 403},
		"a location that begins with it": {"support", list("loc-100 north"), settingsPath, 403},
		"a location like an array":       {"support", "[loc-100]", settingsPath, 403},
		"everywhere like an array":       {"support", "[*]", settingsPath, 403},
		"a location with a tab":          {"support", list("loc-300\tloc-100"), settingsPath, 403},
		"a location with a comma":        {"support", list("loc-300,loc-100"), settingsPath, 403},
		"a location with quotes":         {"support", list(`"loc-100"`), settingsPath, 403},
		"ours beside a malformed one":    {"support", list("loc-100", "north loc-300"), settingsPath, 403},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.claiming(map[string]any{"sub": "user-7", "roles": c.roles, "locations": c.locations}).get(c.path)
			if r.status != c.status {
				t.Errorf("got status %d, want %d: %s", r.status, c.status, r.body)
			}
		})
	}
}

// TestOnlyWholeNamesGrant draws tokens with names that contain each other, spaces, brackets, commas
// and quotes, and checks that only a caller with the exact name has access.
func TestOnlyWholeNamesGrant(t *testing.T) {
	w := newWorld(t)
	piece := rapid.SampledFrom([]string{
		"support", "service_advisor", "administrator", "loc-100", "loc-300", "*", " ", "  ", "\t", ",", "[", "]", `"`, "'", "[]", "é",
		"\u00a0",
	})
	names := rapid.Custom(func(t *rapid.T) any {
		word := rapid.Custom(func(t *rapid.T) string {
			word := piece.Draw(t, "piece")
			for range rapid.IntRange(0, 2).Draw(t, "more") {
				word += rapid.SampledFrom([]string{"", " ", ",", "] ["}).Draw(t, "between") + piece.Draw(t, "piece")
			}
			return word
		})
		if rapid.Bool().Draw(t, "plain") {
			return word.Draw(t, "name")
		}
		return rapid.SliceOfN(word, 0, 4).Draw(t, "names")
	})
	contains := func(claim any, name string) bool {
		list, isArray := claim.([]string)
		return !isArray && claim == name || slices.Contains(list, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		roles, locations := names.Draw(t, "roles"), names.Draw(t, "locations")
		caller := w.claiming(map[string]any{"sub": "user-7", "roles": roles, "locations": locations})
		sees := contains(locations, "*") || contains(locations, "loc-100")
		known := contains(roles, string(relatedro.Support)) || contains(roles, string(relatedro.ServiceAdvisor)) ||
			contains(roles, string(relatedro.Administrator))
		if r := caller.get(settingsPath); r.status != 403 && (!known || !sees) {
			t.Errorf("settings: access granted, status %d: %s", r.status, r.body)
		}
		if r := caller.get(settingsPath + "/history"); r.status != 403 &&
			(!sees || !contains(roles, "support") && !contains(roles, "administrator")) {
			t.Errorf("history: access granted, status %d: %s", r.status, r.body)
		}
	})
}
