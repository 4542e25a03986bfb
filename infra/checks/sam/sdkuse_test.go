package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestUseOfReadsLinkedOperations(t *testing.T) {
	store := t.TempDir()
	const source = `package dynamo
func (s *Store) save() { _ = types.TransactWriteItem{Put: &types.Put{}} }
func (s *Store) drop() { _ = []types.TransactWriteItem{{Delete: nil}} }
const byAsset = "GSI1"
func list() { query(byAsset) }
`
	if err := os.WriteFile(filepath.Join(store, "store.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	const sdk = " 7f T github.com/aws/aws-sdk-go-v2/service/"
	for _, tt := range []struct {
		name, symbols, want string
		index               bool
	}{
		{"an operation", sdk + "dynamodb.(*Client).GetItem\n", "dynamodb:GetItem", false},
		{"a batch needs what its messages need", sdk + "sqs.(*Client).SendMessageBatch\n", "sqs:SendMessage", false},
		{"what belongs to an operation is none", sdk + "dynamodb.(*Client).addOperationGetItemMiddlewares\n" + sdk +
			"dynamodb.(*Client).GetItem.func1\n", "", false},
		{"the parts of a transaction", sdk + "dynamodb.(*Client).TransactWriteItems\n 7f T related-ro/pkg/dynamo.(*Store).save\n",
			"dynamodb:PutItem", false},
		{"in a list too", " 7f T related-ro/pkg/dynamo.(*Store).drop\n", "dynamodb:DeleteItem", false},
		{"the index", " 7f T related-ro/pkg/dynamo.list\n", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := useOf(tt.symbols, store)
			if err != nil {
				t.Fatal(err)
			}
			if actions := strings.Join(slices.Sorted(maps.Keys(got.actions)), " "); actions != tt.want || got.index != tt.index {
				t.Errorf("%s, index %t; want %s, %t", actions, got.index, tt.want, tt.index)
			}
		})
	}
}

func TestMetricGroupsAreThoseOfTheCode(t *testing.T) {
	groups, err := metricGroups("../../../pkg/boot")
	if err != nil {
		t.Fatal(err)
	}
	for metric, want := range map[string]string{"Messages": "Outcome Stack", "Failed": "Function Stack Version",
		"Receives": "Stack"} {
		if len(groups[metric]) == 0 || strings.Join(groups[metric][0], " ") != want {
			t.Errorf("%s is kept by %v, want %s", metric, groups[metric], want)
		}
	}
}

func TestHeadingsAreAnchors(t *testing.T) {
	anchors, err := headings("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, anchor := range []string{"refusedmessagesalarm", "brakes-of-a-deployment"} {
		if !anchors[anchor] {
			t.Errorf("no anchor %s", anchor)
		}
	}
}

func TestEnvironmentReachesTheLocalStack(t *testing.T) {
	got, err := environment("../../../template.yaml", endpoints{"http://10.0.0.1:1", "http://10.0.0.1:2", "http://10.0.0.1:4",
		"http://10.0.0.1:3"}, "keys")
	if err != nil {
		t.Fatal(err)
	}
	admin := got["AdminFunction"]
	for name, want := range map[string]string{
		"AWS_ENDPOINT_URL_SQS": "http://10.0.0.1:1", "AWS_ENDPOINT_URL_DYNAMODB": "http://10.0.0.1:2",
		"KARMAK_BASE_URL": "http://10.0.0.1:3",
		"EXPORT_DLQ_URL":  "http://10.0.0.1:1/000000000000/case-export-dlq", "KARMAK_CREDENTIALS_SECRET_ID": "", "LOCAL_JWKS": "keys",
	} {
		if admin[name] != want {
			t.Errorf("%s = %q, want %q", name, admin[name], want)
		}
	}
	if notify := got["NotifyFunction"]; notify["AWS_ENDPOINT_URL_EVENTBRIDGE"] != "http://10.0.0.1:4" ||
		notify["EVENT_BUS_NAME"] != "case" {
		t.Errorf("notify has %v", notify)
	}
	if _, ok := got["ReadFunction"]["KARMAK_CLIENT_SECRET"]; ok {
		t.Error("read has Karmak's secret, which it does not use")
	}
}
