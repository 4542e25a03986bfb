package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
)

// A cursor contains the sort key where a page ended, a hash of the request that produced the list,
// and a checksum. It contains no partition key and no secret: the partition comes from the
// authorized request, and the store rejects a sort key outside the list. A forged cursor therefore
// returns only items of the same list, and the hashes only need to detect mistakes.
const (
	scopeBytes    = 8
	checksumBytes = 4
	maxCursor     = 512 // characters; three times the longest sort key
)

// encodeCursor returns the cursor of a position in the list that r requests, or nil at the end of
// the list.
func encodeCursor(r *request, position string) *string {
	if position == "" {
		return nil
	}
	raw := append(scopeOf(r), position...)
	raw = append(raw, checksum(raw)...)
	s := base64.RawURLEncoding.EncodeToString(raw)
	return &s
}

// position returns the position at which the requested page begins; "" is the start of the list.
func (r *request) position() (string, error) {
	cursor, given := r.query("cursor")
	if !given {
		return "", nil
	}
	return decodeCursor(r, cursor)
}

// decodeCursor returns the position in a cursor that encodeCursor created for the same request.
func decodeCursor(r *request, cursor string) (string, error) {
	malformed := invalid("cursor", "is not a cursor of this list")
	if len(cursor) > maxCursor {
		return "", malformed
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= scopeBytes+checksumBytes {
		return "", malformed
	}
	signed, sum := raw[:len(raw)-checksumBytes], raw[len(raw)-checksumBytes:]
	if !slices.Equal(sum, checksum(signed)) || !slices.Equal(signed[:scopeBytes], scopeOf(r)) {
		return "", malformed
	}
	return string(signed[scopeBytes:]), nil
}

// scopeOf returns a hash of the route, the path parameters and the query parameters except the
// cursor.
func scopeOf(r *request) []byte {
	parts := []string{r.route.key()}
	for _, parameters := range []map[string]string{r.event.PathParameters, r.event.QueryStringParameters} {
		for _, name := range slices.Sorted(maps.Keys(parameters)) {
			if name != "cursor" {
				parts = append(parts, name, parameters[name])
			}
		}
		parts = append(parts, "")
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return sum[:scopeBytes]
}

func checksum(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:checksumBytes]
}
