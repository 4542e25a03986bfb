package dynamo

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// item is a DynamoDB item, or a map within one. Sparse: what is empty is left out, and
// what is missing reads as empty.
type item map[string]types.AttributeValue

// timeFormat is RFC 3339 in UTC with all nine digits of the fraction, so that times
// sort as text.
const timeFormat = "2006-01-02T15:04:05.000000000Z"

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
func formatTime(t time.Time) string         { return t.UTC().Format(timeFormat) }
func parseTime(s string) (time.Time, error) { return time.Parse(timeFormat, s) }

func (it item) putText(name, s string) {
	if s != "" {
		it[name] = text(s)
	}
}

func (it item) putTime(name string, t time.Time) {
	if !t.IsZero() {
		it[name] = text(formatTime(t))
	}
}

// putExpiry has DynamoDB delete the item at its leisure after a time; the zero time is
// never.
func (it item) putExpiry(t time.Time) {
	if !t.IsZero() {
		it[attrExpiresAt] = number(t.Unix())
	}
}

func (it item) putFlag(name string, yes bool) {
	if yes {
		it[name] = &types.AttributeValueMemberBOOL{Value: true}
	}
}

func (it item) putMap(name string, m item) {
	if len(m) > 0 {
		it[name] = &types.AttributeValueMemberM{Value: m}
	}
}

// reader reads the attributes of an item. It keeps the first thing that is not as this
// package writes it, to be asked for once at the end.
type reader struct {
	item item
	err  error
}

func (r *reader) text(name string) string {
	switch v := r.item[name].(type) {
	case nil:
	case *types.AttributeValueMemberS:
		return v.Value
	default:
		r.fail(name)
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
	switch v := r.item[name].(type) {
	case nil:
	case *types.AttributeValueMemberN:
		n, err := strconv.ParseInt(v.Value, 10, 64)
		if err == nil {
			return n
		}
		r.fail(name)
	default:
		r.fail(name)
	}
	return 0
}

func (r *reader) expiry() time.Time {
	if seconds := r.number(attrExpiresAt); seconds != 0 {
		return time.Unix(seconds, 0).UTC()
	}
	return time.Time{}
}

func (r *reader) bytes(name string) []byte {
	switch v := r.item[name].(type) {
	case nil:
	case *types.AttributeValueMemberB:
		return v.Value
	default:
		r.fail(name)
	}
	return nil
}

func (r *reader) flag(name string) bool {
	switch v := r.item[name].(type) {
	case nil:
	case *types.AttributeValueMemberBOOL:
		return v.Value
	default:
		r.fail(name)
	}
	return false
}

// nested returns what read makes of the map of that name, which may be empty.
func nested[T any](r *reader, name string, read func(*reader) T) T {
	inner := &reader{}
	switch v := r.item[name].(type) {
	case nil:
	case *types.AttributeValueMemberM:
		inner.item = v.Value
	default:
		r.fail(name)
	}
	made := read(inner)
	r.adopt(name, inner)
	return made
}

// nestedList returns what read makes of each map of the list of that name.
func nestedList[T any](r *reader, name string, read func(*reader) T) []T {
	values := r.values(name)
	if len(values) == 0 {
		return nil
	}
	made := make([]T, len(values))
	for i, v := range values {
		m, ok := v.(*types.AttributeValueMemberM)
		if !ok {
			r.fail(name)
			return nil
		}
		inner := &reader{item: m.Value}
		made[i] = read(inner)
		r.adopt(name, inner)
	}
	return made
}

func (r *reader) values(name string) []types.AttributeValue {
	switch v := r.item[name].(type) {
	case nil:
	case *types.AttributeValueMemberL:
		return v.Value
	default:
		r.fail(name)
	}
	return nil
}

func (r *reader) adopt(name string, inner *reader) {
	if r.err == nil && inner.err != nil {
		r.err = fmt.Errorf("%s: %w", name, inner.err)
	}
}

func (r *reader) fail(name string) {
	if r.err == nil {
		r.err = fmt.Errorf("attribute %s is not of the form this version writes", name)
	}
}
