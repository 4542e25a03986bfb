package httpapi

import (
	"bytes"
	"sort"
)

// weight is the size of a part of a body in bytes: on its own, and within Lambda's response.
type weight struct{ plain, payload int }

func weigh(encoded []byte) weight {
	escapes := bytes.Count(encoded, []byte{'"'}) + bytes.Count(encoded, []byte{'\\'})
	return weight{len(encoded), len(encoded) + escapes}
}

func (w weight) plus(o weight) weight  { return weight{w.plain + o.plain, w.payload + o.payload} }
func (w weight) minus(o weight) weight { return weight{w.plain - o.plain, w.payload - o.payload} }
func (w weight) fits() bool            { return w.plain <= maxResponse && w.payload <= maxPayload }

// cut shortens the longest lists of related ROs to one common length until the body fits, and marks
// their cases as truncated. encoded is the encoded body of all cases.
func cut(cases []*caseJSON, encoded []byte) error {
	rest := weigh(encoded)                // the body without any list
	sizes := make([][]weight, len(cases)) // of the first n related ROs of each case
	longest := 0
	for i, c := range cases {
		sizes[i] = make([]weight, len(c.RelatedROs)+1)
		for j, ro := range c.RelatedROs {
			one, err := encodeJSON(ro)
			if err != nil {
				return err
			}
			comma := weight{1, 1}
			sizes[i][j+1] = sizes[i][j].plus(weigh(one)).plus(comma)
		}
		rest = rest.minus(sizes[i][len(c.RelatedROs)])
		longest = max(longest, len(c.RelatedROs))
	}
	tooLong := sort.Search(longest, func(length int) bool {
		total := rest
		for _, w := range sizes {
			total = total.plus(w[min(length, len(w)-1)])
		}
		return !total.fits()
	})
	length := max(0, tooLong-1)
	for _, c := range cases {
		if len(c.RelatedROs) > length {
			c.RelatedROs, c.Truncated = c.RelatedROs[:length], true
		}
	}
	return nil
}
