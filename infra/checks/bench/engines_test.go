package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"related-ro/pkg/boot"
	"related-ro/pkg/karmak/karmaktest"
)

// enginesVariable is the environment variable that makes the test binary serve the engines.
const enginesVariable = "BENCH_ENGINES"

// Names used in place of those of AWS and Karmak.
const (
	region                             = "us-east-1"
	accessKey, secretKey               = "bench", "bench"
	karmakClientID, karmakClientSecret = "bench-client", "bench-secret"
)

// engines are DynamoDB and Karmak in memory. They run in a separate process, so that neither their
// time nor their allocations count as the product's.
type engines struct{ DynamoDBURL, KarmakURL string }

// startEngines starts the process, which ends with the test. Its collector seldom runs during a
// measurement, unless the environment sets another GOGC.
func startEngines(tb testing.TB, environment ...string) *engines {
	tb.Helper()
	command := exec.CommandContext(tb.Context(), os.Args[0])
	command.Env = slices.Concat(os.Environ(), []string{enginesVariable + "=1", "GOGC=400"}, environment)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe() // closing it ends the process, even if this one is killed
	if err != nil {
		tb.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := command.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		input.Close()
		_ = command.Wait() // its exit status does not matter
	})
	e := &engines{}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, e)
	}
	if err != nil {
		tb.Fatalf("read the engines' addresses: %v", err)
	}
	return e
}

// dynamoDB returns a client configured as in a Lambda function.
func (e *engines) dynamoDB(options ...func(*dynamodb.Options)) *dynamodb.Client {
	credentials := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}
	return dynamodb.New(dynamodb.Options{
		Region: region, BaseEndpoint: &e.DynamoDBURL,
		HTTPClient: &http.Client{Transport: boot.NewTransport()},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
	}, options...)
}

// addAccount adds an account to Karmak, or more ROs to an existing one.
func (e *engines) addAccount(tb testing.TB, a karmaktest.Account) {
	tb.Helper()
	e.control(tb, http.MethodPost, e.KarmakURL+"/control/account", a, nil)
}

// setLatency makes every call to Karmak take the given time; 0 removes the delay.
func (e *engines) setLatency(tb testing.TB, latency time.Duration) {
	tb.Helper()
	e.control(tb, http.MethodDelete, e.KarmakURL+"/control/faults", nil, nil)
	if latency == 0 {
		return
	}
	fault := map[string]string{"kind": string(karmaktest.Latency), "latency": latency.String()}
	e.control(tb, http.MethodPost, e.KarmakURL+"/control/fault", fault, nil)
}

// counts returns the counts of the requests to Karmak.
func (e *engines) counts(tb testing.TB) (counts karmaktest.Counts) {
	tb.Helper()
	e.control(tb, http.MethodGet, e.KarmakURL+"/control/counts", nil, &counts)
	return counts
}

// restCollector collects the engines' garbage now and then turns their collector off. Collecting a
// heap of millions of items takes seconds, which must not count as the product's.
func (e *engines) restCollector(tb testing.TB) {
	tb.Helper()
	e.control(tb, http.MethodPost, e.DynamoDBURL+garbagePath, nil, nil)
}

func (e *engines) control(tb testing.TB, method, url string, in, out any) {
	tb.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		tb.Fatal(err)
	}
	answer, err := send(tb.Context(), method, url, "", body)
	if err == nil && out != nil {
		err = json.Unmarshal(answer, out)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// send returns the answer to a request; target is DynamoDB's operation, if any.
func send(ctx context.Context, method, url, target string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-Amz-Target", target)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: status %d: %s", method, url, response.StatusCode, answer)
	}
	return answer, err
}
