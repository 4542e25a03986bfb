package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
)

// A cursor holds where a page ended: the sort key, a hash of the request that the
// list is of, and a checksum. It holds no partition key and no secret: the
// partition is rebuilt from the authorized request, and the store refuses a sort
// key outside the list. So a forged one gets nothing that the list itself does not
// give, and the hashes only have to tell mistakes.
const (
	scopeBytes    = 8
	checksumBytes = 4
	maxCursor     = 512 // characters; the longest sort key takes a third of it
)

// encodeCursor returns the cursor of a position in the list that r asks for; nil at
// its end.
func encodeCursor(r *request, position string) *string {
	if position == "" {
		return nil
	}
	raw := append(scopeOf(r), position...)
	raw = append(raw, checksum(raw)...)
	s := base64.RawURLEncoding.EncodeToString(raw)
	return &s
}

// position returns where the list that r asks for goes on; "" is its start.
func (r *request) position() (string, error) {
	cursor, given := r.query("cursor")
	if !given {
		return "", nil
	}
	return decodeCursor(r, cursor)
}

// decodeCursor returns the position of a cursor that encodeCursor gave the same request.
func decodeCursor(r *request, cursor string) (string, error) {
	malformed := invalid(field{"cursor", "is not one that this list has given out"})
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

// scopeOf returns a hash of the route, the path and the query without its cursor.
func scopeOf(r *request) []byte {
	parts := []string{r.route.key()}
	for _, parameters := range []map[string]string{r.in.PathParameters, r.in.QueryStringParameters} {
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
