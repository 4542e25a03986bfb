package dynamo_test

import (
	"context"
	"fmt"

	"related-ro/infra/checks/suite/dynamodbtest"
	"related-ro/pkg/dynamo"
	"related-ro/pkg/relatedro"
)

// Saving a case makes it searchable by each of its RO numbers.
func ExampleStore() {
	ctx := context.Background()
	if _, err := server.Client().CreateTable(ctx, dynamodbtest.Definition("example")); err != nil {
		fmt.Println(err)
		return
	}
	store := dynamo.New(server.Client(), "example")
	before := relatedro.Case{Key: relatedro.CaseKey{Location: "loc-100", Case: "case-1"}}
	next := before
	next.RO, next.Related = "50123", []relatedro.RelatedRO{{RO: "50124", Relation: relatedro.Alternate}}
	fmt.Println(store.SaveCase(ctx, before, next))

	links, _, err := store.LinksTo(ctx, "loc-100", "5012", true, "", 10)
	for _, link := range links {
		fmt.Println(link.RO, link.Key.Case, link.Own)
	}
	fmt.Println(err)
	fmt.Println(store.SaveCase(ctx, before, next)) // before is no longer the stored state
	// Output:
	// <nil>
	// 50123 case-1 true
	// 50124 case-1 false
	// <nil>
	// save case case-1 of loc-100: changed since it was read
}
