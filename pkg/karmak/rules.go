package karmak

import (
	"fmt"
	"strings"

	"related-ro/pkg/karmak/sentence"
	"related-ro/pkg/relatedro"
)

// Name returns "Karmak".
func (*Client) Name() string { return "Karmak" }

// CheckConnection returns an error for each missing and each invalid field of the connection.
// Unity needs an account and a user. The newer interface needs an account number alone.
func (*Client) CheckConnection(connection relatedro.Connection) (missing, wrong relatedro.FieldErrors) {
	type part struct{ field, value string }
	needed := []part{{"account", connection.Account}, {"user", connection.User}}
	switch connection.Kind {
	case "":
	case ReportDataAccess:
		needed = []part{{"accountNumber", connection.Account}}
		if connection.User != "" {
			wrong = append(wrong, &relatedro.FieldError{Field: "user", Rule: `must be empty where kind is "rda"`})
		}
	default:
		return nil, relatedro.FieldErrors{{Field: "kind", Rule: `must be "unity" or "rda"`}}
	}
	for _, part := range needed {
		switch err := relatedro.CheckID(part.field, part.value); {
		case err == nil:
		case part.value == "":
			missing = append(missing, err)
		default:
			wrong = append(wrong, err)
		}
	}
	if !branchAskable(connection.Branch) {
		wrong = append(wrong, &relatedro.FieldError{Field: "branch", Rule: fmt.Sprintf(
			"must be at most %d printable ASCII characters, without ',', '|', '[', ']' and blanks at its ends, and not NULL", maxBranch)})
	}
	return missing, wrong
}

// maxBranch is the maximum length of a branch. It leaves room for at least one number in a URL,
// although encoding may triple the length.
const maxBranch = 64

// branchAskable reports whether a filter can carry the branch: printable ASCII without the filter
// language's own characters. An empty branch, which means no branch, is valid.
func branchAskable(branch string) bool {
	foreign := func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune(",|[]", r) }
	return len(branch) <= maxBranch && branch != "NULL" && strings.TrimSpace(branch) == branch && !strings.ContainsFunc(branch, foreign)
}

// Setup explains what a location without a connection needs.
func (*Client) Setup() string {
	return "This location has no Karmak account and user yet. " +
		"Our support staff sets them up first, and Karmak must activate alternate RO numbers for the account."
}

// Sentence returns a sentence for a service manager about a failure over the connection: the
// problem and its remedy.
func (*Client) Sentence(connection relatedro.Connection, reason relatedro.Reason) string {
	return sentence.For(connection, reason)
}
