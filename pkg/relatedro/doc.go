// Package relatedro is the product: next to each repair case it keeps the repair orders (ROs) that
// the dealer management system (DMS) made from the case's own RO, or made that RO from.
//
// The package holds the product's vocabulary (Case, Event, RelatedRO, Settings, Retrieval), its
// rules, and the interfaces that the rules need: a DMS and a store. It imports only the standard
// library. Adapters implement the interfaces, and the Lambda functions wire them together.
//
// Start with Retriever, which turns events into stored related ROs, and Reader, which turns stored
// cases into the view that people see.
package relatedro
