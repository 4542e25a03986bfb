package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// One dealer's Karmak does not answer while more and more batches hold messages of that dealer. Another dealer's event is
// fetched for meanwhile.
func TestSlowDealerSetsNobodyElsesPace(t *testing.T) {
	t.Parallel()
	slow, other := newShop(t), newShop(t)
	answering, answer := slow.gate()
	sys.karmak.add(t, func(r *http.Request) {
		if strings.Contains(r.URL.RawQuery, slow.ro) {
			answering()
		}
	})
	var ids []string
	for i := range 8 { // more batches than run at once
		id := slow.send(slow.event(fmt.Sprint("e", i), ofCase(fmt.Sprint("case-", i))))[0]
		eventually(t, func() string { return "message " + id + " is not received" }, func() bool { return sys.of(id).receives > 0 })
		ids = append(ids, id)
	}
	done := other.send(other.event("e1"))
	other.shows("exported", "ok", "e1", other.alt)
	other.settled(done...)
	if got := slow.reads("case-0"); strings.Contains(got, ", ok by ") {
		t.Errorf("the slow dealer's case reads %q, although nothing was answered", got)
	}
	answer()
	slow.settled(ids...)
	slow.nothingSetAside()
}
