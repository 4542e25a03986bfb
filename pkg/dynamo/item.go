package dynamo

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/pkg/relatedro"
)

// item is a DynamoDB item or a map nested in one. Empty values are left out, and missing attributes
// read as empty.
type item map[string]types.AttributeValue

// timeFormat is RFC 3339 in UTC with all nine fractional digits, so that times sort as text.
const timeFormat = "2006-01-02T15:04:05.000000000Z"

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
func formatTime(t time.Time) string         { return t.UTC().Format(timeFormat) }
func parseTime(s string) (time.Time, error) { return time.Parse(timeFormat, s) }

func (m item) putText(name, s string) {
	if s != "" {
		m[name] = text(s)
	}
}

func (m item) putTime(name string, t time.Time) {
	if !t.IsZero() {
		m[name] = text(formatTime(t))
	}
}

// putExpiry lets DynamoDB delete the item some time after t, through the table's time to live. The
// zero time means never.
func (m item) putExpiry(t time.Time) {
	if !t.IsZero() {
		m[attrExpiresAt] = number(t.Unix())
	}
}

func (m item) putFlag(name string, yes bool) {
	if yes {
		m[name] = &types.AttributeValueMemberBOOL{Value: true}
	}
}

// reader reads the attributes of an item. The first attribute that does not have the form this
// package writes sets err; callers check it once at the end.
type reader struct {
	item item
	err  error
}

// attribute returns the attribute called name. A missing attribute is not ok, and one of another
// type than T is an error too.
func attribute[T types.AttributeValue](r *reader, name string) (value T, ok bool) {
	stored, given := r.item[name]
	if value, ok = stored.(T); given && !ok {
		r.fail(name)
	}
	return value, ok
}

func (r *reader) text(name string) string {
	if v, ok := attribute[*types.AttributeValueMemberS](r, name); ok {
		return v.Value
	}
	return ""
}

func (r *reader) time(name string) time.Time {
	s := r.text(name)
	if s == "" {
		return time.Time{}
	}
	t, err := parseTime(s)
	if err != nil {
		r.fail(name)
	}
	return t
}

func (r *reader) number(name string) int64 {
	v, ok := attribute[*types.AttributeValueMemberN](r, name)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(v.Value, 10, 64)
	if err != nil {
		r.fail(name)
		return 0
	}
	return n
}

func (r *reader) expiry() time.Time {
	if seconds := r.number(attrExpiresAt); seconds != 0 {
		return time.Unix(seconds, 0).UTC()
	}
	return time.Time{}
}

func (r *reader) bytes(name string) []byte {
	if v, ok := attribute[*types.AttributeValueMemberB](r, name); ok {
		return v.Value
	}
	return nil
}

func (r *reader) flag(name string) bool {
	v, ok := attribute[*types.AttributeValueMemberBOOL](r, name)
	return ok && v.Value
}

func (r *reader) fail(name string) {
	if r.err == nil {
		r.err = fmt.Errorf("attribute %s: %w", name, relatedro.ErrUnreadable)
	}
}
