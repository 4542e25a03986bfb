package httpapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"related-ro/pkg/relatedro"
)

// longCase returns a case with n related ROs billed to billTo.
func longCase(n int, billTo string) *caseJSON {
	shown := relatedro.Shown{Case: relatedro.Case{RO: "50", Related: make([]relatedro.RelatedRO, n)}}
	for i := range shown.Related {
		shown.Related[i] = relatedro.RelatedRO{RO: fmt.Sprint(i), BillTo: billTo}
	}
	return caseOf(shown)
}

func TestAnswerThatIsTooLargeIsCut(t *testing.T) {
	for name, billTo := range map[string]string{
		"plain names":                  "Northern Freight Lines of Upper Michigan",
		"names that escapes make long": strings.Repeat(`<">\`, 12),
		"long names":                   strings.Repeat("x", 2000),
	} {
		t.Run(name, func(t *testing.T) {
			lengths := []int{3, 0, 40_000, 9_000, 100}
			page := casePage{}
			for _, n := range lengths {
				page.Cases = append(page.Cases, longCase(n, billTo))
			}
			a := response{status: 200, body: page}
			if err := a.encode(""); err != nil {
				t.Fatal(err)
			}
			payload, err := a.payload("id")
			if err != nil {
				t.Fatal(err)
			}
			var out events.APIGatewayV2HTTPResponse
			if err := json.Unmarshal(payload, &out); err != nil || out.Body != string(a.encoded)+"\n" {
				t.Errorf("the body in Lambda's response differs from the encoded body; error %v", err)
			}
			if len(a.encoded) > maxResponse || len(payload) > 6<<20 {
				t.Errorf("response exceeds the limit: %d bytes, %d in Lambda's response", len(a.encoded), len(payload))
			}
			if len(a.encoded) < maxResponse*9/10 && len(payload) < maxPayload*9/10 {
				t.Errorf("response cut more than needed: %d bytes, %d in Lambda's response", len(a.encoded), len(payload))
			}
			longest := 0
			for i, c := range page.Cases {
				longest = max(longest, len(c.RelatedROs))
				if cutShort := len(c.RelatedROs) < lengths[i]; c.RelatedCount != lengths[i] || c.Truncated != cutShort {
					t.Errorf("case %d: %d of %d related ROs, truncated %t", i, len(c.RelatedROs), c.RelatedCount, c.Truncated)
				}
			}
			for i, c := range page.Cases {
				if c.Truncated && len(c.RelatedROs) != longest {
					t.Errorf("case %d is cut to %d related ROs, but another case has %d", i, len(c.RelatedROs), longest)
				}
			}
		})
	}
}

func TestAnswerThatFitsIsNotCut(t *testing.T) {
	page := casePage{Cases: []*caseJSON{longCase(20_000, "Northern Freight")}}
	a := response{status: 200, body: page}
	if err := a.encode(""); err != nil {
		t.Fatal(err)
	}
	if c := page.Cases[0]; c.Truncated || len(c.RelatedROs) != 20_000 {
		t.Errorf("%d related ROs, truncated %t, %d bytes", len(c.RelatedROs), c.Truncated, len(a.encoded))
	}
}

func TestEveryKindOfAnswerCanBeCut(t *testing.T) {
	huge := longCase(60_000, "Northern Freight")
	for name, body := range map[string]listing{
		"one case": huge,
		"page":     casePage{Cases: []*caseJSON{huge}},
		"batch":    batchJSON{Cases: []any{foundCase{true, huge}}, found: []*caseJSON{huge}},
		"matches":  matchPage{Matches: []matchJSON{{Case: huge}}},
	} {
		huge.RelatedROs, huge.Truncated = longCase(60_000, "Northern Freight").RelatedROs, false
		a := response{status: 200, body: body}
		if err := a.encode(""); err != nil {
			t.Fatal(err)
		}
		if !weigh(a.encoded).fits() || !huge.Truncated {
			t.Errorf("%s: %d bytes, truncated %t", name, len(a.encoded), huge.Truncated)
		}
	}
}
