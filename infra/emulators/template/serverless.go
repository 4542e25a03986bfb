package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// whole is an integer that may be written as a string: Ref of a Number parameter is a string.
type whole int

// UnmarshalJSON accepts 50 and "50".
func (w *whole) UnmarshalJSON(text []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(text), `"`))
	if err != nil {
		return fmt.Errorf("%s is not a whole number", text)
	}
	*w = whole(n)
	return nil
}

func (b *builder) addAPI(id string, properties map[string]any) error {
	var p struct {
		Auth struct {
			DefaultAuthorizer string
			Authorizers       map[string]struct {
				IdentitySource   string
				JwtConfiguration struct {
					Issuer   string   `json:"issuer"`
					Audience []string `json:"audience"`
				}
			}
		}
		DefinitionBody struct {
			OpenAPI string         `json:"openapi"`
			Info    any            `json:"info"`
			Paths   map[string]any `json:"paths"`
			CORS    *struct {
				CORS
				MaxAge whole
			} `json:"x-amazon-apigateway-cors"`
		}
		DefaultRouteSettings struct {
			ThrottlingRateLimit, ThrottlingBurstLimit whole
			DetailedMetricsEnabled                    any
		}
		FailOnWarnings bool
	}
	drop(properties, "Description", "Name", "AccessLogSettings", "Tags")
	if err := decode(properties, &p); err != nil {
		return err
	}
	api := &API{
		LogicalID: id, Authorizers: map[string]Authorizer{},
		Rate: float64(p.DefaultRouteSettings.ThrottlingRateLimit), Burst: int(p.DefaultRouteSettings.ThrottlingBurstLimit),
	}
	for name, a := range p.Auth.Authorizers {
		if a.IdentitySource != "$request.header.Authorization" {
			return fmt.Errorf("authorizer %s: the local stack does not support identity source %s", name, a.IdentitySource)
		}
		api.Authorizers[name] = Authorizer{
			IdentitySource: a.IdentitySource, Issuer: a.JwtConfiguration.Issuer, Audience: a.JwtConfiguration.Audience,
		}
	}
	if len(p.DefinitionBody.Paths) > 0 {
		return errors.New("DefinitionBody: the local stack takes routes only from the functions' events")
	}
	if c := p.DefinitionBody.CORS; c != nil {
		api.CORS = &c.CORS
		api.CORS.MaxAge = int(c.MaxAge)
	}
	b.apis[id] = api
	if name := p.Auth.DefaultAuthorizer; name != "" {
		if _, ok := api.Authorizers[name]; !ok {
			return fmt.Errorf("no authorizer %s", name)
		}
		b.defaultAuthorizer[id] = name
	}
	return nil
}

type functionProperties struct {
	FunctionName                 string
	Handler, Runtime, CodeUri    string
	Description                  string
	Architectures                []string
	Timeout, MemorySize          whole
	ReservedConcurrentExecutions whole
	Environment                  struct{ Variables map[string]any }
	Events                       map[string]struct {
		Type       string
		Properties json.RawMessage
	}
	// Only relevant on AWS.
	Role, Policies, LoggingConfig, Tracing, Tags, EphemeralStorage, SnapStart                     any
	AutoPublishAlias, AutoPublishCodeSha256, DeploymentPreference, VersionDescription             any
	PermissionsBoundary, EventInvokeConfig, RuntimeManagementConfig, ProvisionedConcurrencyConfig any
}

func (b *builder) addFunction(id string, properties map[string]any) error {
	var p functionProperties
	p.Timeout, p.MemorySize = 3, 128 // Lambda's defaults
	if err := decode(withGlobals(b.global, properties), &p); err != nil {
		return err
	}
	if p.Runtime != "provided.al2023" {
		return fmt.Errorf("the local stack does not support runtime %s", p.Runtime)
	}
	name, err := b.physicalName(id)
	if err != nil {
		return err
	}
	environment := make(map[string]string, len(p.Environment.Variables))
	for variable, value := range p.Environment.Variables {
		environment[variable] = scalarText(value)
	}
	b.stack.Functions = append(b.stack.Functions, Function{
		LogicalID: id, Name: name, Package: packageOf(id),
		ARN:      b.arn(typeFunction, name),
		Timeout:  time.Duration(p.Timeout) * time.Second,
		MemoryMB: int(p.MemorySize), Environment: environment, Reserved: int(p.ReservedConcurrentExecutions),
	})
	for _, event := range slices.Sorted(maps.Keys(p.Events)) {
		if kind := p.Events[event].Type; kind != "HttpApi" {
			return fmt.Errorf("event %s: the local stack does not support type %s", event, kind)
		}
		if err := b.addRoute(id, p.Events[event].Properties); err != nil {
			return fmt.Errorf("event %s: %w", event, err)
		}
	}
	return nil
}

func (b *builder) addRoute(function string, properties json.RawMessage) error {
	var p struct {
		ApiId, Method, Path  string
		PayloadFormatVersion string
		Auth                 struct{ Authorizer string }
		TimeoutInMillis      any
	}
	var object map[string]any
	if err := json.Unmarshal(properties, &object); err != nil {
		return err
	}
	if err := decode(object, &p); err != nil {
		return err
	}
	if p.PayloadFormatVersion != "" && p.PayloadFormatVersion != "2.0" {
		return fmt.Errorf("the local stack does not support payload format %s", p.PayloadFormatVersion)
	}
	for id, api := range b.apis {
		physical, err := b.physicalName(id)
		if err != nil {
			return err
		}
		if p.ApiId != physical {
			continue
		}
		route := Route{Method: strings.ToUpper(p.Method), Path: p.Path, Function: function, Authorizer: p.Auth.Authorizer}
		switch route.Authorizer {
		case "":
			route.Authorizer = b.defaultAuthorizer[id]
		case "NONE":
			route.Authorizer = ""
		default:
			return fmt.Errorf("the local stack does not support a route's own authorizer, %s", route.Authorizer)
		}
		api.Routes = append(api.Routes, route)
		return nil
	}
	return fmt.Errorf("no API %s", p.ApiId)
}

// withGlobals merges like SAM: maps are merged, lists concatenated, and any other value is replaced
// by the function's own.
func withGlobals(global, own map[string]any) map[string]any {
	merged := maps.Clone(global)
	if merged == nil {
		merged = map[string]any{}
	}
	for key, value := range own {
		merged[key] = merge(merged[key], value)
	}
	return merged
}

func merge(global, own any) any {
	switch own := own.(type) {
	case map[string]any:
		if global, ok := global.(map[string]any); ok {
			return withGlobals(global, own)
		}
	case []any:
		if global, ok := global.([]any); ok {
			return append(slices.Clone(global), own...)
		}
	}
	return own
}
