// Package karmak reads repair orders from Karmak Fusion through its HTTP interfaces, Unity
// and the newer Report Data Access: a [Client] is relatedro's DMS. Both have the same views;
// a face of the client says where, and proves who asks.
//
// Either is a cloud front to a Fusion server that stands at the dealer's: slow, scarce, and
// at times switched off. The client asks little, and says exactly what went wrong.
//
// Start with [New]. [Client.Families] says what a look-up costs.
//
// # Limits
//
// Tokens, circuit, pauses and the one request at a time are kept per Karmak account in
// memory, so they hold per execution environment of a Lambda function. The caller sees to
// it that no two environments ask one account at once.
//
// # Choices where Karmak publishes nothing
//
//   - RO numbers are integers in one of its views and text in others, so they are
//     compared by relatedro.CanonicalRO and listed as Karmak writes them.
//   - OriginalRONumber 0 and InvoiceNumber 0 are none: a column of integers may not know
//     NULL, and no RO is made from number 0.
//   - The texts of ROStatus are not published. A row with an invoice number or an
//     invoice date is invoiced; else one with IsROCompleted is completed; else it is
//     open.
//   - A date that is neither ISO 8601 nor MM-DD-YYYY is unknown, and so is whatever else
//     cannot be read; dates by which databases write that there is none are none.
//   - A look-up that is refused with 403, or with 400 or 404 naming the view or
//     OriginalRONumber, means that the account lacks the feature, or its user the right. A
//     403 with Retry-After is a quota.
//   - After a 5xx or 408 the system status is asked once: it tells a dealer's server that
//     is offline from trouble of Karmak's own.
//   - A token that is refused right after it was issued is Karmak's error.
//   - A 401 of the newer interface is about our subscription key. It has no status: a 504
//     that stays means that the dealer's server is away.
package karmak
