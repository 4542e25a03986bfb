package dynamodbengine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// readAll runs a query page by page and returns the sort keys found.
func readAll(t fatal, client *sdk.Client, in sdk.QueryInput) (found []string, pages int) {
	for {
		out, err := client.Query(t.Context(), &in)
		if err != nil {
			t.Fatalf("query: %v", err)
		}
		pages++
		for _, it := range out.Items {
			found = append(found, text(it, "SK"))
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; in.ExclusiveStartKey == nil {
			return found, pages
		}
	}
}

// A query finds the same items as a plain filter over sorted keys: in both orders, with any page
// size and key condition, after any writes and deletes, in the table and in the index.
func TestQueryAgreesWithFilter(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	sortKey := rapid.StringMatching(`[ab#]{1,4}`)
	stored := make(map[string]bool)
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(0, 4).Draw(rt, "writes") {
			sk := sortKey.Draw(rt, "write")
			stored[sk] = true
			put(t, client, table, item("PK", "p", "SK", sk, "GSI1PK", "g", "GSI1SK", sk))
		}
		if len(stored) > 0 && rapid.Bool().Draw(rt, "delete") {
			sk := sortKey.Draw(rt, "delete key")
			delete(stored, sk)
			if _, err := client.DeleteItem(t.Context(), &sdk.DeleteItemInput{TableName: &table,
				Key: item("PK", "p", "SK", sk)}); err != nil {
				rt.Fatalf("delete: %v", err)
			}
		}
		bounds := []string{sortKey.Draw(rt, "bound"), sortKey.Draw(rt, "other bound")}
		slices.Sort(bounds)
		low, high := bounds[0], bounds[1]
		condition, wanted := drawCondition(rt, low, high)
		in := sdk.QueryInput{
			TableName: &table, ScanIndexForward: aws.Bool(rapid.Bool().Draw(rt, "forward")),
			KeyConditionExpression: aws.String("PK = :p" + condition),
		}
		if rapid.Bool().Draw(rt, "index") {
			in.IndexName = aws.String("GSI1")
			in.KeyConditionExpression = aws.String(strings.NewReplacer("PK", "GSI1PK", "SK", "GSI1SK").Replace(*in.KeyConditionExpression))
		}
		_, in.ExpressionAttributeValues = usedIn(*in.KeyConditionExpression, nil,
			item(":p", map[bool]string{true: "g", false: "p"}[in.IndexName != nil], ":low", low, ":high", high))
		if limit := rapid.IntRange(0, 5).Draw(rt, "limit"); limit > 0 {
			in.Limit = aws.Int32(int32(limit))
		}
		var want []string
		for sk := range stored {
			if wanted(sk) {
				want = append(want, sk)
			}
		}
		slices.Sort(want)
		if !*in.ScanIndexForward {
			slices.Reverse(want)
		}
		if got, _ := readAll(rt, client, in); !slices.Equal(got, want) {
			rt.Fatalf("%s: got %v, want %v", *in.KeyConditionExpression, got, want)
		}
	})
}

func drawCondition(rt *rapid.T, low, high string) (condition string, wanted func(sk string) bool) {
	all := []struct {
		condition string
		wanted    func(sk string) bool
	}{
		{"", func(string) bool { return true }},
		{" AND SK = :low", func(sk string) bool { return sk == low }},
		{" AND SK < :low", func(sk string) bool { return sk < low }},
		{" AND SK <= :low", func(sk string) bool { return sk <= low }},
		{" AND SK > :low", func(sk string) bool { return sk > low }},
		{" AND SK >= :low", func(sk string) bool { return sk >= low }},
		{" AND SK BETWEEN :low AND :high", func(sk string) bool { return low <= sk && sk <= high }},
		{" AND begins_with(SK, :low)", func(sk string) bool { return strings.HasPrefix(sk, low) }},
	}
	chosen := rapid.SampledFrom(all).Draw(rt, "condition")
	return chosen.condition, chosen.wanted
}

func TestQueryPages(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	for i := range 10 {
		put(t, client, table, item("PK", "p", "SK", fmt.Sprint(i), "odd", fmt.Sprint(i%2), "filler", strings.Repeat("x", 300<<10)))
	}
	in := sdk.QueryInput{TableName: &table, KeyConditionExpression: aws.String("PK = :p"), ExpressionAttributeValues: item(":p", "p")}
	t.Run("of 1 MB", func(t *testing.T) {
		if found, pages := readAll(t, client, in); len(found) != 10 || pages != 3 {
			t.Errorf("%v in %d pages, want 10 in 3: four items of 300 KB exceed 1 MB", found, pages)
		}
	})
	t.Run("cut before the filter", func(t *testing.T) {
		in := in
		in.FilterExpression, in.Limit = aws.String("odd = :odd"), aws.Int32(1)
		in.ExpressionAttributeValues = item(":p", "p", ":odd", "1")
		found, pages := readAll(t, client, in)
		if diff := cmp.Diff([]string{"1", "3", "5", "7", "9"}, found); diff != "" || pages != 11 {
			t.Errorf("%d pages, want 11; (-want +got):\n%s", pages, diff)
		}
	})
	t.Run("of a scan", func(t *testing.T) {
		var found []string
		scan := sdk.ScanInput{TableName: &table, Limit: aws.Int32(3), ProjectionExpression: aws.String("SK")}
		for {
			out, err := client.Scan(t.Context(), &scan)
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range out.Items {
				found = append(found, text(it, "SK"))
				if len(it) != 1 {
					t.Errorf("projected %v", it)
				}
			}
			if scan.ExclusiveStartKey = out.LastEvaluatedKey; scan.ExclusiveStartKey == nil {
				break
			}
		}
		if len(found) != 10 {
			t.Errorf("found %v", found)
		}
	})
}

func TestQueryRefuses(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	tests := []struct {
		name   string
		change func(in *sdk.QueryInput)
	}{
		{"no hash key", func(in *sdk.QueryInput) { in.KeyConditionExpression = aws.String("SK = :p") }},
		{"hash key compared otherwise", func(in *sdk.QueryInput) { in.KeyConditionExpression = aws.String("PK > :p") }},
		{"sort key unequal", func(in *sdk.QueryInput) { in.KeyConditionExpression = aws.String("PK = :p AND SK <> :p") }},
		{"another attribute", func(in *sdk.QueryInput) { in.KeyConditionExpression = aws.String("PK = :p AND other = :p") }},
		{"either", func(in *sdk.QueryInput) { in.KeyConditionExpression = aws.String("PK = :p OR SK = :p") }},
		{"value of another type", func(in *sdk.QueryInput) { in.ExpressionAttributeValues = item(":p", "=1") }},
		{"value not given", func(in *sdk.QueryInput) { in.ExpressionAttributeValues = nil }},
		{"value not used", func(in *sdk.QueryInput) { in.ExpressionAttributeValues = item(":p", "p", ":q", "q") }},
		{"name not used", func(in *sdk.QueryInput) { in.ExpressionAttributeNames = map[string]string{"#n": "n"} }},
		{"reserved word", func(in *sdk.QueryInput) { in.FilterExpression = aws.String("status = :p") }},
		{"syntax", func(in *sdk.QueryInput) { in.FilterExpression = aws.String("other = ") }},
		{"key in the filter's place", func(in *sdk.QueryInput) { in.KeyConditionExpression = nil }},
		{"limit 0", func(in *sdk.QueryInput) { in.Limit = aws.Int32(0) }},
		{"no such index", func(in *sdk.QueryInput) { in.IndexName = aws.String("GSI9") }},
		{"index read consistently", func(in *sdk.QueryInput) {
			in.IndexName, in.ConsistentRead = aws.String("GSI1"), aws.Bool(true)
			in.KeyConditionExpression = aws.String("GSI1PK = :p")
		}},
		{"start of another partition", func(in *sdk.QueryInput) { in.ExclusiveStartKey = item("PK", "q", "SK", "s") }},
		{"start out of range", func(in *sdk.QueryInput) {
			in.KeyConditionExpression = aws.String("PK = :p AND begins_with(SK, :p)")
			in.ExclusiveStartKey = item("PK", "p", "SK", "s")
		}},
		{"start without sort key", func(in *sdk.QueryInput) { in.ExclusiveStartKey = item("PK", "p") }},
		{"start with more than the key", func(in *sdk.QueryInput) { in.ExclusiveStartKey = item("PK", "p", "SK", "s", "x", "y") }},
		{"start of an index without the table's key", func(in *sdk.QueryInput) {
			in.IndexName, in.KeyConditionExpression = aws.String("GSI1"), aws.String("GSI1PK = :p")
			in.ExclusiveStartKey = item("GSI1PK", "p", "GSI1SK", "s")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := &sdk.QueryInput{TableName: &table, KeyConditionExpression: aws.String("PK = :p"),
				ExpressionAttributeValues: item(":p", "p")}
			tt.change(in)
			if _, err := client.Query(t.Context(), in); code(err) != "ValidationException" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestConsumedCapacity(t *testing.T) {
	client, table := server.Client(), server.Table(t)
	big := item("PK", "p", "SK", "big", "filler", strings.Repeat("x", 5<<10))
	indexed := item("PK", "p", "SK", "s", "GSI1PK", "g", "GSI1SK", "1")
	elsewhere := item("PK", "p", "SK", "s", "GSI1PK", "g", "GSI1SK", "2")
	write := func(it map[string]types.AttributeValue) *types.ConsumedCapacity {
		out, err := client.PutItem(t.Context(), &sdk.PutItemInput{TableName: &table, Item: it,
			ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal})
		if err != nil {
			t.Fatal(err)
		}
		return out.ConsumedCapacity
	}
	read := func(consistent bool) *types.ConsumedCapacity {
		out, err := client.GetItem(t.Context(), &sdk.GetItemInput{TableName: &table, Key: item("PK", "p", "SK", "big"),
			ConsistentRead: &consistent, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal})
		if err != nil {
			t.Fatal(err)
		}
		return out.ConsumedCapacity
	}
	tests := []struct {
		name string
		got  *types.ConsumedCapacity
		want float64
	}{
		{"a put of 5 KB and a little", write(big), 6},
		{"a consistent read of it", read(true), 2},
		{"an eventually consistent one", read(false), 1},
		{"a put into the index too", write(indexed), 2},
		{"the same again", write(indexed), 1},
		{"moved in the index", write(elsewhere), 3},
	}
	for _, tt := range tests {
		if got := aws.ToFloat64(tt.got.CapacityUnits); got != tt.want {
			t.Errorf("%s: %v units, want %v", tt.name, got, tt.want)
		}
	}
}
