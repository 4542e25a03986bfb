package karmak

import (
	"net/url"
	"strconv"
	"strings"

	"related-ro/pkg/relatedro"
)

const (
	tokenPath       = "/auth/connect/token"
	unityPath       = "/api/unity/v1/unityapi/"
	statusPath      = unityPath + "System/Status"
	olderStatusPath = unityPath + "System/System/Status"
	branchPath      = unityPath + "Branch"
	unityViews      = unityPath + "frw/"
	reportDataPath  = "/ops/DataAccess/Frw/"
	headerView      = "RepairOrderHeader"
	taskView        = "RepairOrderTask"

	numberColumn    = "RONumber"
	originColumn    = "OriginalRONumber"
	chargesColumn   = "TotalROCharges"
	alternateColumn = "AlternateBillingCustomer"
)

// Rows on a page. Karmak asks for pages of 100 to 500. smallPage is used after a 408.
const (
	pageSize  = 500
	smallPage = 100
)

// maxURL is the length of URL that every server and proxy accepts, less room for a page number that
// grows.
const maxURL = 2000 - len("99999")

// query is a look-up of the rows whose column has one of the numbers, filtered by branch if branch
// is not empty.
type query struct {
	kind    CallKind
	column  string
	numbers []string // each askable
	branch  string   // valid by branchAskable
	size    int      // rows on a page
	part    bool     // see request
}

// url returns the URL of a page, counted from 1. views is the base address of the views. The URL
// has no sort, because Karmak asks clients not to burden the dealer's database with it.
func (q query) url(views string, page int) string {
	return q.urlWithout(views, strings.Join(q.numbers, "|")) + strconv.Itoa(page)
}

func (q query) urlWithout(views, numbers string) string {
	filter := atBranch(q.column+"[IN]"+numbers, q.branch)
	if q.kind == CallTasks {
		return lookupURL(views+taskView, filter+","+alternateColumn+"[NE]NULL", taskColumns, q.size)
	}
	return lookupURL(views+headerView, filter, headerColumns, q.size)
}

// atBranch adds the branch, if there is one, to the filter.
func atBranch(filter, branch string) string {
	if branch == "" {
		return filter
	}
	return strings.TrimPrefix(filter+",Branch[EQ]"+branch, ",")
}

// lookupURL returns the URL of a look-up in a view without its page number, which comes last. The
// filter may be empty.
func lookupURL(view, filter, selected string, size int) string {
	if filter != "" {
		filter = "filter=" + encode(filter) + "&"
	}
	return view + "?" + filter + "select=" + encode(selected) + "&pagesize=" + strconv.Itoa(size) + "&page="
}

// encode URL-encodes s with %20 for a space, which every server understands.
func encode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// cut splits the query into parts whose URLs keep within maxURL. It uses the longer of the two
// faces' addresses, so that both faces cost the same number of look-ups.
func (q query) cut(base string) []query {
	room := maxURL - len(q.urlWithout(base+unityViews, ""))
	var parts []query
	for first, i, used := 0, 0, 0; i < len(q.numbers); i++ {
		need := len(q.numbers[i]) + len("%7C")
		used += need
		last := i == len(q.numbers)-1
		if !last && used+len(q.numbers[i+1])+len("%7C") <= room {
			continue
		}
		part := q
		part.numbers = q.numbers[first : i+1]
		parts = append(parts, part)
		first, used = i+1, 0
	}
	return parts
}

// less returns smaller queries for q, which failed: halves of its numbers, or, for a single number
// that took the server too long, a smaller page. It returns nil if q cannot be smaller.
func (q query) less(tooLong bool) []query {
	first := q
	first.part, first.size = true, pageSize
	switch half := len(q.numbers) / 2; {
	case half > 0:
		second := first
		first.numbers, second.numbers = q.numbers[:half], q.numbers[half:]
		return []query{first, second}
	case tooLong && !q.part:
		first.size = smallPage
		return []query{first}
	}
	return nil
}

// askable reports whether a filter can carry the number. The filter language has no escape, and
// treats NULL as a word.
func askable(number string) bool {
	return relatedro.CheckRO("", number) == nil && !strings.EqualFold(number, "NULL")
}

// byInteger splits the numbers into integers and others, which need separate look-ups: a column of
// integers may refuse the others.
func byInteger(numbers []string) (groups [2][]string) {
	for _, n := range numbers {
		i := 0
		if !isInteger(n) {
			i = 1
		}
		groups[i] = append(groups[i], n)
	}
	return groups
}

// isInteger reports whether a column of type int can hold the number.
func isInteger(number string) bool {
	_, err := strconv.ParseUint(number, 10, 31)
	return err == nil
}
