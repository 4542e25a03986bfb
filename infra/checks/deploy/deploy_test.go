package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"related-ro/pkg/karmak/karmaktest"
)

// translated returns the CloudFormation template of a stack that uses the given Karmak, and the
// effective parameters.
func translated(t *testing.T, karmak *karmaktest.Server) (template object, parameters map[string]string) {
	t.Helper()
	template, parameters, err := shared.translate(t.Context(), shared.parameters(karmak))
	if err != nil {
		t.Fatal(err)
	}
	return template, parameters
}

func TestTemplateHasNoCircle(t *testing.T) {
	template, _ := translated(t, newKarmak(t))
	if found := circle(template); found != nil {
		t.Errorf("CloudFormation rejects the cycle %s", strings.Join(found, " → "))
	}
}

// cfn-lint finds cycles and invalid bodies only in the translated template, not in the SAM
// template.
func TestTranslatedTemplateIsLinted(t *testing.T) {
	template, _ := translated(t, newKarmak(t))
	text, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "template.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), filepath.Join(shared.venv, "bin", "cfn-lint"), "--regions", region, "--format", "json",
		"--", path)
	said, err := command.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var findings []struct {
		Rule    struct{ ID string }
		Message string
	}
	if err := json.Unmarshal(said, &findings); err != nil {
		t.Fatalf("cfn-lint says %s: %v", said, err)
	}
	for _, f := range findings {
		if unused, _ := strings.CutPrefix(f.Message, "Parameter "); f.Rule.ID == "W2001" &&
			slices.Contains(spent(), strings.TrimSuffix(unused, " not used.")) {
			continue
		}
		t.Errorf("cfn-lint: %s %s", f.Rule.ID, f.Message)
	}
}

// spent returns the parameters whose values the translator inserts, so that CloudFormation sees no
// use of them.
func spent() []string { return []string{"DeploymentType"} }

func TestStackRunsTheStory(t *testing.T) {
	before, after := newKarmak(t), newKarmak(t)
	template, parameters := translated(t, before)
	routes := routesOf(template)
	s := create(t, "story", template, parameters, before)
	if err := s.story(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, route := range routes {
		if !s.hasAsked(route) {
			t.Errorf("no step of the story calls %s", route)
		}
	}
	if err := changeKarmak(t.Context(), s, after); err != nil {
		t.Errorf("change a parameter: %v", err)
	}
}

// changeKarmak updates the stack to use another Karmak, and checks that a queue's function and a
// function behind the API both use it.
func changeKarmak(ctx context.Context, s *system, after *karmaktest.Server) error {
	template, parameters, err := s.world.translate(ctx, s.world.parameters(after))
	if err != nil {
		return err
	}
	if err := adapt(template); err != nil {
		return err
	}
	if _, err := s.world.cloud.apply(ctx, "story", template, parameters); err != nil {
		return err
	}
	s.KarmakURL = after.URL
	if err := s.Control(ctx, "POST", "load", s.world.data.Karmak, nil); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, stepPatience)
	defer cancel()
	for _, part := range []step{{"export", another}, {"settings", setUp}} {
		requests := after.Counts().Total
		if err := part.do(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		if after.Counts().Total == requests {
			return fmt.Errorf("%s still uses the previous Karmak: the alias runs the old version", part.name)
		}
	}
	return nil
}

// CloudFormation rules reject invalid parameters before any resource is created.
func TestRulesRejectParameters(t *testing.T) {
	parameters := shared.parameters(newKarmak(t))
	parameters["FunctionTimeout"] = "120"
	template, parameters, err := shared.translate(t.Context(), parameters)
	if err != nil {
		t.Fatal(err)
	}
	if err := adapt(template); err != nil {
		t.Fatal(err)
	}
	_, err = shared.cloud.apply(t.Context(), "ruled", template, parameters)
	if err == nil || !strings.Contains(err.Error(), "VisibilityTimeout must be at least") {
		t.Errorf("error %v, want the rule's", err)
	}
}

// The story depends on the template: without one permission, variable or route, the expected step
// fails.
func TestStoryNeedsEachPartOfTheTemplate(t *testing.T) {
	for _, tt := range []struct {
		name, step, says string
		take             func(resources map[string]any)
	}{
		{"a permission", "export", "credentials_unavailable", func(resources map[string]any) {
			withoutAction(resources, "ExportRole", "secretsmanager:GetSecretValue")
		}},
		{"a stream", "events", "wait for events", func(resources map[string]any) { delete(resources, "NotifyEvents") }},
		{"a variable", "settings", "", func(resources map[string]any) {
			environment := properties(resources, "AdminFunction")["Environment"].(object)
			delete(environment["Variables"].(object), "KARMAK_BASE_URL")
		}},
		{"a route", "read", "/v1/search", func(resources map[string]any) {
			delete(properties(resources, "Api")["Body"].(object)["paths"].(object), "/v1/search")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			karmak := newKarmak(t)
			template, parameters := translated(t, karmak)
			tt.take(template["Resources"].(map[string]any))
			s := create(t, "without-"+strings.ReplaceAll(tt.name, "a ", ""), template, parameters, karmak)
			err := s.story(t.Context())
			if err == nil || !strings.HasPrefix(err.Error(), tt.step+": ") || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("the story says %v, want an error of step %q with %q", err, tt.step, tt.says)
			}
		})
	}
}

// withoutAction removes an action from the policies of a role.
func withoutAction(resources map[string]any, role, action string) {
	for _, p := range properties(resources, role)["Policies"].([]any) {
		document := p.(object)["PolicyDocument"].(object)
		document["Statement"] = slices.DeleteFunc(document["Statement"].([]any), func(s any) bool {
			return slices.Contains(listOf(s.(object)["Action"]), any(action))
		})
	}
}

// create adapts a translated template, creates a stack from it and returns the system.
func create(t *testing.T, name string, template object, parameters map[string]string, karmak *karmaktest.Server) *system {
	t.Helper()
	if err := adapt(template); err != nil {
		t.Fatal(err)
	}
	outputs, err := shared.cloud.apply(t.Context(), name, template, parameters)
	if err != nil {
		t.Fatal(err)
	}
	return newSystem(t, shared, karmak, outputs)
}

// routesOf returns the routes of a translated template's API, as "GET /v1/search".
func routesOf(template object) (routes []string) {
	body := properties(template["Resources"].(map[string]any), "Api")["Body"].(object)
	for path, methods := range body["paths"].(object) {
		for method := range methods.(object) {
			if method == anyMethod {
				method = "any"
			}
			routes = append(routes, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(routes)
	return routes
}

// hasAsked reports whether the story has sent a request to the route.
func (s *system) hasAsked(route string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	wanted, pattern, _ := strings.Cut(route, " ")
	for request := range s.asked {
		method, path, _ := strings.Cut(request, " ")
		if (method == wanted || wanted == "ANY") && fits(strings.Split(pattern, "/"), strings.Split(path, "/")) {
			return true
		}
	}
	return false
}

// fits reports whether a path matches a route's pattern.
func fits(pattern, path []string) bool {
	for i, part := range pattern {
		if strings.HasSuffix(part, "+}") {
			return len(path) > i
		}
		if len(path) <= i || part != path[i] && !strings.HasPrefix(part, "{") {
			return false
		}
	}
	return len(pattern) == len(path)
}
