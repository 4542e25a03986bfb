package stack

import (
	"context"
	"fmt"
	"time"
)

// startSchedules runs each scheduled function at the configured interval, one run at a time, until
// Close.
func (s *Stack) startSchedules() {
	if s.options.Every == 0 {
		return
	}
	for _, schedule := range s.Template.Schedules {
		s.running.Go(func() {
			tick := time.NewTicker(s.options.Every)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					_ = s.invoke(s.up, schedule.Function) // the next run catches up, as on AWS
				case <-s.up.Done():
					return
				}
			}
		})
	}
}

// Follow runs each scheduled function once and returns when all have ended.
func (s *Stack) Follow(ctx context.Context) error {
	for _, schedule := range s.Template.Schedules {
		if err := s.invoke(ctx, schedule.Function); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stack) invoke(ctx context.Context, function string) error {
	result, err := s.functions[function].Invoke(ctx, []byte("{}"))
	if err == nil && result.FunctionError != "" {
		err = fmt.Errorf("%s: %s", result.FunctionError, result.Payload)
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", function, err)
	}
	return nil
}
