package sqsengine

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Names of queue attributes that affect the engine.
const (
	attrDelay        = "DelaySeconds"
	attrMaximumSize  = "MaximumMessageSize"
	attrRetention    = "MessageRetentionPeriod"
	attrWait         = "ReceiveMessageWaitTimeSeconds"
	attrVisibility   = "VisibilityTimeout"
	attrRedrive      = "RedrivePolicy"
	attrRedriveAllow = "RedriveAllowPolicy"
	attrSSE          = "SqsManagedSseEnabled"
	attrPolicy       = "Policy"
)

// numericAttributes holds the range and the default of each numeric attribute, from the API
// reference of SetQueueAttributes.
var numericAttributes = map[string]struct{ min, max, normal int }{
	attrDelay:       {0, maxDelaySeconds, 0},
	attrMaximumSize: {1 << 10, MaxMessageBytes, MaxMessageBytes},
	attrRetention:   {60, 14 * 86_400, 4 * 86_400},
	attrWait:        {0, 20, 0},
	attrVisibility:  {0, maxVisibilitySeconds, 30},
}

// queueAttributes holds the attributes of a queue that can be set. A value is immutable; change
// returns a new one.
type queueAttributes struct {
	numbers map[string]int
	texts   map[string]string // in the format that GetQueueAttributes returns
	redrive *redrivePolicy    // nil if there is none
	allow   redriveAllowPolicy
}

// redrivePolicy holds the dead-letter queue and the number of receives after which a message moves
// there.
type redrivePolicy struct {
	TargetARN string `json:"deadLetterTargetArn"`
	MaxCount  int    `json:"maxReceiveCount"`
}

// target returns the name of the dead-letter queue.
func (p *redrivePolicy) target() string { return p.TargetARN[strings.LastIndex(p.TargetARN, ":")+1:] }

// redriveAllowPolicy restricts the queues that may use this one as their dead-letter queue.
type redriveAllowPolicy struct {
	Permission string   `json:"redrivePermission"`
	SourceARNs []string `json:"sourceQueueArns,omitempty"`
}

// allows reports whether the queue may be a source.
func (p redriveAllowPolicy) allows(sourceARN string) bool {
	switch p.Permission {
	case "denyAll":
		return false
	case "byQueue":
		return slices.Contains(p.SourceARNs, sourceARN)
	default:
		return true
	}
}

// defaultAttributes returns the attributes of a queue that was created without any.
func defaultAttributes() queueAttributes {
	a := queueAttributes{numbers: map[string]int{}, texts: map[string]string{attrSSE: "true"}}
	for name, spec := range numericAttributes {
		a.numbers[name] = spec.normal
	}
	return a
}

// seconds returns a numeric attribute as a duration.
func (a queueAttributes) seconds(name string) time.Duration {
	return time.Duration(a.numbers[name]) * time.Second
}

// get returns an attribute in the format of GetQueueAttributes, or "" if it is not set.
func (a queueAttributes) get(name string) string {
	if n, ok := a.numbers[name]; ok {
		return strconv.Itoa(n)
	}
	return a.texts[name]
}

// change returns a copy of the attributes with the changes applied. An empty value removes an
// attribute. It returns InvalidAttributeName, InvalidAttributeValue or InvalidParameterValue as SQS
// does.
func (a queueAttributes) change(changes map[string]string) (queueAttributes, *Error) {
	a.numbers, a.texts = maps.Clone(a.numbers), maps.Clone(a.texts)
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		if err := a.set(name, changes[name]); err != nil {
			return a, err
		}
	}
	maps.DeleteFunc(a.texts, func(_, value string) bool { return value == "" })
	return a, nil
}

// set sets one attribute in place.
func (a *queueAttributes) set(name, value string) *Error {
	if spec, ok := numericAttributes[name]; ok {
		n, err := strconv.Atoi(value)
		if err != nil || n < spec.min || n > spec.max {
			return invalidAttribute(name)
		}
		a.numbers[name] = n
		return nil
	}
	switch name {
	case attrRedrive:
		return a.setRedrive(value)
	case attrRedriveAllow:
		return a.setRedriveAllow(value)
	case attrPolicy:
		if value != "" && !json.Valid([]byte(value)) {
			return invalidAttribute(name)
		}
	case attrSSE:
		if value != "true" && value != "false" {
			return invalidAttribute(name)
		}
	default: // a key of KMS; on AWS, too, FifoQueue and similar attributes are unknown to a standard queue
		return unknownAttribute(name)
	}
	a.texts[name] = value
	return nil
}

func (a *queueAttributes) setRedrive(value string) *Error {
	a.redrive = nil
	delete(a.texts, attrRedrive)
	if value == "" {
		return nil
	}
	var policy struct {
		TargetARN string          `json:"deadLetterTargetArn"`
		MaxCount  json.RawMessage `json:"maxReceiveCount"` // SQS accepts 5 and "5"
	}
	if err := json.Unmarshal([]byte(value), &policy); err != nil {
		return invalidValue(value, attrRedrive, "Redrive policy is not a valid JSON map.")
	}
	if policy.TargetARN == "" {
		return invalidValue(value, attrRedrive, "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
	}
	if policy.MaxCount == nil {
		return invalidValue(value, attrRedrive, "Redrive policy does not contain mandatory attribute: maxReceiveCount.")
	}
	count := strings.Trim(string(policy.MaxCount), `"`)
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > 1000 {
		return invalidValue(value, attrRedrive,
			"Invalid value for maxReceiveCount: "+count+", valid values are from 1 to 1000 both inclusive.")
	}
	a.redrive = &redrivePolicy{TargetARN: policy.TargetARN, MaxCount: n}
	return a.setJSON(attrRedrive, a.redrive)
}

func (a *queueAttributes) setRedriveAllow(value string) *Error {
	a.allow = redriveAllowPolicy{}
	delete(a.texts, attrRedriveAllow)
	if value == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(value), &a.allow); err != nil {
		return invalidValue(value, attrRedriveAllow, "Redrive allow policy is not a valid JSON map.")
	}
	if !slices.Contains([]string{"allowAll", "denyAll", "byQueue"}, a.allow.Permission) ||
		(a.allow.Permission == "byQueue") != (len(a.allow.SourceARNs) > 0) || len(a.allow.SourceARNs) > 10 {
		return invalidValue(value, attrRedriveAllow, "redrivePermission must be allowAll, denyAll or byQueue, "+
			"the last with 1 to 10 sourceQueueArns.")
	}
	return a.setJSON(attrRedriveAllow, a.allow)
}

// setJSON stores a policy in canonical JSON, regardless of its original formatting.
func (a *queueAttributes) setJSON(name string, policy any) *Error {
	text, err := json.Marshal(policy)
	if err != nil {
		return invalidAttribute(name)
	}
	a.texts[name] = string(text)
	return nil
}
