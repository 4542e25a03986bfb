package platform

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	bustypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// EndpointVariable is the environment variable with the address of another program, in place of the
// embedded EventBridge and SQS, to run this package's tests against; for example
// "http://127.0.0.1:5000".
const EndpointVariable = "CONFORMANCE_EVENTS_ENDPOINT"

// Notice is an event as delivered by the rule, limited to the fields that the platform reads.
type Notice struct {
	Type   string       `json:"detail-type"`
	Time   time.Time    `json:"time"`
	Detail NoticeDetail `json:"detail"`
}

// NoticeDetail is the detail of an event.
type NoticeDetail struct {
	ID         string   `json:"id"`
	LocationID string   `json:"locationId"`
	Revision   int64    `json:"revision"`
	CaseID     string   `json:"caseId,omitempty"`
	CaseNumber string   `json:"caseNumber,omitempty"`
	Reason     string   `json:"reason,omitempty"`
	Trigger    string   `json:"trigger,omitempty"`
	Added      []string `json:"added,omitempty"`
	Removed    []string `json:"removed,omitempty"`
	Changed    []struct {
		RONumber string `json:"roNumber"`
	} `json:"changed,omitempty"`
	RelatedROs []NoticeRO `json:"relatedRos,omitempty"`
	Deleted    bool       `json:"deleted,omitempty"`
}

// NoticeRO is a related RO in an event.
type NoticeRO struct {
	RONumber string `json:"roNumber"`
	Status   string `json:"status,omitempty"`
	BillTo   string `json:"billTo"`
	Voided   bool   `json:"voided"`
}

// Text returns the notice as one line.
func (n Notice) Text() string {
	d := n.Detail
	var b strings.Builder
	b.WriteString(n.Type)
	if d.CaseID != "" {
		fmt.Fprintf(&b, " of case %s", cmp.Or(d.CaseNumber, d.CaseID))
	}
	fmt.Fprintf(&b, " at %s, revision %d", d.LocationID, d.Revision)
	for _, number := range d.Added {
		b.WriteString(" +" + number)
	}
	for _, number := range d.Removed {
		b.WriteString(" -" + number)
	}
	for _, c := range d.Changed {
		b.WriteString(" ~" + c.RONumber)
	}
	if d.Reason != "" {
		b.WriteString(": " + d.Reason)
	}
	return b.String()
}

// Inbox is the state that the platform derives from events alone. Safe for concurrent use.
type Inbox struct {
	// Observe receives each notice and the platform's reaction; it may be nil, and must be set
	// before Run.
	Observe func(n Notice, did string)

	platform *Platform
	open     []Case
	queueURL string

	mu       sync.Mutex
	cases    map[[2]string]NoticeDetail // the latest list of each case, by location and case
	settings map[string]int64           // the latest revision of each location's settings
	badges   map[[2]string]Badge
	received int
	notices  []Notice // the latest kept notices
	handed   []Handover
	changed  chan struct{} // closed and replaced at each event
}

// Badge is the badge that the platform's tables show beside a changed case.
type Badge struct {
	LocationID string    `json:"locationId"`
	CaseID     string    `json:"caseId"`
	Text       string    `json:"text"`
	At         time.Time `json:"at"`
}

// Handover is one request that hands over open cases of a location, and its result.
type Handover struct {
	LocationID string `json:"locationId"`
	Cases      int    `json:"cases"`
	Status     int    `json:"status"` // HTTP status
	Err        string `json:"error,omitempty"`
}

// Subscribe creates a queue and a rule on the product's bus, both with the given name, that sends
// the locations' events to the queue, as the platform's team would. It returns the inbox, which Run
// fills. open holds the platform's open cases: when a location becomes enabled, the inbox hands
// over the location's cases. Subscribe reads the locations' current settings once.
func (p *Platform) Subscribe(ctx context.Context, name string, locations []string, open []Case) (*Inbox, error) {
	created, err := p.Queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		return nil, fmt.Errorf("make a queue for events: %w", err)
	}
	attributes, err := p.Queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: created.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn},
	})
	if err != nil {
		return nil, fmt.Errorf("make a queue for events: %w", err)
	}
	wanted, err := json.Marshal(map[string]any{"source": []string{"related-ro"}, "detail": map[string]any{"locationId": locations}})
	if err != nil {
		return nil, err
	}
	_, err = p.Bus.PutRule(ctx, &eventbridge.PutRuleInput{
		Name: &name, EventBusName: &p.BusName, EventPattern: aws.String(string(wanted)),
	})
	if err == nil {
		_, err = p.Bus.PutTargets(ctx, &eventbridge.PutTargetsInput{
			Rule: &name, EventBusName: &p.BusName,
			Targets: []bustypes.Target{{Id: aws.String("inbox"), Arn: aws.String(attributes.Attributes["QueueArn"])}},
		})
	}
	if err != nil {
		return nil, fmt.Errorf("subscribe to events: %w", err)
	}
	settings := make(map[string]int64)
	for _, location := range locations {
		var now struct{ Version int64 }
		path := "/v1/locations/" + url.PathEscape(location) + "/external-interfaces"
		if _, _, err := p.ask(ctx, "support", "*", http.MethodGet, path, "", nil, &now); err != nil {
			return nil, fmt.Errorf("read settings of %s: %w", location, err)
		}
		settings[location] = now.Version
	}
	return &Inbox{
		platform: p, open: open, queueURL: *created.QueueUrl,
		cases: make(map[[2]string]NoticeDetail), settings: settings, badges: make(map[[2]string]Badge),
		changed: make(chan struct{}),
	}, nil
}

// Run takes events from the queue until ctx ends. A processed event is deleted; any other event is
// redelivered.
func (i *Inbox) Run(ctx context.Context) {
	for ctx.Err() == nil {
		output, err := i.platform.Queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &i.queueURL, MaxNumberOfMessages: 10, WaitTimeSeconds: 20,
		})
		if err != nil {
			// The queue is unavailable or ctx has ended; the loop condition decides.
			_ = pause(ctx, time.Second)
			continue
		}
		for _, message := range output.Messages {
			var n Notice
			if json.Unmarshal([]byte(aws.ToString(message.Body)), &n) == nil {
				i.take(ctx, n)
			}
			_, _ = i.platform.Queues.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &i.queueURL,
				ReceiptHandle: message.ReceiptHandle})
		}
	}
}

// kept is the maximum number of notices and hand-overs that an inbox remembers.
const kept = 100

// take applies one event. Of two events about the same subject only the newer takes effect, and a
// duplicate has no effect.
func (i *Inbox) take(ctx context.Context, n Notice) {
	did := "knew that, or newer"
	if i.apply(n) {
		did = "noted"
		if n.Detail.CaseID != "" {
			did = "badge " + n.badge()
		} else if n.Type == "LocationEnabled" || n.Type == "ConnectionChanged" {
			did = i.handOver(ctx, n.Detail.LocationID)
		}
	}
	if i.Observe != nil {
		i.Observe(n, did)
	}
}

func (i *Inbox) apply(n Notice) (isNew bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	d := n.Detail
	i.received++
	i.notices = append(i.notices, n)
	i.notices = i.notices[max(0, len(i.notices)-kept):]
	close(i.changed)
	i.changed = make(chan struct{})
	key := [2]string{d.LocationID, d.CaseID}
	switch {
	case d.CaseID == "":
		isNew = d.Revision > i.settings[d.LocationID]
		i.settings[d.LocationID] = max(d.Revision, i.settings[d.LocationID])
		return isNew
	case n.Type == "RelatedROsChanged":
		if d.Revision <= i.cases[key].Revision {
			return false
		}
		i.cases[key] = d
	}
	i.badges[key] = Badge{d.LocationID, d.CaseID, n.badge(), n.Time}
	return true
}

// badge returns the text that the tables show for a notice about a case.
func (n Notice) badge() string {
	d := n.Detail
	switch {
	case n.Type == "RetrievalFailed":
		return "failed"
	case d.Deleted:
		return "deleted"
	case len(d.Added) > 0:
		return fmt.Sprintf("+%d", len(d.Added))
	case len(d.Removed) > 0:
		return fmt.Sprintf("-%d", len(d.Removed))
	}
	return "changed"
}

// perHandover is the maximum number of cases that the product accepts in one call.
const perHandover = 500

// handOver hands over the location's open cases to the product and describes the result.
func (i *Inbox) handOver(ctx context.Context, locationID string) string {
	type handed struct {
		CaseID     string `json:"caseId"`
		CaseNumber string `json:"caseNumber,omitempty"`
		AssetID    string `json:"assetId,omitempty"`
		RONumber   string `json:"roNumber"`
	}
	var cases []handed
	for _, c := range i.open {
		if c.LocationID == locationID {
			cases = append(cases, handed{c.CaseID, c.CaseNumber, c.AssetID, c.RONumber})
		}
	}
	did := fmt.Sprintf("handed over %d open cases", len(cases))
	path := "/v1/locations/" + url.PathEscape(locationID) + "/refetch"
	for chunk := range slices.Chunk(cases, perHandover) {
		status, _, err := i.platform.ask(ctx, "support", "*", http.MethodPost, path, "", map[string]any{"cases": chunk}, nil)
		h := Handover{LocationID: locationID, Cases: len(chunk), Status: status}
		if err != nil {
			h.Err = err.Error()
		}
		did += fmt.Sprintf(" (%d)", status)
		i.mu.Lock()
		i.handed = append(i.handed, h)
		i.handed = i.handed[max(0, len(i.handed)-kept):]
		i.mu.Unlock()
	}
	return did
}

// Known is a snapshot of an inbox.
type Known struct {
	Received  int        `json:"received"`
	Notices   []Notice   `json:"notices"` // the latest ones, newest last
	Badges    []Badge    `json:"badges"`
	Handovers []Handover `json:"handovers"`
}

// Known returns a snapshot of the inbox.
func (i *Inbox) Known() Known {
	i.mu.Lock()
	defer i.mu.Unlock()
	k := Known{Received: i.received, Notices: append([]Notice{}, i.notices...), Badges: []Badge{},
		Handovers: append([]Handover{}, i.handed...)}
	for _, b := range i.badges {
		k.Badges = append(k.Badges, b)
	}
	slices.SortFunc(k.Badges, func(a, b Badge) int {
		return cmp.Or(b.At.Compare(a.At), strings.Compare(a.LocationID+"/"+a.CaseID, b.LocationID+"/"+b.CaseID))
	})
	return k
}

// RelatedROs returns a case's related ROs from the latest event; nil if there was none.
func (i *Inbox) RelatedROs(c Case) []NoticeRO {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.cases[[2]string{c.LocationID, c.CaseID}].RelatedROs)
}

// Await returns when known returns true, checking after each event; it returns an error if ctx ends
// first.
func (i *Inbox) Await(ctx context.Context, known func() bool) error {
	for {
		i.mu.Lock()
		changed := i.changed
		i.mu.Unlock()
		if known() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for events, %d received: %w", i.Known().Received, ctx.Err())
		}
	}
}
