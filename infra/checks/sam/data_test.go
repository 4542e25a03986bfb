package main

import (
	"fmt"
	"slices"
	"strings"
)

type tableProperties struct {
	DeletionProtectionEnabled        bool
	PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }
	SSESpecification                 struct{ SSEEnabled bool }
}

func safeTable(f *formation) (problems []string) {
	each(f, "AWS::DynamoDB::Table", func(id string, r resource, table tableProperties) {
		if !table.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled {
			problems = append(problems, id+" cannot be restored to a point in time")
		}
		if !table.SSESpecification.SSEEnabled {
			problems = append(problems, id+" is not encrypted by KMS")
		}
		if f.Parameters["Stage"] == "prod" && !table.DeletionProtectionEnabled {
			problems = append(problems, id+" can be deleted in prod")
		}
		if r.DeletionPolicy != "Retain" || r.UpdateReplacePolicy != "Retain" {
			problems = append(problems, id+" goes with its stack, or a rollback of the first deployment would have to delete it against "+
				"its protection")
		}
	})
	return problems
}

type queueProperties struct {
	VisibilityTimeout, MessageRetentionPeriod value
	SqsManagedSseEnabled                      bool
	RedrivePolicy                             struct {
		DeadLetterTargetArn value
		MaxReceiveCount     value
	}
	RedriveAllowPolicy struct{ RedrivePermission string }
}

func safeQueues(f *formation) (problems []string) {
	const fourteenDays = 1209600
	each(f, "AWS::SQS::Queue", func(id string, _ resource, queue queueProperties) {
		if !queue.SqsManagedSseEnabled {
			problems = append(problems, id+" is not encrypted")
		}
		if queue.MessageRetentionPeriod.number() != fourteenDays {
			problems = append(problems, id+" does not keep messages for 14 days")
		}
		isDeadLetters := strings.Contains(id, "DeadLetter")
		if !isDeadLetters && (queue.RedrivePolicy.DeadLetterTargetArn == "" || queue.RedrivePolicy.MaxReceiveCount.number() != 200) {
			problems = append(problems, id+" has no dead-letter queue behind it after 200 receives")
		}
		if isDeadLetters && !slices.Contains([]string{"byQueue", "denyAll"}, queue.RedriveAllowPolicy.RedrivePermission) {
			problems = append(problems, id+" takes dead letters from any queue")
		}
	})
	return problems
}

type streamMappingProperties struct {
	mappingProperties
	FunctionResponseTypes      values
	BisectBatchOnFunctionError bool
	StartingPosition           string
	MaximumRecordAgeInSeconds  value
	FilterCriteria             struct{ Filters []struct{ Pattern value } }
}

// safeStreams checks that a mapping reads its stream from the beginning, and that a record that
// cannot be processed neither blocks others nor disappears: the stream itself keeps it for a day.
func safeStreams(f *formation) (problems []string) {
	const aDay = 86400
	each(f, "AWS::Lambda::EventSourceMapping", func(id string, _ resource, m streamMappingProperties) {
		age := m.MaximumRecordAgeInSeconds.number()
		switch {
		case !m.stream():
		case m.StartingPosition != "TRIM_HORIZON":
			problems = append(problems, id+" begins in the middle of the stream")
		case !m.BisectBatchOnFunctionError || !slices.Contains(m.FunctionResponseTypes, "ReportBatchItemFailures"):
			problems = append(problems, id+" fails whole batches for one record")
		case m.DestinationConfig.OnFailure.Destination == "":
			problems = append(problems, id+" passes records over unseen")
		case age < aDay/4 || age > aDay/2:
			problems = append(problems, id+" must try for 6 hours at least, and leave 12 to put right what it passes over")
		case len(m.FilterCriteria.Filters) == 0:
			problems = append(problems, id+" is called for every write")
		}
	})
	return problems
}

type busPolicyProperties struct{ Statement statement }

func busPolicy(f *formation) (problems []string) {
	policies := 0
	each(f, "AWS::Events::EventBusPolicy", func(id string, _ resource, p busPolicyProperties) {
		policies++
		s := p.Statement
		own := strings.Contains(fmt.Sprint(s.Condition), "events:creatorAccount:${aws:PrincipalAccount}")
		if fmt.Sprint(s.Principal) != "map[AWS:"+f.Parameters["ProducerPrincipal"]+"]" || slices.Contains(s.Action, "events:PutEvents") ||
			!own {
			problems = append(problems, id+" must let the case platform alone make rules, none but its own, and put no events")
		}
	})
	if policies == 0 {
		problems = append(problems, "no subscriber is allowed on the bus")
	}
	return problems
}

type queuePolicyProperties struct {
	Queues         values
	PolicyDocument policy
}

func queuePolicies(f *formation) (problems []string) {
	covered := make(map[string]bool)
	each(f, "AWS::SQS::QueuePolicy", func(id string, _ resource, p queuePolicyProperties) {
		sends, encrypted := false, false
		for _, s := range p.PolicyDocument.Statement {
			switch {
			case s.Effect == "Deny":
				encrypted = encrypted || strings.Contains(fmt.Sprint(s.Condition), "aws:SecureTransport")
			case fmt.Sprint(s.Principal) == "map[AWS:"+f.Parameters["ProducerPrincipal"]+"]" &&
				slices.Equal(s.Action.names(), []string{"sqs:SendMessage"}):
				sends = true
			default:
				problems = append(problems, fmt.Sprintf("%s lets %v do %v", id, s.Principal, s.Action))
			}
		}
		own := slices.ContainsFunc(p.Queues, func(q value) bool {
			return q == "RefreshQueue" ||
				strings.HasSuffix(string(q), "DeadLetterQueue")
		})
		if sends == own || !encrypted {
			problems = append(problems, id+" must let the case platform send, except to our own queues, and require TLS")
		}
		for _, queue := range p.Queues {
			covered[string(queue)] = true
		}
	})
	each(f, "AWS::SQS::Queue", func(queue string, _ resource, _ struct{}) {
		if !covered[queue] {
			problems = append(problems, queue+" has no policy")
		}
	})
	return problems
}

type apiProperties struct {
	Body struct {
		Paths map[string]map[string]struct{ Security []map[string]any }
	}
}

type stageProperties struct {
	AccessLogSettings struct {
		DestinationArn value
		Format         string
	}
	DefaultRouteSettings struct{ ThrottlingRateLimit, ThrottlingBurstLimit value }
}

// openRoutes returns the routes that need no token: those for monitors and for browsers before
// sign-in, and the one that answers 404.
func openRoutes() []string {
	return []string{
		"get /console", "get /console/{proxy+}", "head /console", "head /console/{proxy+}",
		"get /v1/health", "head /v1/health", "x-amazon-apigateway-any-method /v1/{proxy+}",
	}
}

func safeAPI(f *formation) (problems []string) {
	each(f, "AWS::ApiGatewayV2::Stage", func(id string, _ resource, stage stageProperties) {
		format := strings.ToLower(stage.AccessLogSettings.Format)
		if stage.AccessLogSettings.DestinationArn == "" || !strings.Contains(format, "$context.requestid") {
			problems = append(problems, id+" writes no access log")
		}
		if strings.Contains(format, "authorization") || strings.Contains(format, "querystring") {
			problems = append(problems, id+" logs what may hold a token")
		}
		if stage.DefaultRouteSettings.ThrottlingRateLimit.number() == 0 || stage.DefaultRouteSettings.ThrottlingBurstLimit.number() == 0 {
			problems = append(problems, id+" is not throttled")
		}
	})
	each(f, "AWS::ApiGatewayV2::Api", func(_ string, _ resource, api apiProperties) {
		for path, methods := range api.Body.Paths {
			for method, route := range methods {
				closed := len(route.Security) == 1 && route.Security[0]["Platform"] != nil
				if open := slices.Contains(openRoutes(), method+" "+path); method != "options" && open == closed {
					problems = append(problems, fmt.Sprintf("%s %s: asks for a token: %t", method, path, closed))
				}
			}
		}
	})
	return problems
}
