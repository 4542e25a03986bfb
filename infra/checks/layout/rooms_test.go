package layout

import (
	"strings"
	"testing"
)

// The rooms below infra. The checks use the local stack, and the local stack uses the emulators,
// which know nothing of the product: they could be a module of their own.
func TestRoomsAreImportedInOneDirection(t *testing.T) {
	allowed := map[string][]string{
		"infra/emulators/": {"infra/emulators/"},
		"infra/local":      {"infra/emulators/", "infra/local", "pkg/"},
		"infra/contracts/": {},
		"infra/checks/":    {"infra/emulators/", "infra/local", "infra/checks/", "pkg/"},
	}
	for _, p := range packages(t) {
		if !strings.HasPrefix(p.path(), "infra/") {
			continue
		}
		room := ""
		for name := range allowed {
			if strings.HasPrefix(p.path(), name) {
				room = name
			}
		}
		if room == "" {
			t.Errorf("%s is in none of the rooms of infra", p.path())
			continue
		}
		for _, i := range p.own() {
			ok := false
			for _, prefix := range allowed[room] {
				ok = ok || strings.HasPrefix(i, prefix)
			}
			if !ok {
				t.Errorf("%s imports %s", p.path(), i)
			}
		}
	}
}
