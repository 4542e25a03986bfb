package main

import (
	"fmt"
	"slices"
	"strings"

	"related-ro/infra/checks/sam/samconfig"
	"related-ro/pkg/boot"
)

type alarmProperties struct {
	AlarmName               value
	AlarmDescription        string
	AlarmActions, OKActions values
	TreatMissingData        string
	Statistic, Threshold    value
	Period                  value
	EvaluationPeriods       value
	DatapointsToAlarm       value
	metric
	Metrics []struct {
		MetricStat *struct{ Metric metric }
	}
}

// metric identifies one metric.
type metric struct {
	Namespace, MetricName string
	Dimensions            []struct {
		Name  string
		Value value
	}
}

// dimension returns a dimension's value; it is empty if the metric does not have the dimension.
func (m metric) dimension(name string) string {
	for _, d := range m.Dimensions {
		if d.Name == name {
			return string(d.Value)
		}
	}
	return ""
}

// all returns every metric that the alarm uses.
func (a alarmProperties) all() []metric {
	if a.MetricName != "" {
		return []metric{a.metric}
	}
	var all []metric
	for _, m := range a.Metrics {
		if m.MetricStat != nil {
			all = append(all, m.MetricStat.Metric)
		}
	}
	return all
}

const alarmType = "AWS::CloudWatch::Alarm"

// alarms checks that each alarm notifies exactly one topic, when it starts and when it ends, and
// that the runbook describes it.
func alarms(f *formation, runbook map[string]bool) (problems []string) {
	described := make(map[string]bool)
	each(f, alarmType, func(id string, _ resource, a alarmProperties) {
		topics := []string{"PageTopic", "TicketTopic"}
		if len(a.AlarmActions) != 1 || !slices.Contains(topics, string(a.AlarmActions[0])) || !slices.Equal(a.AlarmActions, a.OKActions) {
			problems = append(problems, id+" does not notify one topic of its begin and end")
		}
		_, anchor, found := strings.Cut(a.AlarmDescription, "infra/docs/runbook.md#")
		if !found || !runbook[anchor] {
			problems = append(problems, fmt.Sprintf("%s leads to %q, which the runbook does not have", id, anchor))
		}
		described[anchor] = true
		if a.TreatMissingData == "" {
			problems = append(problems, id+" does not say what missing data mean")
		}
	})
	for anchor := range runbook {
		if strings.HasSuffix(anchor, "alarm") && !described[anchor] {
			problems = append(problems, "the runbook has "+anchor+", which is no alarm")
		}
	}
	return problems
}

// metricsExist checks that the functions write every metric that an alarm uses with exactly the
// alarm's dimensions.
func metricsExist(f *formation, groups map[string][][]string) (problems []string) {
	each(f, alarmType, func(id string, _ resource, a alarmProperties) {
		if len(a.all()) == 0 {
			problems = append(problems, id+" looks at nothing")
		}
		for _, m := range a.all() {
			if m.Namespace != boot.Namespace {
				continue
			}
			var names []string
			for _, d := range m.Dimensions {
				names = append(names, d.Name)
			}
			slices.Sort(names)
			if !slices.ContainsFunc(groups[m.MetricName], func(group []string) bool { return slices.Equal(group, names) }) {
				problems = append(problems, fmt.Sprintf("%s: the functions do not keep %s by %v", id, m.MetricName, names))
			}
			if m.dimension("Stack") != "AWS::StackName" {
				problems = append(problems, id+" mixes stacks")
			}
		}
	})
	return problems
}

// subject is a metric with the dimension that identifies its subject.
type subject struct{ metric, dimension, value string }

// watched reports whether an alarm that notifies the topic uses the metric.
func watched(f *formation, topic string, s subject) (found bool) {
	each(f, alarmType, func(_ string, _ resource, a alarmProperties) {
		for _, m := range a.all() {
			found = found || m.MetricName == s.metric && (s.dimension == "" || m.dimension(s.dimension) == s.value) &&
				slices.Contains(a.AlarmActions, value(topic))
		}
	})
	return found
}

// pagesAndTickets checks that every important metric has an alarm, and that it notifies the right
// topic.
func pagesAndTickets(f *formation) (problems []string) {
	var functions []subject
	each(f, "AWS::Lambda::Function", func(id string, _ resource, _ functionProperties) {
		functions = append(functions, subject{"Errors", "FunctionName", id}, subject{"Throttles", "FunctionName", id})
	})
	for topic, subjects := range map[string][]subject{
		"PageTopic": append(functions, []subject{
			{"Messages", "Outcome", "refused"}, {"Messages", "Outcome", "gave_up"}, {"Receives", "", ""}, {"UnreadableItems", "", ""},
			{"KarmakRequests", "Outcome", "credentials_rejected"}, {"Messages", "Reason", "credentials_unavailable"},
			{"ApproximateAgeOfOldestMessage", "QueueName", "ExportQueue.QueueName"},
			{"ApproximateAgeOfOldestMessage", "QueueName", "CloseQueue.QueueName"},
			{"NumberOfMessagesSent", "QueueName", "ExportQueue.QueueName"}, {"NumberOfMessagesSent", "QueueName", "CloseQueue.QueueName"},
			{"NumberOfMessagesSent", "QueueName", "RefreshQueue.QueueName"},
			{"EventAge", "Function", "export"}, {"EventAge", "Function", "close"}, {"EventAge", "Function", "refresh"},
			{"5xx", "ApiId", "Api"}, {"WriteThrottleEvents", "TableName", "Table"},
			{"IteratorAge", "FunctionName", "NotifyFunction"},
			{"ApproximateNumberOfMessagesVisible", "QueueName", "NotifyDeadLetterQueue.QueueName"},
		}...),
		"TicketTopic": {
			{"Messages", "Reason", "not_activated"}, {"Messages", "Reason", "account_not_permitted"},
			{"ApproximateNumberOfMessagesVisible", "QueueName", "ExportDeadLetterQueue.QueueName"},
			{"ApproximateNumberOfMessagesVisible", "QueueName", "CloseDeadLetterQueue.QueueName"},
			{"ApproximateNumberOfMessagesVisible", "QueueName", "RefreshDeadLetterQueue.QueueName"},
			{"ApproximateAgeOfOldestMessage", "QueueName", "RefreshQueue.QueueName"},
		},
	} {
		for _, s := range subjects {
			if !watched(f, topic, s) {
				problems = append(problems, fmt.Sprintf("no alarm notifies %s of %s of %s %s", topic, s.metric, s.dimension, s.value))
			}
		}
	}
	return problems
}

// subscribed checks that each topic can have a subscriber.
func subscribed(f *formation) (problems []string) {
	topics := make(map[string]bool)
	each(f, "AWS::SNS::Subscription", func(_ string, _ resource, s struct{ TopicArn value }) { topics[string(s.TopicArn)] = true })
	each(f, "AWS::SNS::Topic", func(id string, _ resource, _ struct{}) {
		if !topics[id] {
			problems = append(problems, id+" has no subscription")
		}
	})
	return problems
}

// dashboardShowsFunctions checks that the dashboard names each function: a search for a part of
// their names would find nothing.
func dashboardShowsFunctions(f *formation) (problems []string) {
	each(f, "AWS::CloudWatch::Dashboard", func(id string, _ resource, d struct{ DashboardBody value }) {
		each(f, "AWS::Lambda::Function", func(function string, _ resource, _ functionProperties) {
			for _, metric := range []string{"Errors", "Throttles"} {
				if !strings.Contains(string(d.DashboardBody), `["AWS/Lambda", "`+metric+`", "FunctionName", "${`+function+`}"]`) {
					problems = append(problems, fmt.Sprintf("%s does not show %s of %s", id, metric, function))
				}
			}
		})
	})
	return problems
}

type deploymentGroupProperties struct {
	AlarmConfiguration        struct{ Alarms []struct{ Name value } }
	AutoRollbackConfiguration struct{ Events values }
	DeploymentConfigName      value
}

// allAtOnce is the function whose versions must not run concurrently: a page of one version would
// load files from the other.
const allAtOnce = "ConsoleFunction"

// brakes checks that a bad version stops its own deployment. The important case is a version that
// fails every message or answers 500, which Lambda counts as success.
func brakes(f *formation) (problems []string) {
	byID := make(map[string]alarmProperties)
	each(f, alarmType, func(id string, _ resource, a alarmProperties) { byID[id] = a })
	groups := make(map[string]deploymentGroupProperties)
	each(f, "AWS::CodeDeploy::DeploymentGroup", func(id string, _ resource, g deploymentGroupProperties) { groups[id] = g })
	each(f, "AWS::Lambda::Function", func(id string, _ resource, _ functionProperties) {
		group, ok := groups[id+"DeploymentGroup"]
		switch {
		case !ok:
			problems = append(problems, id+" has no deployment group")
		case id == allAtOnce && !strings.Contains(string(group.DeploymentConfigName), "AllAtOnce"):
			problems = append(problems, id+" is not deployed all at once")
		case id != allAtOnce && f.Parameters["Stage"] == "prod" && !strings.Contains(string(group.DeploymentConfigName), "Canary"):
			problems = append(problems, fmt.Sprintf("%s is deployed by %s", id, group.DeploymentConfigName))
		case !slices.Contains(group.AutoRollbackConfiguration.Events, "DEPLOYMENT_STOP_ON_ALARM"):
			problems = append(problems, id+" does not go back on an alarm")
		}
		if f.Template.Resources[id+"Aliaslive"].UpdatePolicy["CodeDeployLambdaAliasUpdate"] == nil {
			problems = append(problems, id+" has an alias that moves at once")
		}
		failed, errors := false, false
		for _, named := range group.AlarmConfiguration.Alarms {
			a := byID[string(named.Name)]
			ofVersion := func(dimension string) bool {
				return strings.HasPrefix(a.dimension(dimension), id+"Version") && strings.HasSuffix(a.dimension(dimension), ".Version")
			}
			failed = failed || a.MetricName == boot.Failed && a.dimension("Function") == folder(id) && ofVersion("Version") && a.canBrake()
			errors = errors || a.MetricName == "Errors" && ofVersion("ExecutedVersion")
			if !strings.Contains(string(a.AlarmName), "${"+samconfig.ReleaseParameter+"}") {
				problems = append(problems, fmt.Sprintf("%s: %s is the same alarm in the next deployment, and would end it if it still "+
					"sounds", id, named.Name))
			}
		}
		if !failed || !errors {
			problems = append(problems, fmt.Sprintf("%s brakes by its own failures: %t, by errors: %t", id, failed, errors))
		}
	})
	return problems
}

// canBrake reports whether an alarm over Failed fires for a version that fails everything, stays
// silent for a version that fails nothing, and fires within the shortest canary of 5 minutes.
func (a alarmProperties) canBrake() bool {
	const everything, nothing, shortestCanary = 1, 0, 5 * 60
	points := a.DatapointsToAlarm.number()
	if points == 0 {
		points = a.EvaluationPeriods.number()
	}
	return a.Statistic == "Average" && a.Threshold.number() <= everything && a.Threshold.number() > nothing &&
		points*a.Period.number() < shortestCanary
}
