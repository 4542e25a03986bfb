package dynamo

import (
	"cmp"
	"strings"
	"time"

	"related-ro/pkg/relatedro"
)

// Key attributes of the table and its index.
const (
	attrPK     = "PK"
	attrSK     = "SK"
	attrGSI1PK = "GSI1PK"
	attrGSI1SK = "GSI1SK"
	indexGSI1  = "GSI1"
)

// Sort keys and their prefixes. Identifiers and RO numbers never contain '#', so an identifier
// cannot form part of another item's key.
const (
	skSettings   = "SETTINGS"
	skActivation = "ACTIVATION"
	skChecked    = "CHECKED"
	skState      = "STATE"
	prefixAudit  = "AUDIT#"
	prefixCase   = "CASE#"
	prefixLink   = "RO#"
	infixCase    = "#CASE#"
)

// key is a primary key.
type key struct{ pk, sk string }

// String returns the partition key and the sort key, separated by a space.
func (k key) String() string { return k.pk + " " + k.sk }

func (k key) item() item { return item{attrPK: text(k.pk), attrSK: text(k.sk)} }

func keyOf(m item) key {
	r := reader{item: m}
	return key{r.text(attrPK), r.text(attrSK)}
}

func partition(location string) string { return "LOC#" + location }

func settingsKey(location string) key   { return key{partition(location), skSettings} }
func activationKey(location string) key { return key{partition(location), skActivation} }

func auditKey(location string, saved time.Time, id string) key {
	return key{partition(location), prefixAudit + formatTime(saved) + "#" + id}
}

func caseKey(k relatedro.CaseKey) key { return key{partition(k.Location), prefixCase + k.Case} }

// occasionKey returns LOC#{location} with a sort key such as VERIFY, or REFRESH#{case} if the
// occasion has a case.
func occasionKey(t relatedro.Occasion) key {
	k := key{partition(t.Location), string(t.Kind)}
	if t.Case != "" {
		k.sk += "#" + t.Case
	}
	return k
}

func linkKey(k relatedro.CaseKey, ro string) key {
	return key{partition(k.Location), prefixLink + ro + infixCase + k.Case}
}

// openPartition is the index partition that holds the own ROs of cases with an open family.
func openPartition(location string) string { return partition(location) + "#OPEN" }

// warrantyPartition is the index partition that holds the links to open warranty ROs.
func warrantyPartition(location string) string { return partition(location) + "#WARRANTY" }

// unknownDay replaces an opening date in the index when the DMS gives none.
const unknownDay = "0000-00-00"

// warrantySort orders open warranty ROs by opening day, then by number. When several cases link to
// one RO, the link of the case whose own RO it was made from comes first.
func warrantySort(l relatedro.Link) string {
	ro, rank := l.Warranty.RO, "1"
	if ro.Relation == relatedro.Alternate {
		rank = "0"
	}
	return cmp.Or(ro.OpenedOn(), unknownDay) + "#" + l.RO + "#" + rank + "#" + l.Key.Case
}

// roOf returns the day and RO from the beginning of a warrantySort key.
func roOf(sk string) string {
	day, rest, _ := strings.Cut(sk, "#")
	ro, _, _ := strings.Cut(rest, "#")
	return day + "#" + ro
}

func checkedKey(location string) key { return key{partition(location), skChecked} }

// followedKey has no location: one connection may serve several. A branch comes last, as
// it alone may hold a '#'. A kind comes before the account, with a ':', which neither holds.
func followedKey(connection relatedro.Connection) key {
	account := connection.Account
	if connection.Kind != "" {
		account = connection.Kind + ":" + account
	}
	return key{"FOLLOW#" + account + "#" + connection.User + "#" + connection.Branch, skState}
}

func assetPartition(location, asset string) string { return partition(location) + "#ASSET#" + asset }

func assetSort(firstEventAt time.Time, id string) string {
	return formatTime(firstEventAt) + infixCase + id
}

// location returns the location in an item's partition key.
func (k key) location() string { return strings.TrimPrefix(k.pk, "LOC#") }

// caseOf returns the case at the end of the sort key of a case, a link or an asset index entry.
func caseOf(sk string) string { return sk[strings.LastIndexByte(sk, '#')+1:] }

func compareKeys(a, b key) int {
	return cmp.Or(strings.Compare(a.pk, b.pk), strings.Compare(a.sk, b.sk))
}
