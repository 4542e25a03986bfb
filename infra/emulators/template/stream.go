package template

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"related-ro/infra/emulators/pattern"
)

// EventBus is one AWS::Events::EventBus.
type EventBus struct{ LogicalID, Name, ARN string }

// StreamMapping is one AWS::Lambda::EventSourceMapping from a table's stream to a function.
type StreamMapping struct {
	LogicalID string
	// Table, Function and OnFailure are logical IDs; OnFailure is a queue and may be empty.
	Table, Function, OnFailure string
	StartingPosition           string
	BatchSize                  int
	Window                     time.Duration
	Filters                    []pattern.Pattern
	Bisect                     bool
	// MaximumRetryAttempts and MaximumRecordAge are negative if unlimited.
	MaximumRetryAttempts    int
	MaximumRecordAge        time.Duration
	ReportBatchItemFailures bool
}

func (b *builder) addBus(id string, properties map[string]any) error {
	name, err := b.physicalName(id)
	if err != nil {
		return err
	}
	drop(properties, "Name", "Description", "Tags")
	if err := decode(properties, &struct{}{}); err != nil {
		return err
	}
	b.stack.Buses = append(b.stack.Buses, EventBus{
		LogicalID: id, Name: name, ARN: b.arn(typeBus, name),
	})
	return nil
}

// isStream reports whether an event source is a table's stream.
func isStream(properties map[string]any) bool {
	arn, _ := properties["EventSourceArn"].(string)
	return strings.HasPrefix(arn, "arn:aws:dynamodb:")
}

func (b *builder) addStreamMapping(id string, properties map[string]any) error {
	var p struct {
		EventSourceArn, FunctionName   string
		StartingPosition               string
		BatchSize                      whole
		MaximumBatchingWindowInSeconds whole
		BisectBatchOnFunctionError     bool
		MaximumRetryAttempts           whole
		MaximumRecordAgeInSeconds      whole
		FunctionResponseTypes          []string
		FilterCriteria                 struct{ Filters []struct{ Pattern string } }
		DestinationConfig              struct{ OnFailure struct{ Destination string } }
	}
	// Lambda's defaults for streams
	p.BatchSize, p.MaximumRetryAttempts, p.MaximumRecordAgeInSeconds = 100, -1, -1
	if err := decode(properties, &p); err != nil {
		return err
	}
	if p.StartingPosition != "TRIM_HORIZON" && p.StartingPosition != "LATEST" {
		return fmt.Errorf("StartingPosition must be TRIM_HORIZON or LATEST, not %q", p.StartingPosition)
	}
	reports, err := reportsFailures(p.FunctionResponseTypes)
	if err != nil {
		return err
	}
	mapping := StreamMapping{
		LogicalID: id, Table: p.EventSourceArn, Function: p.FunctionName, OnFailure: p.DestinationConfig.OnFailure.Destination,
		StartingPosition: p.StartingPosition, BatchSize: int(p.BatchSize), Window: seconds(p.MaximumBatchingWindowInSeconds),
		Bisect: p.BisectBatchOnFunctionError, MaximumRetryAttempts: int(p.MaximumRetryAttempts),
		MaximumRecordAge: seconds(p.MaximumRecordAgeInSeconds), ReportBatchItemFailures: reports,
	}
	for _, f := range p.FilterCriteria.Filters {
		read, err := pattern.Parse(f.Pattern)
		if err != nil {
			return fmt.Errorf("FilterCriteria: %w", err)
		}
		mapping.Filters = append(mapping.Filters, read)
	}
	b.stack.StreamMappings = append(b.stack.StreamMappings, mapping)
	return nil
}

func seconds(n whole) time.Duration { return time.Duration(n) * time.Second }

// reportsFailures parses FunctionResponseTypes.
func reportsFailures(kinds []string) (bool, error) {
	for _, kind := range kinds {
		if kind != "ReportBatchItemFailures" {
			return false, fmt.Errorf("the local stack does not support response type %s", kind)
		}
	}
	return len(kinds) > 0, nil
}

// checkStreams replaces the resolved names in stream mappings with the logical IDs of tables,
// functions and queues.
func (b *builder) checkStreams() (problems []error) {
	for i := range b.stack.StreamMappings {
		m := &b.stack.StreamMappings[i]
		table := slices.IndexFunc(b.stack.Tables, func(t Table) bool { return streamARN(t.ARN) == m.Table })
		function := b.functionOf(m.Function)
		if table < 0 || function < 0 || b.stack.Tables[table].Definition.StreamSpecification == nil {
			problems = append(problems, fmt.Errorf("%s: no stream %s or no function %s", m.LogicalID, m.Table, m.Function))
			continue
		}
		m.Table, m.Function = b.stack.Tables[table].LogicalID, b.stack.Functions[function].LogicalID
		if m.OnFailure == "" {
			continue
		}
		queue := slices.IndexFunc(b.stack.Queues, func(q Queue) bool { return q.ARN == m.OnFailure })
		if queue < 0 {
			problems = append(problems, fmt.Errorf("%s: no queue %s to send failures to", m.LogicalID, m.OnFailure))
			continue
		}
		m.OnFailure = b.stack.Queues[queue].LogicalID
	}
	return problems
}

// functionOf returns the index of the function that a mapping names by name, ARN or qualified ARN;
// it is negative if there is none.
func (b *builder) functionOf(name string) int {
	return slices.IndexFunc(b.stack.Functions, func(f Function) bool {
		return f.Name == name || f.ARN == name || strings.HasPrefix(name, f.ARN+":")
	})
}

// streamARN is the result of GetAtt StreamArn here. AWS has the stream's creation time in place of
// "local".
func streamARN(table string) string { return table + "/stream/local" }
