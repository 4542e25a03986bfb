// Package karmak reads repair orders from Karmak Fusion through its HTTP interfaces, Unity and the
// newer Report Data Access. A [Client] implements relatedro's DMS. Both interfaces have the same
// views; a face of the client provides the addresses and authenticates requests.
//
// Either interface is a cloud front to a Fusion server on the dealer's premises, which is slow,
// shared and sometimes switched off. The client sends few requests and reports each failure with an
// exact reason.
//
// Start with [New]. [Client.Families] documents the cost of a look-up.
//
// # Limits
//
// Tokens, circuits, pauses and the limit of one request at a time are kept per Karmak account in
// memory, so they apply per execution environment of a Lambda function. The caller must ensure that
// no two environments send requests to one account at the same time.
//
// # Choices where Karmak publishes nothing
//
//   - RO numbers are integers in one of its views and text in others. The client compares them by
//     relatedro.CanonicalRO and lists them as Karmak writes them.
//   - OriginalRONumber 0 and InvoiceNumber 0 mean none: a column of integers may not allow NULL,
//     and no RO is made from number 0.
//   - The texts of ROStatus are not published. A row with an invoice number or an invoice date is
//     invoiced. Otherwise, a row with IsROCompleted is completed, and any other row is open.
//   - A date that is neither ISO 8601 nor MM-DD-YYYY is unknown, as is any other value that cannot
//     be read. Dates that databases write for a missing date mean none.
//   - A look-up that is refused with 403, or with a 400 or 404 that names the view or
//     OriginalRONumber, means that the account lacks the feature or its user the permission. A 403
//     with Retry-After is a quota.
//   - After a 5xx or 408 the client requests the system status once, to distinguish a dealer's
//     server that is offline from a fault at Karmak.
//   - A token that is refused right after it was issued is Karmak's error.
//   - A 401 of the newer interface concerns our subscription key. This interface has no status: a
//     repeated 504 means that the dealer's server is offline.
package karmak
