package deploy

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/infra/local/platform"
	"related-ro/pkg/karmak/karmaktest"
)

// stepPatience is the time limit of one step of the story: the functions' batching window is one
// second.
const stepPatience = 20 * time.Second

// storyCase is the ID of the story's case.
const storyCase = "case-1001"

// step is one step of the story.
type step struct {
	name string
	do   func(context.Context, *system) error
}

// story returns the steps of the product's story, in order. Together they use every route of the
// template.
func story() []step {
	return []step{
		{"settings", settings},
		{"export", export},
		{"close", closeCase},
		{"events", events},
		{"read", read},
		{"heads", heads},
		{"refresh", refresh},
		{"dead letters", deadLetters},
		{"console", console},
		{"preflight", preflight},
		{"closed doors", closedDoors},
		{"empty queues", emptyQueues},
	}
}

// story runs the story. The error names the failed step.
func (s *system) story(ctx context.Context) error {
	if err := s.subscribe(ctx); err != nil {
		return err
	}
	for _, part := range story() {
		bounded, cancel := context.WithTimeout(ctx, stepPatience)
		err := part.do(bounded, s)
		cancel()
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// theCase returns the story's case and the path of its location.
func (s *system) theCase() (c platform.Case, location string) {
	found, _ := s.world.data.Case(storyCase)
	return found.Case, "/v1/locations/" + found.LocationID
}

// settings: support enables locations, which requires that Karmak confirms the account with the
// secret's credentials.
func settings(ctx context.Context, s *system) error {
	if err := setUp(ctx, s); err != nil {
		return err
	}
	_, location := s.theCase()
	for _, r := range []request{
		{method: http.MethodPost, path: location + "/external-interfaces/verify", status: http.StatusOK, want: `"active"`},
		{method: http.MethodGet, path: location + "/external-interfaces/history", status: http.StatusOK, want: `"ENABLED"`},
	} {
		r.role = "administrator"
		if _, err := s.ask(ctx, r, nil); err != nil {
			return err
		}
	}
	_, err := s.ask(ctx, request{
		method: http.MethodGet, path: location + "/external-interfaces/branches", role: "support", status: http.StatusOK,
		want: `"branches"`,
	}, nil)
	return err
}

func setUp(ctx context.Context, s *system) error { return s.world.data.SetUp(ctx, s.Platform) }

func export(ctx context.Context, s *system) error {
	c, _ := s.theCase()
	return s.exported(ctx, c)
}

// another exports a case that has not been closed.
func another(ctx context.Context, s *system) error {
	c, _ := s.world.data.Case("case-1002")
	return s.exported(ctx, c.Case)
}

func (s *system) exported(ctx context.Context, c platform.Case) error {
	id, err := s.Export(ctx, c)
	if err != nil {
		return err
	}
	answer, err := s.retrieved(ctx, c, id)
	if err == nil && len(answer.RelatedROs) == 0 {
		err = fmt.Errorf("%s has no related ROs", c.CaseID)
	}
	return err
}

// made is the number of a related RO created in Karmak between export and close.
const made = "59999"

// closeCase: a close retrieves again, so a related RO created since the export is listed.
func closeCase(ctx context.Context, s *system) error {
	c, _ := s.theCase()
	connection := s.world.data.Connection(c.LocationID)
	if err := s.karmak.Spinoff(connection.Account, c.RONumber, connection.Branch, karmaktest.RO{Number: made}); err != nil {
		return err
	}
	id, err := s.Close(ctx, c, "auto")
	if err != nil {
		return err
	}
	answer, err := s.retrieved(ctx, c, id)
	if err != nil {
		return err
	}
	for _, ro := range answer.RelatedROs {
		if ro.RONumber == made {
			return nil
		}
	}
	return fmt.Errorf("%s does not list RO %s: %+v", c.CaseID, made, answer.RelatedROs)
}

// subscribe subscribes the case platform to events. The owner creates queue and rule because the
// engine has no bus policies.
func (s *system) subscribe(ctx context.Context) (err error) {
	subscriber := *s.Platform
	subscriber.Queues = s.asOwner()
	c, _ := s.theCase()
	if s.inbox, err = subscriber.Subscribe(ctx, s.BusName+"-platform", []string{c.LocationID}, nil); err != nil {
		return err
	}
	go s.inbox.Run(ctx)
	return nil
}

// events: the table's stream triggers notify, which publishes the case's changed list on the bus.
func events(ctx context.Context, s *system) error {
	c, _ := s.theCase()
	return s.inbox.Await(ctx, func() bool {
		return slices.ContainsFunc(s.inbox.RelatedROs(c), func(ro platform.NoticeRO) bool { return ro.RONumber == made })
	})
}

// read uses every endpoint that shows related ROs to users.
func read(ctx context.Context, s *system) error {
	c, location := s.theCase()
	for _, r := range []request{
		{method: http.MethodGet, path: location + "/assets/" + c.AssetID + "/related-ros", want: c.CaseID},
		{method: http.MethodGet, path: location + "/cases/" + c.CaseID + "/retrievals", want: `"trigger":"export"`},
		{method: http.MethodGet, path: location + "/open-warranty-ros", want: c.CaseID},
		{method: http.MethodGet, path: "/v1/operations/locations", role: "support", want: c.LocationID},
		{
			method: http.MethodPost, path: "/v1/related-ros/batch-get", want: `"found":true`,
			body: `{"cases":[{"locationId":"` + c.LocationID + `","caseId":"` + c.CaseID + `"}]}`,
		},
		{method: http.MethodGet, path: "/v1/search?locationId=" + c.LocationID + "&ro=" + c.RONumber, want: c.CaseID},
		{method: http.MethodGet, path: "/v1/health", want: "version"},
		{method: http.MethodHead, path: "/v1/health"},
	} {
		r.role, r.status = cmp.Or(r.role, "service_advisor"), http.StatusOK
		if _, err := s.ask(ctx, r, nil); err != nil {
			return err
		}
	}
	return nil
}

func refresh(ctx context.Context, s *system) error {
	c, location := s.theCase()
	var asked struct{ EventID string }
	_, err := s.ask(ctx, request{
		method: http.MethodPost, path: location + "/cases/" + c.CaseID + "/refresh", role: "service_manager", status: http.StatusAccepted,
	}, &asked)
	if err != nil {
		return err
	}
	if _, err := s.retrieved(ctx, c, asked.EventID); err != nil {
		return err
	}
	_, err = s.ask(ctx, request{
		method: http.MethodPost, path: location + "/refetch", role: "service_manager", status: http.StatusAccepted, want: `"queued":1`,
	}, nil)
	return err
}

// heads: HEAD goes where GET does, and needs a token there.
func heads(ctx context.Context, s *system) error {
	c, location := s.theCase()
	for _, path := range []string{
		location + "/cases/" + c.CaseID + "/related-ros", location + "/assets/" + c.AssetID + "/related-ros",
		"/v1/search?locationId=" + c.LocationID + "&ro=" + c.RONumber, location + "/external-interfaces",
		location + "/external-interfaces/history", location + "/external-interfaces/branches", location + "/open-warranty-ros",
		location + "/cases/" + c.CaseID + "/retrievals", "/v1/operations/locations", "/v1/operations/dead-letters?queue=export",
	} {
		if _, err := s.ask(ctx, request{method: http.MethodHead, path: path, role: "support", status: http.StatusOK}, nil); err != nil {
			return err
		}
		if _, err := s.ask(ctx, request{method: http.MethodHead, path: path, status: http.StatusUnauthorized}, nil); err != nil {
			return err
		}
	}
	return nil
}

// deadLetters: a message that cannot succeed becomes a dead letter with its reason, and a redrive
// brings it back.
func deadLetters(ctx context.Context, s *system) error {
	broken, _ := s.theCase()
	broken.RONumber = ""
	for queue, send := range map[string]func() (string, error){
		"export": func() (string, error) { return s.Export(ctx, broken) },
		"close":  func() (string, error) { return s.Close(ctx, broken, "user") },
		"refresh": func() (string, error) {
			const id, body = "broken-refresh", `{"version":1,"id":"broken-refresh","type":"case.refresh"}`
			_, err := s.asOwner().SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &s.RefreshQueueURL, MessageBody: aws.String(body)})
			return id, err
		},
	} {
		id, err := send()
		if err != nil {
			return err
		}
		if _, err := s.deadLetter(ctx, queue, id); err != nil {
			return err
		}
		_, err = s.ask(ctx, request{
			method: http.MethodPost, path: "/v1/operations/dead-letters/redrive", body: `{"queue":"` + queue + `"}`,
			role: "support", status: http.StatusOK, want: `"moved":1`,
		}, nil)
		if err != nil {
			return err
		}
		message, err := s.deadLetter(ctx, queue, id)
		if err != nil {
			return fmt.Errorf("redriven: %w", err)
		}
		_, err = s.ask(ctx, request{
			method: http.MethodPost, path: "/v1/operations/dead-letters/delete",
			body: `{"queue":"` + queue + `","messageIds":["` + message + `"]}`,
			role: "support", status: http.StatusOK, want: `"deleted":1`,
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

func console(ctx context.Context, s *system) error {
	if _, err := s.ask(ctx, request{method: http.MethodGet, path: "/console", status: http.StatusPermanentRedirect}, nil); err != nil {
		return err
	}
	for path, status := range map[string]int{"/console": http.StatusPermanentRedirect, "/console/related-ro.js": http.StatusOK} {
		if _, err := s.ask(ctx, request{method: http.MethodHead, path: path, status: status}, nil); err != nil {
			return err
		}
	}
	for path, want := range map[string]string{
		"/console/index.html": "<html", "/console/related-ro.js": "", "/console/components.html": "<html",
	} {
		if _, err := s.ask(ctx, request{method: http.MethodGet, path: path, status: http.StatusOK, want: want}, nil); err != nil {
			return err
		}
	}
	return nil
}

// origin is the origin of the platform's UI.
const origin = "https://app.example.com"

// preflight: a browser may call the API and read the response headers that the contract lists.
func preflight(ctx context.Context, s *system) error {
	_, location := s.theCase()
	header, err := s.ask(ctx, request{
		method: http.MethodOptions, path: location + "/external-interfaces", status: http.StatusNoContent,
		header: map[string]string{
			"Origin": origin, "Access-Control-Request-Method": "PUT",
			"Access-Control-Request-Headers": "authorization,content-type,if-match",
		},
	}, nil)
	if err != nil {
		return err
	}
	for name, wanted := range map[string][]string{
		"Access-Control-Allow-Methods": {"GET", "POST", "PUT"},
		"Access-Control-Allow-Headers": {"authorization", "content-type", "if-match", "if-none-match"},
		"Access-Control-Max-Age":       {"600"},
	} {
		if err := lists(header, name, wanted); err != nil {
			return err
		}
	}
	header, err = s.ask(ctx, request{
		method: http.MethodGet, path: location + "/external-interfaces", role: "administrator", status: http.StatusOK,
		header: map[string]string{"Origin": origin},
	}, nil)
	if err != nil {
		return err
	}
	if allowed := header.Get("Access-Control-Allow-Origin"); allowed != "*" && allowed != origin {
		return fmt.Errorf("Access-Control-Allow-Origin is %q", allowed)
	}
	return lists(header, "Access-Control-Expose-Headers", []string{"etag", "retry-after", "allow", "apigw-requestid", "x-request-id"})
}

// lists returns an error if a header does not list every wanted value.
func lists(header http.Header, name string, wanted []string) error {
	has := strings.Split(strings.ReplaceAll(strings.ToLower(strings.Join(header.Values(name), ",")), " ", ""), ",")
	for _, one := range wanted {
		if !slices.Contains(has, strings.ToLower(one)) {
			return fmt.Errorf("%s is %q, without %s", name, has, one)
		}
	}
	return nil
}

// closedDoors: requests without a valid token and unknown routes are rejected, and the case
// platform may only send messages.
func closedDoors(ctx context.Context, s *system) error {
	_, location := s.theCase()
	for _, r := range []request{
		{method: http.MethodGet, path: location + "/external-interfaces", status: http.StatusUnauthorized},
		{
			method: http.MethodGet, path: location + "/external-interfaces", status: http.StatusUnauthorized,
			header: map[string]string{"Authorization": "Bearer e30.e30.c2ln"},
		},
		{method: http.MethodGet, path: "/v1/nowhere", status: http.StatusNotFound, want: "not-found"},
		{method: http.MethodDelete, path: "/v1/search", status: http.StatusMethodNotAllowed, want: "GET"},
	} {
		if _, err := s.ask(ctx, r, nil); err != nil {
			return err
		}
	}
	_, err := s.Queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &s.ExportQueueURL})
	if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		return fmt.Errorf("the case platform can receive from the queue: %w", err)
	}
	return nil
}

// emptyQueues: processed messages are deleted.
func emptyQueues(ctx context.Context, s *system) error {
	counting := *s.Platform
	counting.Queues = s.asOwner()
	return counting.AwaitEmpty(ctx)
}
