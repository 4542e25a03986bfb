package stack

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"

	"related-ro/infra/emulators/lambdaengine"
	"related-ro/infra/emulators/poller"
	"related-ro/infra/emulators/template"
)

// KarmakClientID, KarmakClientSecret and KarmakSubscriptionKey are the credentials that the
// simulated Karmak accepts. The functions receive them in place of a secret's ID.
const (
	KarmakClientID        = "local-client"
	KarmakClientSecret    = "local-secret"
	KarmakSubscriptionKey = "local-subscription"
)

const (
	// Fake credentials that the functions receive in place of a role's.
	accessKey, secretKey = "local", "local"

	// nowhere is the endpoint of every AWS service that the stack does not have: the discard port,
	// where nothing listens, so that no call leaves the machine.
	nowhere = "http://127.0.0.1:9"

	// accountConcurrency is AWS's default limit on concurrent invocations in an account, which
	// applies to a function without reserved concurrency.
	accountConcurrency = 1000

	// processes is the maximum number of local processes of such a function: more would only
	// compete for the CPU. The limit is higher if a mapping allows more concurrent events.
	processes = 10
)

// Build builds the native binaries of all functions of the project at root into the directory, with
// the Makefile's flags: no net/rpc, no local paths, no debug information. Tests that start several
// stacks build once.
func Build(ctx context.Context, root, directory string) error {
	command := exec.CommandContext(ctx, "go", "build", "-tags", "lambda.norpc", "-trimpath",
		"-ldflags", "-s -w -X related-ro/pkg/boot.Version=local", "-o", directory+string(filepath.Separator), "./functions/...")
	command.Dir = root
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build functions: %w\n%s", err, output)
	}
	return nil
}

// findBinaries locates the functions' binaries, or builds them.
func (s *Stack) findBinaries(ctx context.Context) (err error) {
	if s.options.Binaries != "" {
		if s.binaries, err = filepath.Abs(s.options.Binaries); err != nil {
			return err
		}
		for _, f := range s.Template.Functions {
			if _, err := os.Stat(filepath.Join(s.binaries, f.Package)); err != nil {
				return fmt.Errorf("find the binary of %s, built by `make build`: %w", f.LogicalID, err)
			}
		}
		return nil
	}
	if s.scratch, err = os.MkdirTemp("", "related-ro-"); err != nil {
		return fmt.Errorf("build functions: %w", err)
	}
	s.binaries = s.scratch
	return Build(ctx, s.options.Root, s.scratch)
}

func (s *Stack) makeFunctions() {
	for _, f := range s.Template.Functions {
		concurrency, most := f.Reserved, f.Reserved
		if f.Reserved == 0 {
			concurrency, most = accountConcurrency, processes
			for _, m := range s.Template.Mappings {
				if m.Function == f.LogicalID {
					most = max(most, m.MaximumConcurrency)
				}
			}
		}
		s.functions[f.LogicalID] = lambdaengine.New(lambdaengine.Config{
			Name: f.Name, ARN: f.ARN, Region: Region, Binary: filepath.Join(s.binaries, f.Package),
			Environment: s.environment(f), Timeout: f.Timeout, MemoryMB: f.MemoryMB,
			Concurrency: concurrency, Processes: most, Log: s.options.Observe.Line, Report: s.options.Observe.Report,
		})
	}
}

// environment returns the template's variables, with local replacements for AWS.
func (s *Stack) environment(f template.Function) map[string]string {
	environment := maps.Clone(f.Environment)
	if environment == nil {
		environment = map[string]string{}
	}
	if _, asksKarmak := environment["KARMAK_CREDENTIALS_SECRET_ID"]; asksKarmak {
		delete(environment, "KARMAK_CREDENTIALS_SECRET_ID")
		environment["KARMAK_CLIENT_ID"] = KarmakClientID
		environment["KARMAK_CLIENT_SECRET"] = KarmakClientSecret
		environment["KARMAK_SUBSCRIPTION_KEY"] = KarmakSubscriptionKey
	}
	environment["AWS_ACCESS_KEY_ID"] = accessKey
	environment["AWS_SECRET_ACCESS_KEY"] = secretKey
	environment["AWS_ENDPOINT_URL"] = nowhere
	environment["AWS_ENDPOINT_URL_SQS"] = s.SQSURL
	environment["AWS_ENDPOINT_URL_DYNAMODB"] = s.DynamoDBURL
	environment["AWS_ENDPOINT_URL_EVENTBRIDGE"] = s.EventsURL
	maps.Copy(environment, s.options.Environment[f.Package])
	return environment
}

// startMappings starts every event source mapping and every schedule; they run until Close.
func (s *Stack) startMappings(ctx context.Context) error {
	for _, m := range s.Template.Mappings {
		queue, _ := s.Template.Queue(m.Queue)
		s.running.Go(func() {
			poller.Run(s.up, poller.Config{
				Client: s.SQSClient(), QueueURL: queue.URL, QueueARN: queue.ARN, Region: Region,
				BatchSize: m.BatchSize, Window: m.Window, MaximumConcurrency: m.MaximumConcurrency,
				ReportBatchItemFailures: m.ReportBatchItemFailures,
				Observe:                 s.options.Observe.batch(queue.Name),
				Invoke:                  s.invoker(m.Function),
			})
		})
	}
	s.startSchedules()
	return s.startStreams(ctx)
}
