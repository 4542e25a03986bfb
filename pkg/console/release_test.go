package console

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

var hash = regexp.MustCompile(`-([0-9a-f]{10})\.`)

// build is either this build, or one with different content in every asset. The other build has
// different hashes in the assets' names and answers for them as this build does for its own.
type build struct{ other bool }

const none = "0123456789" // not the hash of any asset

// get returns an answer's status and content, with the build's own hashes.
func (b build) get(t *testing.T, p string) (status int, content string) {
	t.Helper()
	if !b.other {
		res := get(t, p, nil)
		return res.StatusCode, body(t, res)
	}
	p = hash.ReplaceAllStringFunc(p, func(h string) string {
		if own := reversed(h); strings.Contains(strings.Join(served(t), " "), own) {
			return own
		}
		return "-" + none + "." // an asset of this build, unknown to the other
	})
	res := get(t, p, nil)
	return res.StatusCode, hash.ReplaceAllStringFunc(body(t, res), reversed)
}

// reversed converts between this build's hashes and the other build's.
func reversed(h string) string {
	r := []byte(h)
	for i, j := 1, len(r)-2; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}

// TestPagesLoadWhileTwoBuildsAnswer loads the page, the elements and all files that they refer to,
// as a browser does while a tenth of the requests goes to a new build.
func TestPagesLoadWhileTwoBuildsAnswer(t *testing.T) {
	reference := regexp.MustCompile(`(?:\./|/console/|assets/)?([a-z-]+-[0-9a-f]{10}\.(?:js|css|svg))`)
	for i := range 80 {
		wanted, seen := []string{"/console/", "/console/related-ro.js", "/console/components.html"}, map[string]bool{}
		for len(wanted) > 0 {
			p := wanted[0]
			wanted = wanted[1:]
			status, content := build{rand.N(10) == 0}.get(t, p)
			if status != 200 {
				t.Fatalf("load %d: %s has status %d, want 200", i, p, status)
			}
			for _, m := range reference.FindAllStringSubmatch(content, -1) {
				if asset := "/console/assets/" + m[1]; !seen[asset] {
					seen[asset] = true
					wanted = append(wanted, asset)
				}
			}
		}
		if len(seen) < 5 {
			t.Fatalf("references found: %v, want at least 5", seen)
		}
	}
}

func TestAssetOfAnotherBuildIsNotKept(t *testing.T) {
	for _, name := range served(t) {
		// A part of the module works only with its own build.
		if !strings.HasPrefix(name, "assets/") || !hash.MatchString(name) {
			continue
		}
		want := get(t, "/console/"+name, nil)
		got := get(t, "/console/"+hash.ReplaceAllString(name, "-"+none+"."), nil)
		if got.StatusCode != 200 || body(t, got) != body(t, want) || got.Headers["cache-control"] != "no-store" {
			t.Errorf("%s: status %d, cache-control %q; want this build's asset with no-store", name, got.StatusCode,
				got.Headers["cache-control"])
		}
	}
	for _, p := range []string{"assets/other-" + none + ".js", "assets/console-" + none + ".map", "assets/console-.js",
		"assets/x/console-" + none + ".js"} {
		if res := get(t, "/console/"+p, nil); res.StatusCode != 404 {
			t.Errorf("%s has status %d, want 404", p, res.StatusCode)
		}
	}
}
