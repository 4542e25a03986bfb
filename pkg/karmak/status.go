package karmak

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"related-ro/pkg/relatedro"
)

// status is what Unity says of a dealer's Fusion server.
type status struct {
	IsOnline      *flag
	FusionVersion text // say "3.61.4.0"; empty if it does not say
}

func (s status) offline() bool { return s.IsOnline != nil && !bool(*s.IsOnline) }

// status asks for the system status, also while the account is left alone: it is the
// cloud that answers. It asks at the URL that Karmak publishes, and at that of an older
// edition after a 404; which one answered is remembered. A face without a status says
// nothing.
func (c *Client) status(ctx context.Context, s *session, kind CallKind) (said status, err error) {
	for _, url := range s.face.statuses() {
		err = c.get(ctx, s, url, request{kind: kind, read: func(body []byte) ([]string, error) {
			if json.Unmarshal(body, &said) != nil || said.IsOnline == nil {
				return nil, errors.New("the answer is not of the published form")
			}
			return nil, nil
		}})
		if err == nil {
			c.older.Store(url == c.cfg.BaseURL+olderStatusPath)
			s.account.offline.Store(said.offline())
		}
		if !errors.Is(err, statusCode(http.StatusNotFound)) {
			break
		}
	}
	return said, err
}

// diagnose returns err, or a failure of DealerOffline in its place where Karmak could not
// answer because the dealer's server is offline. Where no status tells, a 504 does: by it
// Karmak says that the dealer's Fusion does not answer in time.
func (c *Client) diagnose(ctx context.Context, s *session, err error) error {
	f := failureOf(err)
	if f.Reason != relatedro.DMSError || !s.face.proven() {
		return err
	}
	said, _ := c.status(ctx, s, CallDiagnosis)
	silent := s.face.statuses() == nil && errors.Is(err, statusCode(http.StatusGatewayTimeout))
	if silent || said.offline() {
		return &relatedro.Failure{Reason: relatedro.DealerOffline, RetryAfter: f.RetryAfter, Err: err}
	}
	return err
}
