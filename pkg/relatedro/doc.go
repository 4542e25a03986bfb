// Package relatedro is the product: it keeps next to each repair case the
// repair orders (ROs) that its dealer management system (DMS) made out of the
// case's own RO, or made that RO from.
//
// The package holds the words (Case, Event, RelatedRO, Settings, Retrieval), the
// rules, and the interfaces that the rules need of the outside: a DMS and a
// store. It imports only the standard library; adapters implement the
// interfaces, and the Lambda functions wire them.
//
// Start with Retriever, which turns events into stored related ROs, and Reader,
// which turns stored cases into what people see.
package relatedro
