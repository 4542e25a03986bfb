package karmak

import (
	"net/url"
	"strconv"
	"strings"

	"related-ro/pkg/relatedro"
)

const (
	viewPath   = "/api/unity/v1/unityapi/frw/"
	statusPath = "/api/unity/v1/unityapi/System/System/Status"
	tokenPath  = "/auth/connect/token"

	headerView   = "RepairOrderHeader"
	numberColumn = "RONumber"
	originColumn = "OriginalRONumber"
)

// maxURL is the longest URL that servers and proxies are sure to take. The last
// characters are left for a page number that grows.
const maxURL = 2000 - len("99999")

// query is a look-up of rows whose column is one of the numbers, at the branch
// unless that is empty.
type query struct {
	kind    CallKind
	column  string
	numbers []string // each askable
	branch  string   // checkBranch has passed it
	size    int      // rows a page
}

// url returns the look-up's URL for a page, counted from 1. Sorting by every
// column that tells rows apart keeps pages stable; the asked column comes first, so
// that a number's rows stand together.
func (q query) url(base string, page int) string {
	return q.urlWithout(base, strings.Join(q.numbers, "|")) + strconv.Itoa(page)
}

func (q query) urlWithout(base, numbers string) string {
	filter := q.column + "[IN]" + numbers
	if q.branch != "" {
		filter += ",Branch[EQ]" + q.branch
	}
	sort := numberColumn + ",Branch"
	if q.column != numberColumn {
		sort = q.column + "," + sort
	}
	return base + viewPath + headerView +
		"?filter=" + encode(filter) +
		"&select=" + encode(columns()) +
		"&sort=" + encode(sort) +
		"&pagesize=" + strconv.Itoa(q.size) +
		"&page="
}

// encode is URL encoding with %20 for a space, which every server understands.
func encode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// cut returns the query in parts whose URLs all keep within maxURL.
func (q query) cut(base string) []query {
	room := maxURL - len(q.urlWithout(base, ""))
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

// askable reports whether a number may stand in a filter. The filter language has
// no escape, and reads NULL as a word.
func askable(number string) bool {
	return relatedro.CheckRO("", number) == nil && number != "NULL"
}

// maxBranch bounds a branch, so that at least one number fits beside it. Encoded it
// may be three times as long.
const maxBranch = 64

// branchAskable is askable for a branch, which may be of any printable ASCII but
// what the filter language is made of. Empty stands for no branch.
func branchAskable(branch string) bool {
	if len(branch) > maxBranch || branch == "NULL" || strings.TrimSpace(branch) != branch {
		return false
	}
	return !strings.ContainsFunc(branch, func(r rune) bool {
		return r < ' ' || r > '~' || strings.ContainsRune(",|[]", r)
	})
}
