package karmak

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"related-ro/pkg/relatedro"
)

// status is Unity's report about a dealer's Fusion server.
type status struct {
	IsOnline      *flag
	FusionVersion text // such as "3.61.4.0"; empty if the answer has none
}

func (s status) offline() bool { return s.IsOnline != nil && !bool(*s.IsOnline) }

// status requests the system status, even if the account's circuit is open, because the cloud
// answers it. It requests the published URL and, after a 404, the URL of an older edition; the
// client remembers which one answered. For a face without a status, it returns the zero status.
func (c *Client) status(ctx context.Context, s *session, kind CallKind) (report status, err error) {
	for _, url := range s.face.statuses() {
		err = c.get(ctx, s, url, request{kind: kind, read: func(body []byte) ([]string, error) {
			if json.Unmarshal(body, &report) != nil || report.IsOnline == nil {
				return nil, errors.New("the answer is not of the published form")
			}
			return nil, nil
		}})
		if err == nil {
			c.older.Store(url == c.cfg.BaseURL+olderStatusPath)
			s.account.offline.Store(report.offline())
		}
		if !errors.Is(err, statusCode(http.StatusNotFound)) {
			break
		}
	}
	return report, err
}

// diagnose returns err, or a DealerOffline failure in its place if Karmak could not answer because
// the dealer's server is offline. For a face without a status, a 504 proves that: Karmak documents
// it as no timely answer from the dealer's Fusion.
func (c *Client) diagnose(ctx context.Context, s *session, err error) error {
	f := failureOf(err)
	if f.Reason != relatedro.DMSError || !s.face.proven() {
		return err
	}
	report, _ := c.status(ctx, s, CallDiagnosis)
	silent := s.face.statuses() == nil && errors.Is(err, statusCode(http.StatusGatewayTimeout))
	if silent || report.offline() {
		return &relatedro.Failure{Reason: relatedro.DealerOffline, RetryAfter: f.RetryAfter, Err: err}
	}
	return err
}
