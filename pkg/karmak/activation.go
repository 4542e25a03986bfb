package karmak

import (
	"context"
	"slices"
	"strings"
	"time"

	"related-ro/pkg/relatedro"
)

// noSuchBranch is what CheckActivation says of a branch that Karmak does not have.
const noSuchBranch = "Karmak has no branch of this location's branch code. " +
	"Please ask our support staff to choose the branch from Karmak's list for this account."

// CheckActivation asks whether the account may read RepairOrderHeader, whether that has
// OriginalRONumber, the related-RO feature, and whether the connection's branch is one of
// the account's. It is Active or Inactive where Karmak said so, and ActivationUnreachable
// for whatever else, with a sentence that says what. The system status is advice: it tells
// the version, and that a server is offline whose look-up failed. Up to five requests.
func (c *Client) CheckActivation(ctx context.Context, over relatedro.Connection) relatedro.Activation {
	s, failure := c.session(over)
	if failure != nil {
		return relatedro.Activation{State: relatedro.ActivationUnreachable, Message: c.Sentence(over, failure.Reason)}
	}
	branchKnown, err := c.checkFeature(ctx, s)
	var said status
	if s.face.proven() {
		advice, cancel := relatedro.WithReserve(ctx, 2, time.Minute) // the answer above must not wait for it
		defer cancel()
		said, _ = c.status(advice, s, CallStatus)
	}
	if reason := failureOf(err).Reason; said.offline() && (reason == relatedro.DMSError || reason == relatedro.Unreachable) {
		err = &relatedro.Failure{Reason: relatedro.DealerOffline, Err: err}
	} else if s.face.statuses() == nil {
		err = c.diagnose(ctx, s, err)
	}
	a := relatedro.Activation{State: relatedro.Active, Version: string(said.FusionVersion)}
	switch reason := failureOf(err).Reason; {
	case err == nil && branchKnown:
		fusion := strings.TrimSpace("Karmak Fusion " + a.Version)
		a.Message = fusion + " is online, and alternate RO numbers are active for this account."
	case err == nil:
		a.State, a.Message = relatedro.Inactive, noSuchBranch
	case reason == relatedro.NotActivated:
		a.State, a.Message = relatedro.Inactive, c.Sentence(over, reason)
	default:
		a.State, a.Message = relatedro.ActivationUnreachable, c.Sentence(over, reason)
	}
	return a
}

// checkFeature asks for rows of the view, and reports whether the session's branch is
// one of the account's. Where Karmak does not list these, a row of the branch shows it; an
// account without any row is new, and its branch is believed.
func (c *Client) checkFeature(ctx context.Context, s *session) (branchKnown bool, err error) {
	rows, err := c.sample(ctx, s, "")
	if err != nil || s.branch == "" {
		return true, err
	}
	if branches, err := c.branches(ctx, s); err == nil && len(branches) > 0 {
		return slices.ContainsFunc(branches, func(b relatedro.Branch) bool { return strings.EqualFold(b.Code, s.branch) }), nil
	}
	there, err := c.sample(ctx, s, s.branch)
	return len(there) > 0 || len(rows) == 0, err
}

// sample asks for a few rows of the view, at the branch unless that is empty.
func (c *Client) sample(ctx context.Context, s *session, branch string) ([]row, error) {
	filter := ""
	if branch != "" {
		filter = "filter=" + encode(atBranch+branch) + "&"
	}
	url := s.face.views() + headerView + "?" + filter + "select=" + encode(numberColumn+","+originColumn) + "&pagesize=10&page=1"
	return c.rows(ctx, s, url, request{kind: CallActivation})
}

// Branches returns the account's branches as Karmak lists them, by code: the active ones.
// Fusion before 3.62.00 has no such list, and the newer interface none at all: its failure
// is of BranchesUnlisted. The error is a *relatedro.Failure.
func (c *Client) Branches(ctx context.Context, over relatedro.Connection) ([]relatedro.Branch, error) {
	s, failure := c.session(over)
	if failure != nil {
		return nil, failure
	}
	branches, err := c.branches(ctx, s)
	if err != nil {
		return nil, c.diagnose(ctx, s, err)
	}
	return branches, nil
}

func (c *Client) branches(ctx context.Context, s *session) (branches []relatedro.Branch, err error) {
	if s.face.branches() == "" {
		return nil, failure(relatedro.BranchesUnlisted, "this interface has no list of branches")
	}
	err = c.get(ctx, s, s.face.branches(), request{kind: CallBranches, read: func(body []byte) (unread []string, err error) {
		branches, unread, err = decodeBranches(body)
		return unread, err
	}})
	return branches, err
}

// decodeBranches reads an answer of unityapi/Branch. A branch without a code is left out.
func decodeBranches(body []byte) (branches []relatedro.Branch, unread []string, err error) {
	objects, err := decodeList(body)
	for i, object := range objects {
		var code, name text
		unread = append(unread, fill(i, object, []cell{{"BranchCode", &code}, {"BranchName", &name}})...)
		if code != "" {
			branches = append(branches, relatedro.Branch{Code: string(code), Name: string(name)})
		}
	}
	slices.SortFunc(branches, func(a, b relatedro.Branch) int { return strings.Compare(a.Code, b.Code) })
	return branches, unread, err
}
