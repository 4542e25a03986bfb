package template

import (
	"testing"
	"time"
)

func TestRate(t *testing.T) {
	for expression, want := range map[string]time.Duration{
		"rate(15 minutes)": 15 * time.Minute, "rate(1 hour)": time.Hour, "rate(1 day)": 24 * time.Hour,
		"rate(1 minutes)": 0, "rate(2 day)": 0, "rate(0 minutes)": 0, "cron(0 1 * * ? *)": 0, "15 minutes": 0, "": 0,
	} {
		if got, err := rate(expression); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %v, %v; want %v", expression, got, err, want)
		}
	}
}

func TestProjectTemplateSchedule(t *testing.T) {
	for minutes, want := range map[string]int{"15": 1, "0": 0} {
		stack := loadProject(t, map[string]string{"FollowMinutes": minutes})
		if len(stack.Schedules) != want || want == 1 && (stack.Schedules[0] != Schedule{"FollowSchedule", "FollowFunction",
			15 * time.Minute}) {
			t.Errorf("every %s minutes: %+v", minutes, stack.Schedules)
		}
	}
}
