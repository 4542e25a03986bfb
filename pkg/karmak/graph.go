package karmak

import (
	"cmp"
	"slices"
	"strings"

	"related-ro/pkg/relatedro"
)

// maxFamily is the maximum number of ROs in a family. Real families have a handful, and a thousand
// would not fit next to a case. maxRounds is the maximum number of steps within a family.
const (
	maxFamily = 2000
	maxRounds = 100
)

// graph holds the known ROs of a connection and which was made from which. Its keys are canonical
// numbers.
type graph struct {
	oneBranch bool // the connection names a branch, so a number identifies one RO

	rows     map[string]row
	names    map[string]string   // numbers as Karmak writes them, including ROs without a row
	children map[string][]string // its spinoffs
	twins    map[string]bool     // numbers that exist at several branches

	headed   map[string]bool // its row was looked up
	expanded map[string]bool // its spinoffs were looked up
	hubs     map[string]bool // it has more than maxFamily spinoffs
	edges    map[string]bool // first or last of a page, so a twin's row may be missing
	broken   map[string]*relatedro.Failure
}

func newGraph(oneBranch bool) *graph {
	return &graph{
		oneBranch: oneBranch,
		rows:      map[string]row{}, names: map[string]string{}, children: map[string][]string{}, twins: map[string]bool{},
		headed: map[string]bool{}, expanded: map[string]bool{}, hubs: map[string]bool{}, edges: map[string]bool{},
		broken: map[string]*relatedro.Failure{},
	}
}

func (g *graph) add(r row) {
	number, parent := relatedro.CanonicalRO(string(r.RONumber)), relatedro.CanonicalRO(string(r.OriginalRONumber))
	if known, ok := g.rows[number]; !ok {
		g.rows[number] = r
	} else if known.Branch != r.Branch && !g.oneBranch {
		g.twins[number] = true
	}
	g.names[number] = string(r.RONumber)
	if r.originUnread {
		g.broken[number] = failure(relatedro.UnexpectedAnswer, "an original's number could not be read")
	}
	if parent == "" || parent == number {
		return
	}
	if !g.has(parent) { // as Karmak writes it, even if another spelling was known
		g.names[parent] = string(r.OriginalRONumber)
	}
	if !slices.Contains(g.children[parent], number) {
		g.children[parent] = append(g.children[parent], number)
	}
}

// has reports whether the number's row is known.
func (g *graph) has(number string) bool {
	_, ok := g.rows[relatedro.CanonicalRO(number)]
	return ok
}

// edge schedules a second look-up of numbers at the boundary between two pages. The rows of one
// number come in any order, so the row of another branch may be missing.
func (g *graph) edge(numbers ...string) {
	for _, n := range numbers {
		if n = relatedro.CanonicalRO(n); !g.oneBranch && !g.edges[n] {
			g.edges[n] = true
			delete(g.headed, n)
		}
	}
}

// parent returns the number's original, or "" if it has none.
func (g *graph) parent(number string) string {
	parent := relatedro.CanonicalRO(string(g.rows[number].OriginalRONumber))
	if parent == number {
		return ""
	}
	return parent
}

// members returns the number and every number known to be related to it. It returns false if there
// are more than a family may have.
func (g *graph) members(number string) ([]string, bool) {
	found := []string{number}
	seen := map[string]bool{number: true}
	visit := func(n string) {
		if n != "" && !seen[n] {
			seen[n] = true
			found = append(found, n)
		}
	}
	for i := 0; i < len(found); i++ {
		if len(found) > maxFamily || g.hubs[found[i]] {
			return nil, false
		}
		visit(g.parent(found[i]))
		for _, child := range g.children[found[i]] {
			visit(child)
		}
	}
	return found, true
}

// open returns the numbers of the number's family whose rows are still to be looked up, and those
// whose spinoffs are. A failed family has none.
func (g *graph) open(number string) (headers, spinoffs []string) {
	if g.failure(number) != nil {
		return nil, nil
	}
	members, _ := g.members(number)
	for _, n := range members {
		if !askable(g.names[n]) {
			continue // listed, but cannot be looked up
		}
		if !g.headed[n] && g.unsure(n) {
			headers = append(headers, n)
		}
		if !g.expanded[n] {
			spinoffs = append(spinoffs, n)
		}
	}
	return headers, spinoffs
}

// unsure reports whether the number's row is unknown. Without a branch, it also reports true if the
// number has a spinoff at another branch, which may be a twin's, or if a page ended at the number.
func (g *graph) unsure(number string) bool {
	r, ok := g.rows[number]
	if !ok || g.oneBranch || g.edges[number] {
		return !ok || g.edges[number]
	}
	return slices.ContainsFunc(g.children[number], func(child string) bool { return g.rows[child].Branch != r.Branch })
}

// failure returns the failure of the number's family, or nil if it has none so far.
func (g *graph) failure(number string) *relatedro.Failure {
	if !g.has(number) && g.headed[number] && g.broken[number] == nil {
		return failure(relatedro.RONotFound, "no row of this RO number")
	}
	members, ok := g.members(number)
	if !ok {
		return failure(relatedro.FamilyTooLarge, "the family is too large")
	}
	for _, n := range members {
		if f := g.broken[n]; f != nil {
			return f
		}
	}
	if slices.ContainsFunc(members, func(n string) bool { return g.twins[n] }) {
		return failure(relatedro.AmbiguousBranch, "an RO number of the family is at several branches")
	}
	return nil
}

// family returns the number's family. Call it after the last round.
func (g *graph) family(number string) relatedro.Family {
	if f := g.failure(number); f != nil {
		return relatedro.Family{Failure: f}
	}
	if headers, spinoffs := g.open(number); len(headers)+len(spinoffs) > 0 {
		return relatedro.Family{Failure: failure(relatedro.FamilyTooLarge, "the family reaches too far")}
	}
	members, _ := g.members(number)
	ancestors := g.ancestors(number)
	related := make([]relatedro.RelatedRO, 0, len(members)-1)
	billed := []relatedro.Customer{g.rows[number].customer()}
	for _, n := range members[1:] {
		if r, ok := g.rows[n]; ok && !bool(r.IsVoided) {
			billed = append(billed, r.customer())
		}
		ro := g.shown(n)
		switch parent := g.parent(n); {
		case ancestors[n]:
			ro.Relation = relatedro.Original
		case parent == number:
			ro.Relation = relatedro.Alternate
		case ancestors[parent]:
			ro.Relation = relatedro.Sibling
		default:
			ro.Relation = relatedro.Descendant
		}
		related = append(related, ro)
	}
	slices.SortFunc(related, func(a, b relatedro.RelatedRO) int { return compareNumbers(a.RO, b.RO) })
	return relatedro.Family{Own: g.shown(number), Related: related, Billed: billed}
}

// shown returns one RO without its relation.
func (g *graph) shown(number string) relatedro.RelatedRO {
	if r, ok := g.rows[number]; ok {
		return r.related()
	}
	return relatedro.RelatedRO{RO: g.names[number]}
}

// ancestors returns the numbers that the number was made from, directly or indirectly. It leaves
// out the number itself if the data runs in a circle.
func (g *graph) ancestors(number string) map[string]bool {
	found := map[string]bool{}
	for n := g.parent(number); n != "" && n != number && !found[n]; n = g.parent(n) {
		found[n] = true
	}
	return found
}

// compareNumbers orders shorter numbers first, then by character, so digits sort by value.
func compareNumbers(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// unique returns the numbers sorted, without duplicates.
func unique(numbers []string) []string {
	slices.SortFunc(numbers, compareNumbers)
	return slices.Compact(numbers)
}
