// Package platform simulates the product's surroundings: the case platform that sends events, its
// users who read related ROs and change settings, and the shop that works in Karmak. It knows the
// system only through its wire protocols.
package platform

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// lookAgain is the poll interval of Await and AwaitEmpty.
const lookAgain = 50 * time.Millisecond

// Platform is a case platform with its users. All fields must be set.
type Platform struct {
	// APIURL and KarmakURL have no trailing slash.
	APIURL, KarmakURL string
	Queues            *sqs.Client
	// ExportQueueURL and CloseQueueURL are the queues for the platform's events; RefreshQueueURL is
	// the queue for the product's own events.
	ExportQueueURL, CloseQueueURL, RefreshQueueURL string
	// Bus and BusName are the source of the product's events.
	Bus     *eventbridge.Client
	BusName string
	// Follow makes the product poll Karmak for changes now, as its schedule does.
	Follow func(context.Context) error
	// Token returns a token for a user with the role at the locations; "*" means all locations.
	Token func(role string, locations ...string) (string, error)
}

// Case is a case as the platform knows it.
type Case struct {
	LocationID string `json:"locationId"`
	CaseID     string `json:"caseId"`
	CaseNumber string `json:"caseNumber,omitempty"`
	AssetID    string `json:"assetId,omitempty"`
	RONumber   string `json:"roNumber"`
}

// event is the message contract, version 1.
type event struct {
	Version    int       `json:"version"`
	ID         string    `json:"id"`
	Type       string    `json:"type"`
	OccurredAt time.Time `json:"occurredAt"`
	Case
	ClosedBy string `json:"closedBy,omitempty"`
}

// Export sends case.exported and returns the event's ID.
func (p *Platform) Export(ctx context.Context, c Case) (string, error) {
	return p.send(ctx, p.ExportQueueURL, event{Type: "case.exported", Case: c})
}

// Close sends case.closed and returns the event's ID; closedBy is user or auto.
func (p *Platform) Close(ctx context.Context, c Case, closedBy string) (string, error) {
	return p.send(ctx, p.CloseQueueURL, event{Type: "case.closed", Case: c, ClosedBy: closedBy})
}

func (p *Platform) send(ctx context.Context, queueURL string, e event) (string, error) {
	e.Version, e.ID, e.OccurredAt = 1, rand.Text(), time.Now().UTC()
	body, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("encode %s: %w", e.Type, err)
	}
	text := string(body)
	if _, err := p.Queues.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &queueURL, MessageBody: &text}); err != nil {
		return "", fmt.Errorf("send %s of %s: %w", e.Type, e.CaseID, err)
	}
	return e.ID, nil
}

// Answer is the API's response about a case.
type Answer struct {
	Status     int    `json:"-"` // HTTP status
	Type       string `json:"type"`
	CaseStatus string `json:"caseStatus"`
	RelatedROs []struct {
		RONumber string `json:"roNumber"`
		Relation string `json:"relation"`
		Status   string `json:"status"`
		BillTo   string `json:"billTo"`
		Warranty bool   `json:"warranty"`
		Voided   bool   `json:"voided"`
	} `json:"relatedRos"`
	Retrieval struct {
		Outcome     string `json:"outcome"`
		Trigger     string `json:"trigger"`
		EventID     string `json:"eventId"`
		RetrievedAt string `json:"retrievedAt"`
		Reason      string `json:"reason"`
		Message     string `json:"message"`
	} `json:"retrieval"`
}

// RelatedROs gets a case's related ROs from the API, as a service advisor at the case's location.
func (p *Platform) RelatedROs(ctx context.Context, locationID, caseID string) (Answer, error) {
	var answer Answer
	path := "/v1/locations/" + url.PathEscape(locationID) + "/cases/" + url.PathEscape(caseID) + "/related-ros"
	status, _, err := p.ask(ctx, "service_advisor", locationID, http.MethodGet, path, "", nil, &answer)
	answer.Status = status
	return answer, err
}

// OpenWarrantyRO is an open warranty RO in the API's response.
type OpenWarrantyRO struct {
	RONumber     string `json:"roNumber"`
	BillTo       string `json:"billTo"`
	AgeDays      int    `json:"ageDays"` // 0 also where it is not known
	TotalCharges string `json:"totalCharges"`
	Case         struct {
		CaseID   string `json:"caseId"`
		RONumber string `json:"roNumber"`
	} `json:"case"`
}

// OpenWarranty asks the API for the first page of a location's open warranty ROs, as a service advisor there.
func (p *Platform) OpenWarranty(ctx context.Context, locationID string) ([]OpenWarrantyRO, error) {
	var answer struct {
		OpenWarrantyROs []OpenWarrantyRO `json:"openWarrantyRos"`
	}
	path := "/v1/locations/" + url.PathEscape(locationID) + "/open-warranty-ros"
	status, _, err := p.ask(ctx, "service_advisor", locationID, http.MethodGet, path, "", nil, &answer)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("open warranty ROs of %s: status %d", locationID, status)
	}
	return answer.OpenWarrantyROs, err
}

// Await polls a case until it shows the result of the event's retrieval. It ends with ctx.
func (p *Platform) Await(ctx context.Context, c Case, eventID string) (Answer, error) {
	for {
		answer, err := p.RelatedROs(ctx, c.LocationID, c.CaseID)
		if err != nil {
			return answer, fmt.Errorf("wait for event %s of %s: %w", eventID, c.CaseID, err)
		}
		if answer.Status == http.StatusOK && answer.Retrieval.EventID == eventID && answer.Retrieval.Outcome != "retrying" {
			return answer, nil
		}
		if err := pause(ctx, lookAgain); err != nil {
			return answer, fmt.Errorf("wait for event %s of %s, last seen %d %+v: %w",
				eventID, c.CaseID, answer.Status, answer.Retrieval, err)
		}
	}
}

// AwaitEmpty waits until the queues are empty and none of their messages is in flight.
func (p *Platform) AwaitEmpty(ctx context.Context) error {
	for {
		left := 0
		for _, queueURL := range []string{p.ExportQueueURL, p.CloseQueueURL, p.RefreshQueueURL} {
			output, err := p.Queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
				QueueUrl: &queueURL, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
			})
			if err != nil {
				return fmt.Errorf("count messages: %w", err)
			}
			for _, name := range []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"} {
				n, err := strconv.Atoi(output.Attributes[name])
				if err != nil {
					return fmt.Errorf("count messages: %s: %w", name, err)
				}
				left += n
			}
		}
		if left == 0 {
			return nil
		}
		if err := pause(ctx, lookAgain); err != nil {
			return fmt.Errorf("wait for empty queues, %d messages left: %w", left, err)
		}
	}
}

// KarmakFusion is Settings.DMS of a location that reads Karmak.
const KarmakFusion = "KARMAK_FUSION"

// Settings is a location's external-interfaces setting.
type Settings struct {
	Status string     `json:"status"`
	DMS    string     `json:"dms"`
	Karmak Connection `json:"karmak"`

	ExpectedRelatedROs bool `json:"expectedRelatedRos,omitempty"`
	SameDealer         bool `json:"sameDealer,omitempty"`
}

// Connection locates a location's ROs in Karmak.
type Connection struct {
	Account string `json:"account"`
	User    string `json:"user"`
	Branch  string `json:"branch"`

	Kind          string `json:"kind,omitempty"`
	AccountNumber string `json:"accountNumber,omitempty"`
}

// SaveSettings saves a location's settings as our support does, overwriting the current version.
func (p *Platform) SaveSettings(ctx context.Context, locationID string, settings Settings) error {
	path := "/v1/locations/" + url.PathEscape(locationID) + "/external-interfaces"
	_, tag, err := p.ask(ctx, "support", "*", http.MethodGet, path, "", nil, nil)
	if err != nil {
		return err
	}
	var problem struct{ Title, Detail string }
	status, _, err := p.ask(ctx, "support", "*", http.MethodPut, path, tag, settings, &problem)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("save settings of %s: %d %s: %s", locationID, status, problem.Title, problem.Detail)
	}
	return err
}

// Ask sends one request to the API, as a user with the role at the location, and decodes the
// response into result unless result is nil.
func (p *Platform) Ask(ctx context.Context, role, location, method, path string, body, result any) (status int, err error) {
	status, _, err = p.ask(ctx, role, location, method, path, "", body, result)
	return status, err
}

// ask is Ask with the header If-Match unless it is empty. It also returns the response's ETag.
func (p *Platform) ask(
	ctx context.Context, role, location, method, path, ifMatch string, body, result any,
) (status int, tag string, err error) {
	token, err := p.Token(role, location)
	if err != nil {
		return 0, "", fmt.Errorf("get a token: %w", err)
	}
	header := http.Header{"Authorization": {"Bearer " + token}}
	if ifMatch != "" {
		header.Set("If-Match", ifMatch)
	}
	return call(ctx, method, p.APIURL+path, header, body, result)
}

// Control calls the simulator's control API, which stands for the shop's work in Karmak. result may
// be nil.
func (p *Platform) Control(ctx context.Context, method, path string, body, result any) error {
	status, _, err := call(ctx, method, p.KarmakURL+"/control/"+path, http.Header{}, body, result)
	if err == nil && status >= http.StatusBadRequest {
		err = fmt.Errorf("%s /control/%s: status %d", method, path, status)
	}
	return err
}

func call(
	ctx context.Context, method, address string, header http.Header, body, result any,
) (status int, tag string, err error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return 0, "", fmt.Errorf("encode request: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(encoded))
	if err != nil {
		return 0, "", err
	}
	if body == nil {
		request.Body, request.ContentLength = http.NoBody, 0
	}
	request.Header = header
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, "", fmt.Errorf("read response of %s: %w", address, err)
	}
	if result != nil && len(text) > 0 {
		if err := json.Unmarshal(text, result); err != nil {
			return 0, "", fmt.Errorf("response of %s %s: %w: %.200s", method, address, err, text)
		}
	}
	return response.StatusCode, response.Header.Get("ETag"), nil
}

// pause waits for d; it returns the context's error if ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
