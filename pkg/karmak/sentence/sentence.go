// Package sentence explains Karmak's failures to people. It is apart from the client, so that the
// functions that only serve the API do not link a client.
package sentence

import (
	"cmp"

	"related-ro/pkg/relatedro"
)

// ReportDataAccess is the relatedro.Connection.Kind of a dealer that Karmak has moved to its newer
// interface.
const ReportDataAccess = "rda"

// For returns a sentence for a service manager about a failure over the connection: the problem and
// its remedy.
func For(connection relatedro.Connection, reason relatedro.Reason) string {
	if sentence := reportDataSentences[reason]; connection.Kind == ReportDataAccess && sentence != "" {
		return sentence
	}
	return cmp.Or(sentences[reason], reason.Sentence())
}

// sentences explain the reasons that concern Karmak.
var sentences = map[relatedro.Reason]string{
	relatedro.Unreachable: "Karmak could not be reached. If this lasts, " +
		"please ask Karmak whether its Unity service works for this account.",
	relatedro.RateLimited: "Karmak is busy and asked us to wait.",
	relatedro.DMSError:    "Karmak answered with an error. If this lasts, please ask Karmak about it.",
	relatedro.DealerOffline: "This dealer's Karmak Fusion server is offline. Please check that the server and its Unity bridge " +
		"are running.",
	relatedro.CredentialsRejected: "Karmak refused our own sign-in. Our support staff has to mend this; " +
		"nothing is wrong at this location.",
	relatedro.CredentialsUnavailable: "Our own sign-in to Karmak could not be read. Our support staff has to mend this; " +
		"nothing is wrong at this location.",
	relatedro.UnexpectedAnswer: "Karmak's answer could not be read. Our support staff has been given the details.",
	relatedro.OutOfTime:        "Karmak takes long to answer for this account. The related ROs are fetched as soon as it has time.",
	relatedro.AccountBusy:      "Karmak is answering other questions about this account just now. Please try again in a moment.",
	relatedro.RONotFound: "Karmak does not know this RO number. Please check the RO number, " +
		"the Karmak account and the branch of this location.",
	relatedro.NotActivated: "Karmak has not activated alternate RO numbers for this account, " +
		"or its Unity user may not read repair orders. Please ask Karmak to check both.",
	relatedro.AccountNotPermitted: "Karmak does not let us read this account with this user. Please check the Karmak account and " +
		"user of this location.",
	relatedro.AmbiguousBranch: "This RO number exists at more than one Karmak branch. Please ask our support staff to set this " +
		"location's branch.",
	relatedro.FamilyTooLarge: "This RO has more related ROs than we can show. Please search for it in Karmak.",
}

// reportDataSentences take the place of others for the newer interface.
var reportDataSentences = map[relatedro.Reason]string{
	relatedro.Unreachable: "Karmak could not be reached. If this lasts, " +
		"please ask Karmak whether Report Data Access works for this account.",
	relatedro.DealerOffline: "This dealer's Karmak Fusion server does not answer. Please check that the server is running.",
	relatedro.CredentialsRejected: "Karmak refused our subscription key. Our support staff has to mend this; " +
		"nothing is wrong at this location.",
	relatedro.CredentialsUnavailable: "Our subscription key for Karmak (subscriptionKey) could not be read. Our support staff has to " +
		"mend this; nothing is wrong at this location.",
	relatedro.NotActivated: "Karmak does not let us read this account's repair orders: its account number is wrong, " +
		"or Karmak has not activated " +
		"alternate RO numbers for it. Please check the number, and ask Karmak about the rest.",
	relatedro.AccountNotPermitted: "Karmak does not let us read this account. Please check the Karmak account number of this location.",
	relatedro.BranchesUnlisted:    "Karmak's newer interface does not list an account's branches. Please take the branch code from Fusion.",
}
