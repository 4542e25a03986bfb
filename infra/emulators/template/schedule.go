package template

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Schedule is one enabled AWS::Scheduler::Schedule that starts a function.
type Schedule struct {
	LogicalID string
	// Function is a logical ID.
	Function string
	Every    time.Duration
}

func (b *builder) addSchedule(id string, properties map[string]any) error {
	var p struct {
		ScheduleExpression string
		State              string
		FlexibleTimeWindow struct{ Mode string }
		Target             struct {
			Arn                  string
			RoleArn, RetryPolicy any
		}
	}
	drop(properties, "Name", "Description")
	if err := decode(properties, &p); err != nil {
		return err
	}
	if p.State == "DISABLED" {
		return nil
	}
	every, err := rate(p.ScheduleExpression)
	if err != nil {
		return err
	}
	b.stack.Schedules = append(b.stack.Schedules, Schedule{LogicalID: id, Function: p.Target.Arn, Every: every})
	return nil
}

// rate parses rate(15 minutes).
func rate(expression string) (time.Duration, error) {
	units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
	inner, ok := strings.CutPrefix(strings.TrimSuffix(expression, ")"), "rate(")
	value, unit, _ := strings.Cut(inner, " ")
	n, err := strconv.Atoi(value)
	each, known := units[strings.TrimSuffix(unit, "s")]
	if !ok || err != nil || n < 1 || !known || (n == 1) == strings.HasSuffix(unit, "s") {
		return 0, fmt.Errorf("the local stack does not support schedule expression %s", expression)
	}
	return time.Duration(n) * each, nil
}

func (b *builder) checkSchedules() (problems []error) {
	for i := range b.stack.Schedules {
		s := &b.stack.Schedules[i]
		function := b.functionOf(s.Function)
		if function < 0 {
			problems = append(problems, fmt.Errorf("%s: no function %s", s.LogicalID, s.Function))
			continue
		}
		s.Function = b.stack.Functions[function].LogicalID
	}
	return problems
}
