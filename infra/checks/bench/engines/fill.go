package engines

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
)

// Filling puts copies of items into Table: Count copies of each of Items. In each copy, Token is
// replaced by the copy's number, counted from 0, and Group by a tenth of it, both padded to the
// width of the text replaced. The copies of an item are put in the order of their numbers, so that
// keys arrive in order.
type Filling struct {
	Table        string
	Items        []json.RawMessage // in DynamoDB's JSON
	Token, Group string            // digits
	Count        int
}

// perWrite is the maximum number of items per BatchWriteItem.
const perWrite = 25

func (f Filling) into(engine http.Handler) error {
	for _, item := range f.Items {
		for begin := 0; begin < f.Count; begin += perWrite {
			if err := f.write(engine, string(item), begin, min(begin+perWrite, f.Count)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f Filling) write(engine http.Handler, item string, begin, end int) error {
	var body bytes.Buffer
	fmt.Fprintf(&body, `{"RequestItems":{%q:[`, f.Table)
	for n := begin; n < end; n++ {
		if n > begin {
			body.WriteByte(',')
		}
		numbers := strings.NewReplacer(f.Token, digits(n, f.Token), f.Group, digits(n/10, f.Group))
		fmt.Fprintf(&body, `{"PutRequest":{"Item":%s}}`, numbers.Replace(item))
	}
	body.WriteString(`]}}`)

	request := httptest.NewRequest(http.MethodPost, "/", &body)
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810.BatchWriteItem")
	answer := httptest.NewRecorder()
	engine.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK {
		return fmt.Errorf("fill from %d: status %d: %s", begin, answer.Code, answer.Body)
	}
	return nil
}

// digits formats n with leading zeros in the width of token.
func digits(n int, token string) string { return fmt.Sprintf("%0*d", len(token), n) }
