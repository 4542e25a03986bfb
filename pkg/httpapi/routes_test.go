package httpapi

import (
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"related-ro/infra/emulators/template"
	"related-ro/pkg/relatedro"
)

func TestEveryRouteHasARule(t *testing.T) {
	endpoints := map[function]map[string]endpoint{readFunction: reads{}.endpoints(), adminFunction: administration{}.endpoints()}
	for _, r := range routes() {
		if endpoints[r.function][r.key()] == nil {
			t.Errorf("%s: no endpoint serves it", r.key())
		}
		if r.callers == denied {
			t.Errorf("%s: callers are not specified", r.key())
		}
		if r.source == unspecified {
			t.Errorf("%s: source of the location is not specified", r.key())
		}
		if named := strings.Contains(r.path, "{locationId}"); named != (r.source == inPath) {
			t.Errorf("%s: location in the path is %t, contrary to the rule", r.key(), named)
		}
		if named := slices.Contains(r.query, "locationId"); named != (r.source == inQuery) {
			t.Errorf("%s: location in the query is %t, contrary to the rule", r.key(), named)
		}
	}
}

func TestRouteWithoutARuleIsDenied(t *testing.T) {
	actor := relatedro.Actor{Roles: []relatedro.Role{relatedro.Support, relatedro.Administrator}, Everywhere: true}
	for name, r := range map[string]route{
		"no rule":    {},
		"no callers": {source: noLocation},
		"no source":  {callers: staff},
	} {
		if authorize(&request{route: r, actor: actor}) == nil {
			t.Errorf("%s: allowed", name)
		}
	}
}

// operationRules returns a line for each route: its key and the result of say, sorted.
func operationRules(say func(r route) string) []string {
	var all []string
	for _, r := range routes() {
		all = append(all, r.key()+" "+say(r))
	}
	slices.Sort(all)
	return all
}

func TestTemplateHasTheRoutes(t *testing.T) {
	stack, err := template.Load("../../template.yaml", template.Config{Parameters: map[string]string{
		"KarmakCredentialsSecretArn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:karmak-AbCdEf",
		"ProducerPrincipal":          "arn:aws:iam::000000000000:root", "JwtIssuer": "https://issuer.invalid", "JwtAudience": "a",
	}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range stack.APIs[0].Routes {
		if !strings.HasPrefix(r.Path, "/v1/") {
			continue // a route of the console, which is not part of the contract
		}
		line := r.Method + " " + r.Path + " " + strings.ToLower(strings.TrimSuffix(r.Function, "Function"))
		if r.Authorizer == "" {
			line += " open"
		}
		got = append(got, line)
	}
	slices.Sort(got)
	want := append(operationRules(func(r route) string {
		if r.callers == public {
			return string(r.function) + " open"
		}
		return string(r.function)
	}), catchAll+" read open")
	for _, line := range want {
		if path, ok := strings.CutPrefix(line, "GET "); ok {
			want = append(want, "HEAD "+path)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes that differ from template.yaml: %s", diff)
	}
}

func TestContractHasTheRoutes(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("../../infra/contracts/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			if method == "HEAD" {
				continue // the contract documents HEAD once for all GET operations
			}
			line := method + " " + path
			roles, ok := o.Extensions["x-roles"].([]any)
			if !ok {
				t.Errorf("%s has no x-roles", line)
			}
			for _, role := range roles {
				line += " " + role.(string)
			}
			for _, p := range o.Parameters {
				if p.Value.In == openapi3.ParameterInQuery {
					line += " ?" + p.Value.Name
				}
			}
			if o.RequestBody != nil && o.RequestBody.Value.Required {
				line += " body"
			} else if o.RequestBody != nil {
				line += " body?"
			}
			got = append(got, line)
		}
	}
	slices.Sort(got)
	want := operationRules(contractRule)
	for i := range want {
		want[i] = strings.Join(strings.Fields(want[i]), " ")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes that differ from openapi.yaml: %s", diff)
	}
}

// contractRule returns the roles, query parameters and body that the contract must list for a
// route.
func contractRule(r route) string {
	roles := map[callers]string{
		public: "", supportOnly: "support", managers: "administrator service_manager support",
		staff:         "administrator service_manager service_advisor field_manager support",
		locationStaff: "administrator service_manager service_advisor support",
	}
	line := roles[r.callers]
	for _, name := range r.query {
		line += " ?" + name
	}
	return line + map[content]string{noBody: "", optionalBody: " body?", requiredBody: " body"}[r.body]
}
