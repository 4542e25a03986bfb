package dynamo

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
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

// putExpiry lets DynamoDB delete the item some time after t, through the table's time to live. The
// zero time means never.
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

// reader reads the attributes of an item. The first attribute that does not have the form this
// package writes sets err; callers check it once at the end.
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

// nested calls read on the map called name and returns the result. A missing map reads as an empty
// one.
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

// nestedList calls read on each map in the list called name and returns the results.
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
