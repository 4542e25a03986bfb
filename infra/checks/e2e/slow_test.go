package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// One dealer's Karmak does not respond while more and more batches contain that dealer's messages.
// Another dealer's event must still be processed.
func TestSlowDealerSlowsNoOther(t *testing.T) {
	t.Parallel()
	slow, other := newShop(t), newShop(t)
	answering, answer := slow.gate()
	sys.karmak.add(t, func(r *http.Request) {
		if strings.Contains(r.URL.RawQuery, slow.ro) {
			answering()
		}
	})
	var ids []string
	for i := range 8 { // more batches than can run concurrently
		id := slow.send(slow.event(fmt.Sprint("e", i), ofCase(fmt.Sprint("case-", i))))[0]
		eventually(t, func() string { return "message " + id + " is not received" }, func() bool { return sys.history(id).receives > 0 })
		ids = append(ids, id)
	}
	done := other.send(other.event("e1"))
	other.shows("exported", "ok", "e1", other.alt)
	other.settled(done...)
	if got := slow.reads("case-0"); strings.Contains(got, ", ok by ") {
		t.Errorf("the slow dealer's case reads %q, although its Karmak did not respond", got)
	}
	answer()
	slow.settled(ids...)
	slow.nothingSetAside()
}
