package karmak

import (
	"cmp"
	"fmt"
	"strings"

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
	return Sentence(connection, reason)
}

// Sentence is Client.Sentence without a client.
func Sentence(connection relatedro.Connection, reason relatedro.Reason) string {
	if sentence := reportDataSentences[reason]; connection.Kind == ReportDataAccess && sentence != "" {
		return sentence
	}
	return cmp.Or(sentences[reason], reason.Sentence())
}

// sentences explain the reasons that concern Karmak.
var sentences = map[relatedro.Reason]string{
	relatedro.Unreachable:            "Karmak could not be reached. If this lasts, please ask Karmak whether its Unity service works for this account.",
	relatedro.RateLimited:            "Karmak is busy and asked us to wait.",
	relatedro.DMSError:               "Karmak answered with an error. If this lasts, please ask Karmak about it.",
	relatedro.DealerOffline:          "This dealer's Karmak Fusion server is offline. Please check that the server and its Unity bridge are running.",
	relatedro.CredentialsRejected:    "Karmak refused our own sign-in. Our support staff has to mend this; nothing is wrong at this location.",
	relatedro.CredentialsUnavailable: "Our own sign-in to Karmak could not be read. Our support staff has to mend this; nothing is wrong at this location.",
	relatedro.UnexpectedAnswer:       "Karmak's answer could not be read. Our support staff has been given the details.",
	relatedro.OutOfTime:              "Karmak takes long to answer for this account. The related ROs are fetched as soon as it has time.",
	relatedro.AccountBusy:            "Karmak is answering other questions about this account just now. Please try again in a moment.",
	relatedro.RONotFound:             "Karmak does not know this RO number. Please check the RO number, the Karmak account and the branch of this location.",
	relatedro.NotActivated:           "Karmak has not activated alternate RO numbers for this account, or its Unity user may not read repair orders. Please ask Karmak to check both.",
	relatedro.AccountNotPermitted:    "Karmak does not let us read this account with this user. Please check the Karmak account and user of this location.",
	relatedro.AmbiguousBranch:        "This RO number exists at more than one Karmak branch. Please ask our support staff to set this location's branch.",
	relatedro.FamilyTooLarge:         "This RO has more related ROs than we can show. Please search for it in Karmak.",
}

// reportDataSentences take the place of others for the newer interface.
var reportDataSentences = map[relatedro.Reason]string{
	relatedro.Unreachable:            "Karmak could not be reached. If this lasts, please ask Karmak whether Report Data Access works for this account.",
	relatedro.DealerOffline:          "This dealer's Karmak Fusion server does not answer. Please check that the server is running.",
	relatedro.CredentialsRejected:    "Karmak refused our subscription key. Our support staff has to mend this; nothing is wrong at this location.",
	relatedro.CredentialsUnavailable: "Our subscription key for Karmak (subscriptionKey) could not be read. Our support staff has to mend this; nothing is wrong at this location.",
	relatedro.NotActivated: "Karmak does not let us read this account's repair orders: its account number is wrong, or Karmak has not activated " +
		"alternate RO numbers for it. Please check the number, and ask Karmak about the rest.",
	relatedro.AccountNotPermitted: "Karmak does not let us read this account. Please check the Karmak account number of this location.",
	relatedro.BranchesUnlisted:    "Karmak's newer interface does not list an account's branches. Please take the branch code from Fusion.",
}
