package sqsengine

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pause is the time for which a queue's name stays reserved after DeleteQueue, and the minimum time
// between two PurgeQueue calls.
const pause = 60 * time.Second

type createInput struct {
	QueueName  string
	Attributes map[string]string
	Tags       map[string]string `json:"tags"`
}

type queueURLOutput struct {
	QueueUrl string
}

func (e *Engine) createQueueAction(c *call, in *createInput) (any, *Error) {
	if len(in.Tags) > 0 {
		return nil, unsupported("Tags are not supported by this engine.")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.createQueue(in.QueueName, in.Attributes); err != nil {
		return nil, err
	}
	return queueURLOutput{e.queueURL(c.request, in.QueueName)}, nil
}

// createQueue creates a queue. It returns nil if a queue with this name and the given attributes
// exists. The caller must hold the lock.
func (e *Engine) createQueue(name string, changes map[string]string) *Error {
	if name == "" {
		return missingParameter("QueueName")
	}
	if !queueName.MatchString(name) {
		return invalidParameter("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	attributes, err := defaultAttributes().change(changes)
	if err != nil {
		return err
	}
	if q := e.queues[name]; q != nil {
		for _, attribute := range slices.Sorted(maps.Keys(changes)) {
			if q.attributes.get(attribute) != attributes.get(attribute) {
				return modelled("QueueNameExists", "QueueAlreadyExists",
					"A queue already exists with the same name and a different value for attribute %s", attribute)
			}
		}
		return nil
	}
	now := e.clock.Now()
	if deleted, ok := e.deleted[name]; ok && now.Sub(deleted) < pause {
		return modelled("QueueDeletedRecently", oldPrefix+"QueueDeletedRecently",
			"You must wait 60 seconds after deleting a queue before you can create another with the same name.")
	}
	if err := e.checkRedrive(name, attributes); err != nil {
		return err
	}
	delete(e.deleted, name)
	e.queues[name] = newQueue(name, e.nextSerial(), attributes, now)
	return nil
}

// checkRedrive returns an error if the queue may not use the dead-letter queue in its attributes.
func (e *Engine) checkRedrive(name string, attributes queueAttributes) *Error {
	if attributes.redrive == nil {
		return nil
	}
	value := attributes.get(attrRedrive)
	target := e.queues[attributes.redrive.target()]
	if target == nil || attributes.redrive.TargetARN != e.ARN(target.name) {
		return invalidValue(value, attrRedrive, "Dead letter target does not exist.")
	}
	if !target.attributes.allow.allows(e.ARN(name)) {
		return invalidValue(value, attrRedrive, "Dead letter target does not allow this source queue.")
	}
	return nil
}

type queueInput struct {
	QueueUrl string
}

// queue returns the queue with the URL and ignores the URL's host. The caller must hold the lock.
func (e *Engine) queue(url string) (*queue, *Error) {
	if url == "" {
		return nil, missingParameter("QueueUrl")
	}
	name, ok := nameInURL(url)
	if !ok {
		return nil, modelled("InvalidAddress", "InvalidAddress", "The address %s is not valid for this endpoint.", url)
	}
	q := e.queues[name]
	if q == nil {
		return nil, queueDoesNotExist()
	}
	return q, nil
}

// nameInURL returns the queue's name, which follows the account in the URL's path.
func nameInURL(url string) (name string, ok bool) {
	_, name, ok = strings.Cut(url, "/"+Account+"/")
	return name, ok && queueName.MatchString(name)
}

type urlInput struct {
	QueueName string
}

func (e *Engine) getQueueURL(c *call, in *urlInput) (any, *Error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case in.QueueName == "":
		return nil, missingParameter("QueueName")
	case e.queues[in.QueueName] == nil:
		return nil, queueDoesNotExist()
	}
	return queueURLOutput{e.queueURL(c.request, in.QueueName)}, nil
}

type listInput struct {
	QueueNamePrefix string
	MaxResults      *int
	NextToken       string
}

type listOutput struct {
	QueueUrls []string `json:",omitempty"`
	NextToken string   `json:",omitempty"`
}

// listQueues returns the URLs of the queues in order of name. As on AWS, the call returns a token
// for the next page only if MaxResults is set. Otherwise it returns the first 1,000 queues.
func (e *Engine) listQueues(c *call, in *listInput) (any, *Error) {
	limit := 1000
	if in.MaxResults != nil {
		limit = *in.MaxResults
	}
	if limit < 1 || limit > 1000 {
		return nil, invalidValue(limit, "MaxResults", "MaxResults must be an integer between 1 and 1000.")
	}
	last, decodeErr := base64.StdEncoding.DecodeString(in.NextToken)
	if decodeErr != nil {
		return nil, invalidParameter("Invalid or expired next token.")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var out listOutput
	for _, name := range slices.Sorted(maps.Keys(e.queues)) {
		if name <= string(last) || !strings.HasPrefix(name, in.QueueNamePrefix) {
			continue
		}
		if len(out.QueueUrls) == limit {
			if in.MaxResults != nil {
				shown, _ := nameInURL(out.QueueUrls[limit-1])
				out.NextToken = base64.StdEncoding.EncodeToString([]byte(shown))
			}
			break
		}
		out.QueueUrls = append(out.QueueUrls, e.queueURL(c.request, name))
	}
	return out, nil
}

func (e *Engine) deleteQueue(_ *call, in *queueInput) (any, *Error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	q, err := e.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	now := e.clock.Now()
	e.purge(q, now)
	q.dismiss()
	delete(e.queues, q.name)
	e.deleted[q.name] = now
	return nil, nil
}

func (e *Engine) purgeQueue(_ *call, in *queueInput) (any, *Error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	q, err := e.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	now := e.clock.Now()
	if !q.purged.IsZero() && now.Sub(q.purged) < pause {
		err := modelled("PurgeQueueInProgress", oldPrefix+"PurgeQueueInProgress",
			"Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.name)
		err.Status = http.StatusForbidden
		return nil, err
	}
	q.purged = now
	e.purge(q, now)
	return nil, nil
}

type getAttributesInput struct {
	queueInput
	AttributeNames []string
}

type getAttributesOutput struct {
	Attributes map[string]string `json:",omitempty"`
}

func (e *Engine) getQueueAttributes(_ *call, in *getAttributesInput) (any, *Error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	q, err := e.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	e.update(q, e.clock.Now())
	all := maps.Clone(q.attributes.texts)
	for name := range q.attributes.numbers {
		all[name] = q.attributes.get(name)
	}
	all["QueueArn"] = e.ARN(q.name)
	all["CreatedTimestamp"] = strconv.FormatInt(q.created.Unix(), 10)
	all["LastModifiedTimestamp"] = strconv.FormatInt(q.modified.Unix(), 10)
	all["ApproximateNumberOfMessages"] = strconv.Itoa(q.ready.count)
	all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(q.inFlight())
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(q.delayed)
	if slices.Contains(in.AttributeNames, "All") {
		return getAttributesOutput{all}, nil
	}
	asked := map[string]string{}
	for _, name := range in.AttributeNames {
		value, ok := all[name]
		if !ok && !isOptionalAttribute(name) {
			return nil, unknownAttribute(name)
		}
		if ok {
			asked[name] = value
		}
	}
	return getAttributesOutput{asked}, nil
}

// isOptionalAttribute reports whether a queue may lack the attribute. Such an attribute may be
// requested even if it is not set.
func isOptionalAttribute(name string) bool {
	switch name {
	case attrPolicy, attrRedrive, attrRedriveAllow, "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "FifoQueue",
		"ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit":
		return true
	}
	return false
}

type setAttributesInput struct {
	queueInput
	Attributes map[string]string
}

func (e *Engine) setQueueAttributes(_ *call, in *setAttributesInput) (any, *Error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	q, err := e.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if len(in.Attributes) == 0 {
		return nil, missingParameter("Attributes")
	}
	attributes, err := q.attributes.change(in.Attributes)
	if err != nil {
		return nil, err
	}
	if _, ok := in.Attributes[attrRedrive]; ok {
		if err := e.checkRedrive(q.name, attributes); err != nil {
			return nil, err
		}
	}
	q.attributes = attributes
	q.modified = e.clock.Now()
	return nil, nil
}
