package karmak

import (
	"context"
	"slices"
	"strings"
	"time"

	"related-ro/pkg/relatedro"
)

// noSuchBranch is the message of CheckActivation for a branch that Karmak does not have.
const noSuchBranch = "Karmak has no branch of this location's branch code. " +
	"Please ask our support staff to choose the branch from Karmak's list for this account."

// CheckActivation checks that the account may read RepairOrderHeader, that the view has
// OriginalRONumber (the related-RO feature), and that the connection's branch belongs to the
// account. The state is Active or Inactive if Karmak's answers show it. Any other outcome is
// ActivationUnreachable, with a sentence that names the problem. The system status is advice: it
// provides the version, and shows that a server is offline when its look-up failed. The check makes
// up to five requests.
func (c *Client) CheckActivation(ctx context.Context, connection relatedro.Connection) relatedro.Activation {
	s, failure := c.session(connection)
	if failure != nil {
		return relatedro.Activation{State: relatedro.ActivationUnreachable, Message: c.Sentence(connection, failure.Reason)}
	}
	branchKnown, err := c.checkFeature(ctx, s)
	var report status
	if s.face.proven() {
		// The activation result must not wait for the status.
		advice, cancel := relatedro.WithReserve(ctx, 2, time.Minute)
		defer cancel()
		report, _ = c.status(advice, s, CallStatus)
	}
	if reason := failureOf(err).Reason; report.offline() && (reason == relatedro.DMSError || reason == relatedro.Unreachable) {
		err = &relatedro.Failure{Reason: relatedro.DealerOffline, Err: err}
	} else if s.face.statuses() == nil {
		err = c.diagnose(ctx, s, err)
	}
	a := relatedro.Activation{State: relatedro.Active, Version: string(report.FusionVersion)}
	switch reason := failureOf(err).Reason; {
	case err == nil && branchKnown:
		fusion := strings.TrimSpace("Karmak Fusion " + a.Version)
		a.Message = fusion + " is online, and alternate RO numbers are active for this account."
	case err == nil:
		a.State, a.Message = relatedro.Inactive, noSuchBranch
	case reason == relatedro.NotActivated:
		a.State, a.Message = relatedro.Inactive, c.Sentence(connection, reason)
	default:
		a.State, a.Message = relatedro.ActivationUnreachable, c.Sentence(connection, reason)
	}
	return a
}

// checkFeature requests rows of the view and reports whether the session's branch belongs to the
// account. If Karmak does not list the branches, a row at the branch proves it. An account without
// any rows is new, and its branch is accepted.
func (c *Client) checkFeature(ctx context.Context, s *session) (branchKnown bool, err error) {
	rows, err := c.sample(ctx, s, "")
	if err != nil || s.branch == "" {
		return true, err
	}
	if branches, err := c.branches(ctx, s); err == nil && len(branches) > 0 {
		return slices.ContainsFunc(branches, func(b relatedro.Branch) bool { return strings.EqualFold(b.Code, s.branch) }), nil
	}
	found, err := c.sample(ctx, s, s.branch)
	return len(found) > 0 || len(rows) == 0, err
}

// sample requests a few rows of the view, filtered by branch if branch is not empty.
func (c *Client) sample(ctx context.Context, s *session, branch string) ([]row, error) {
	url := lookupURL(s.face.views()+headerView, atBranch("", branch), numberColumn+","+originColumn, 10) + "1"
	return c.rows(ctx, s, url, request{kind: CallActivation})
}

// Branches returns the account's active branches from Karmak's list, sorted by code. Fusion before
// 3.62.00 has no such list, and the newer interface has none at all, so the latter fails with
// BranchesUnlisted. The error is a *relatedro.Failure.
func (c *Client) Branches(ctx context.Context, connection relatedro.Connection) ([]relatedro.Branch, error) {
	s, failure := c.session(connection)
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

// decodeBranches reads an answer of unityapi/Branch. It skips branches without a code.
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
