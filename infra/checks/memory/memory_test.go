package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"related-ro/infra/checks/tools"
	"related-ro/infra/emulators/template"
	"related-ro/infra/local/platform"
	"related-ro/infra/local/stack"
	"related-ro/pkg/dynamo"
	"related-ro/pkg/relatedro"
)

const (
	root     = "../../.."
	location = "loc-1"
	// most is the number of related ROs, with names of ordinary length, that fit into an item of
	// 400 KB, DynamoDB's limit.
	most = 900
)

// mustHaveCgroup returns a cgroup. If the machine cannot create one, the test is skipped, except in
// CI, which runs as root and where the test fails.
func mustHaveCgroup(t *testing.T, mb int) *cgroup {
	t.Helper()
	c, err := newCgroup(mb)
	if err != nil {
		if tools.MustHave() {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := c.remove(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// take makes a program, which must be a shell, allocate the given number of MB.
func take(t *testing.T, program string, mb int) error {
	t.Helper()
	command := exec.CommandContext(t.Context(), program)
	command.Stdin = strings.NewReader(fmt.Sprintf("x=$(head -c %d /dev/zero | tr '\\0' x); test ${#x} -gt 0", mb<<20))
	return command.Run()
}

// world is a stack whose functions run in cgroups with the memory sizes from the template.
type world struct {
	*testing.T
	stack  *stack.Stack
	groups map[string]*cgroup // by name of the function's package
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // enough for a cold build cache
	defer cancel()
	loaded, err := template.Load(filepath.Join(root, "template.yaml"), template.Config{
		StackName: "memory", Region: stack.Region, AccountID: "000000000000", QueueBaseURL: "http://127.0.0.1:9",
		Parameters: map[string]string{
			"KarmakBaseUrl":              "http://127.0.0.1:9",
			"KarmakCredentialsSecretArn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:karmak-AbCdEf",
			"ProducerPrincipal":          "arn:aws:iam::000000000000:root", "JwtIssuer": "https://issuer.invalid", "JwtAudience": "api",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, groups: map[string]*cgroup{}}
	binaries, programs := t.TempDir(), t.TempDir()
	for _, f := range loaded.Functions {
		w.groups[f.Package] = mustHaveCgroup(t, f.MemoryMB)
		if err := w.groups[f.Package].wrap(filepath.Join(programs, f.Package), filepath.Join(binaries, f.Package)); err != nil {
			t.Fatal(err)
		}
	}
	if err := stack.Build(ctx, root, binaries); err != nil {
		t.Fatal(err)
	}
	if w.stack, err = stack.Start(ctx, stack.Options{Root: root, Binaries: programs}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // registered last, so that it runs before the cgroups are removed
		if err := w.stack.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// answers sends the same request the given number of times in sequence, as a user with the role
// support, and returns the last response body. It repeats the request because the time of garbage
// collection varies. Every response must be 200: if a function is killed, the gateway responds with
// 500.
func (w *world) answers(times int, pkg, method, path, body string) (last []byte) {
	w.Helper()
	token, err := w.stack.Token("support", "*")
	if err != nil {
		w.Fatal(err)
	}
	for i := range times {
		request, err := http.NewRequestWithContext(w.Context(), method, w.stack.APIURL+path, strings.NewReader(body))
		if err != nil {
			w.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			w.Fatal(err)
		}
		last, err = io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			w.Errorf("request %d: %d %s %v", i+1, response.StatusCode, last[:min(len(last), 200)], err)
		}
	}
	w.Logf("%s: peak memory %d MB", pkg, w.groups[pkg].peakMB())
	if w.Failed() {
		w.FailNow() // an error response has another format
	}
	return last
}

func TestReadOf100LargeCases(t *testing.T) {
	w := newWorld(t)
	for related, times := range map[int]int{200: 8, most: 3} {
		t.Run(fmt.Sprint(related), func(t *testing.T) {
			var asked []string
			for _, id := range w.storeCases(t, 100, related) {
				asked = append(asked, fmt.Sprintf(`{"locationId":%q,"caseId":%q}`, location, id))
			}
			var answer struct {
				Cases []struct {
					Found        bool
					RelatedCount int
				}
			}
			body := w.answers(times, "read", "POST", "/v1/related-ros/batch-get", `{"cases":[`+strings.Join(asked, ",")+`]}`)
			if err := json.Unmarshal(body, &answer); err != nil {
				t.Fatal(err)
			}
			if len(answer.Cases) != 100 || !answer.Cases[99].Found || answer.Cases[99].RelatedCount != related {
				t.Errorf("%d cases, the last %+v", len(answer.Cases), answer.Cases[len(answer.Cases)-1])
			}
		})
	}
}

// storeCases stores cases of one asset and returns their IDs.
func (w *world) storeCases(t *testing.T, count, related int) (ids []string) {
	t.Helper()
	client, table := w.stack.DynamoDBClient(), w.stack.Template.Tables[0].Name
	id := func(i int) string { return fmt.Sprintf("case-%d-%d", related, i) }
	one := relatedro.Case{
		Key: relatedro.CaseKey{Location: location, Case: id(0)}, Number: "1", Asset: "asset-1", RO: "50123", Status: relatedro.CaseExported,
		FirstEventAt: time.Now(), Retrieval: relatedro.Retrieval{Outcome: relatedro.OutcomeOK, Trigger: relatedro.TriggerExport,
			RetrievedAt: time.Now()},
	}
	for i := range related {
		one.Related = append(one.Related, relatedro.RelatedRO{
			RO: strconv.Itoa(60000 + i), MadeFrom: "50123", Relation: relatedro.Alternate, Status: relatedro.ROInvoiced,
			BillTo: "Northern Freight Lines of Upper Michigan", Warranty: true, InvoiceNumber: "INV-" + strconv.Itoa(70000+i),
			OpenedAt: "2026-11-20T08:30:00", InvoicedAt: "2026-11-21T08:30:00",
		})
	}
	if err := dynamo.New(client, table).SaveCase(t.Context(), relatedro.Case{Key: one.Key}, one); err != nil {
		t.Fatal(err)
	}
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	stored, err := client.GetItem(t.Context(), &awsdynamodb.GetItemInput{
		TableName: &table, Key: map[string]types.AttributeValue{"PK": text("LOC#" + location), "SK": text("CASE#" + id(0))},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range count {
		ids = append(ids, id(i))
		stored.Item["SK"] = text("CASE#" + id(i))
		if _, err := client.PutItem(t.Context(), &awsdynamodb.PutItemInput{TableName: &table, Item: stored.Item}); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

func TestAdminWith100LargeDeadLetters(t *testing.T) {
	w := newWorld(t)
	queue := w.stack.QueueURL("ExportDeadLetterQueue")
	padding := strings.Repeat("x", 1_000_000)
	for i := range 100 {
		body := fmt.Sprintf(`{"version":1,"id":"event-%d","locationId":%q,"caseId":"case-%d","padding":%q}`, i, location, i, padding)
		if _, err := w.stack.SQSClient().SendMessage(t.Context(),
			&awssqs.SendMessageInput{QueueUrl: &queue, MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
	}
	var answer struct {
		DeadLetters []struct{ CaseID string }
		Complete    bool
	}
	if err := json.Unmarshal(w.answers(3, "admin", "GET", "/v1/operations/dead-letters?queue=export", ""), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.DeadLetters) != 100 || !answer.Complete {
		t.Errorf("%d dead letters, complete %t", len(answer.DeadLetters), answer.Complete)
	}
	// No dead letter belongs to this location, so the function reads all of them and puts them
	// back.
	w.answers(1, "admin", "POST", "/v1/operations/dead-letters/redrive", `{"queue":"export","locationId":"loc-2"}`)
}

// The location is not set up, so that no case is fetched: this test is about reading the stored
// ones.
func TestExportOf50LargeCases(t *testing.T) {
	w := newWorld(t)
	p := w.stack.Platform()
	for _, related := range []int{200, most} {
		for _, id := range w.storeCases(t, 50, related) {
			if _, err := p.Export(t.Context(), platform.Case{LocationID: location, CaseID: id, RONumber: "50123"}); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		if err := p.AwaitEmpty(ctx); err != nil { // messages of a killed function return after minutes
			t.Error(err)
		}
		t.Logf("export of cases with %d related ROs: peak memory %d MB", related, w.groups["export"].peakMB())
	}
}
