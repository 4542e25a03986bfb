package karmak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"related-ro/pkg/relatedro"
)

// Status is what Unity says of a dealer's Fusion server.
type Status struct {
	Online        bool
	FusionVersion string // say "3.61.4.0"; empty if it does not say
	BridgeVersion string
}

// Status asks for the system status, also while the account is left alone: it is the
// cloud that answers. Its error is a *relatedro.Failure.
func (c *Client) Status(ctx context.Context, over relatedro.Connection) (Status, error) {
	s, failure := c.session(over)
	if failure != nil {
		return Status{}, failure
	}
	return c.status(ctx, s, CallStatus)
}

func (c *Client) status(ctx context.Context, s *session, kind CallKind) (Status, error) {
	body, err := c.get(ctx, s, kind, c.cfg.BaseURL+statusPath)
	if err != nil {
		return Status{}, err
	}
	status, err := decodeStatus(body)
	if err != nil {
		return Status{}, &relatedro.Failure{Reason: relatedro.UnexpectedAnswer, Err: fmt.Errorf("%s: %w", kind, err)}
	}
	s.setOffline(!status.Online)
	return status, nil
}

func decodeStatus(body []byte) (Status, error) {
	var answer struct {
		IsOnline      *flag
		FusionVersion text
		BridgeVersion text
	}
	if json.Unmarshal(body, &answer) != nil || answer.IsOnline == nil {
		return Status{}, errors.New("the answer is not of the published form")
	}
	return Status{
		Online:        bool(*answer.IsOnline),
		FusionVersion: string(answer.FusionVersion),
		BridgeVersion: string(answer.BridgeVersion),
	}, nil
}

// diagnose returns err, or a failure of FusionOffline in its place where Karmak could
// not answer because the dealer's server is offline.
func (c *Client) diagnose(ctx context.Context, s *session, err error) error {
	f := failureOf(err)
	if f.Reason != relatedro.KarmakError || !s.signIn.signedIn(c.cfg.Now()) {
		return err
	}
	status, statusErr := c.status(ctx, s, CallDiagnosis)
	if statusErr != nil || status.Online {
		return err
	}
	return &relatedro.Failure{Reason: relatedro.FusionOffline, RetryAfter: f.RetryAfter, Err: err}
}

// failureOf returns the failure that an error of this package holds; an empty one if
// there is none.
func failureOf(err error) *relatedro.Failure {
	f := new(relatedro.Failure)
	errors.As(err, &f)
	return f
}

// CheckActivation asks whether the dealer's server is online, whether the account may
// read RepairOrderHeader, and whether that has OriginalRONumber: the related-RO
// feature. It is Active or Inactive where Karmak said so, and ActivationUnreachable for
// whatever else, with a sentence that says what. Up to three requests if all goes
// well.
func (c *Client) CheckActivation(ctx context.Context, over relatedro.Connection) relatedro.Activation {
	status, err := c.checkFeature(ctx, over)
	a := relatedro.Activation{State: relatedro.Active, FusionVersion: status.FusionVersion}
	switch reason := failureOf(err).Reason; {
	case err == nil:
		fusion := "Karmak Fusion"
		if status.FusionVersion != "" {
			fusion += " " + status.FusionVersion
		}
		a.Message = fusion + " is online, and alternate RO numbers are active for this account."
	case reason == relatedro.NotActivated:
		a.State, a.Message = relatedro.Inactive, reason.Sentence()
	default:
		a.State, a.Message = relatedro.ActivationUnreachable, reason.Sentence()
	}
	return a
}

// checkFeature asks for the status, and for one row of the view if that is online. It
// returns the status as far as it is known.
func (c *Client) checkFeature(ctx context.Context, over relatedro.Connection) (Status, error) {
	s, failure := c.session(over)
	if failure != nil {
		return Status{}, failure
	}
	status, err := c.status(ctx, s, CallStatus)
	if err != nil {
		return status, err
	}
	if !status.Online {
		return status, &relatedro.Failure{Reason: relatedro.FusionOffline}
	}
	url := c.cfg.BaseURL + viewPath + headerView + "?select=" + encode(numberColumn+","+originColumn) + "&page=1&pagesize=1"
	body, err := c.get(ctx, s, CallActivation, url)
	if err != nil {
		return status, c.diagnose(ctx, s, err)
	}
	if _, err := decodeRows(body); err != nil {
		return status, &relatedro.Failure{Reason: relatedro.UnexpectedAnswer, Err: fmt.Errorf("%s: %w", CallActivation, err)}
	}
	return status, nil
}
