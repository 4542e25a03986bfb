package stack_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"related-ro/infra/emulators/dynamodbengine"
	"related-ro/infra/local/stack"
)

// elsewhere returns options in which one engine is another program.
func elsewhere(engine stack.Engine, endpoint string) stack.Options {
	return stack.Options{Root: root, Binaries: binaries, Elsewhere: map[stack.Engine]string{engine: endpoint}}
}

func TestTablesElsewhereOutliveTheStack(t *testing.T) {
	other := httptest.NewServer(dynamodbengine.New())
	defer other.Close()
	for range 2 { // the second stack finds the first one's table
		s, err := stack.Start(t.Context(), elsewhere(stack.DynamoDB, other.URL))
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.DynamoDBClient().ListTables(t.Context(), &awsdynamodb.ListTablesInput{})
		if err != nil || len(got.TableNames) != 1 {
			t.Errorf("tables %v, %v; want one", got, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestElsewhereMustBeAnAddressOfAnEngine(t *testing.T) {
	for name, options := range map[string]stack.Options{
		"no address":               elsewhere(stack.DynamoDB, "dynamodb"),
		"what cannot be elsewhere": elsewhere(stack.Karmak, "http://127.0.0.1:1"),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := stack.Start(t.Context(), options)
			if err == nil {
				t.Error("the stack started", s.Close())
			} else if !strings.Contains(err.Error(), "cannot stand in for") {
				t.Errorf("error %v", err)
			}
		})
	}
}
