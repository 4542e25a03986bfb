package dynamo

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"related-ro/pkg/relatedro"
)

// maxPast is the most bytes that a case's history takes. Fifty retrievals that each name one RO
// take half of it. Each write of the case pays for the history twice, because the asset index also
// holds it.
const maxPast = 4 << 10

// pastJSON is one retrieval in a case's history, short but still readable. The history is a single
// text attribute: a list of maps would cost every reader its decoding.
type pastJSON struct {
	At       int64             `json:"at"`           // seconds since 1970, like To
	To       int64             `json:"to,omitempty"` // if there were several
	Times    int               `json:"n,omitempty"`  // if there were several
	Trigger  relatedro.Trigger `json:"by"`
	Outcome  relatedro.Outcome `json:"was,omitempty"` // empty means ok
	Reason   relatedro.Reason  `json:"why,omitempty"`
	Added    []string          `json:"add,omitempty"`
	Invoiced []string          `json:"inv,omitempty"`
	Voided   []string          `json:"void,omitempty"`
	Changed  []string          `json:"chg,omitempty"`
	Gone     []string          `json:"gone,omitempty"`
	More     *[pastKinds]int   `json:"more,omitempty"` // counts of unnamed ROs by kind
}

const pastKinds = 5

// kinds returns the RO numbers of a retrieval and their fields in pastJSON, both in the same order
// of kinds.
func (j *pastJSON) kinds(p *relatedro.PastRetrieval) (stored [pastKinds]*[]string, numbers [pastKinds]*relatedro.Numbers) {
	return [pastKinds]*[]string{&j.Added, &j.Invoiced, &j.Voided, &j.Changed, &j.Gone},
		[pastKinds]*relatedro.Numbers{&p.Added, &p.Invoiced, &p.Voided, &p.Changed, &p.Gone}
}

// encodePast returns a history as text, without the oldest retrievals if it would exceed maxPast.
// An empty history gives "".
func encodePast(past []relatedro.PastRetrieval) string {
	var kept []string
	size := len("[]")
	for _, p := range slices.Backward(past) {
		text, err := json.Marshal(jsonOfPast(p))
		if err != nil {
			panic(err) // impossible: only texts and numbers
		}
		if size += len(text) + len(","); size > maxPast {
			break
		}
		kept = append(kept, string(text))
	}
	if len(kept) == 0 {
		return ""
	}
	slices.Reverse(kept)
	return "[" + strings.Join(kept, ",") + "]"
}

func jsonOfPast(p relatedro.PastRetrieval) pastJSON {
	j := pastJSON{At: p.At.Unix(), Trigger: p.Trigger, Reason: p.Reason}
	if p.Outcome != relatedro.OutcomeOK {
		j.Outcome = p.Outcome
	}
	if !p.LastAt.Equal(p.At) {
		j.To = p.LastAt.Unix()
	}
	if p.Times > 1 {
		j.Times = p.Times
	}
	var more [pastKinds]int
	stored, numbers := j.kinds(&p)
	for i, n := range numbers {
		*stored[i], more[i] = n.Named, n.More
	}
	if more != [pastKinds]int{} {
		j.More = &more
	}
	return j
}

func pastFrom(r *reader) []relatedro.PastRetrieval {
	text := r.text(attrPast)
	if text == "" {
		return nil
	}
	var stored []pastJSON
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		r.fail(attrPast)
		return nil
	}
	past := make([]relatedro.PastRetrieval, len(stored))
	for i, j := range stored {
		past[i] = pastOf(j)
	}
	return past
}

func pastOf(j pastJSON) relatedro.PastRetrieval {
	began := time.Unix(j.At, 0).UTC()
	p := relatedro.PastRetrieval{
		At: began, LastAt: began, Times: max(j.Times, 1), Trigger: j.Trigger, Outcome: relatedro.OutcomeOK, Reason: j.Reason,
	}
	if j.To > 0 {
		p.LastAt = time.Unix(j.To, 0).UTC()
	}
	if j.Outcome != "" {
		p.Outcome = j.Outcome
	}
	stored, numbers := j.kinds(&p)
	for i, n := range numbers {
		n.Named = *stored[i]
		if j.More != nil {
			n.More = j.More[i]
		}
	}
	return p
}
