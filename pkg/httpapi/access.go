package httpapi

import (
	"errors"
	"strings"

	"related-ro/pkg/relatedro"
)

// authenticate returns the caller. It returns a 401 problem without valid credentials and a 403
// problem if the claims do not describe an actor.
func (h *Handler) authenticate(r *request) (relatedro.Actor, error) {
	claims, err := h.claims(r)
	if err != nil {
		return relatedro.Actor{}, err
	}
	actor, err := actorOf(claims)
	if err != nil {
		return relatedro.Actor{}, unclear(err)
	}
	return actor, nil
}

// claims returns the claims of the caller's token. API Gateway has verified the token; without API
// Gateway, the handler verifies it itself.
func (h *Handler) claims(r *request) (map[string]any, error) {
	authorization := r.event.Headers.Authorization
	if h.tokens != nil {
		claims, err := h.tokens.claims(authorization)
		if err != nil {
			return nil, &problem{kind: unauthenticated, detail: "The bearer token is missing or invalid."}
		}
		return claims, nil
	}
	flat := r.event.RequestContext.Authorizer.JWT.Claims
	if len(flat) == 0 {
		return nil, &problem{kind: unauthenticated, detail: "A bearer token is required."}
	}
	claims, err := gatewayClaims(flat, authorization)
	if err != nil {
		return nil, unclear(err)
	}
	return claims, nil
}

// unclear returns the problem of claims that do not describe an actor.
func unclear(err error) error {
	return &problem{kind: forbidden, detail: "The token's claims are invalid: " + err.Error() + "."}
}

// actorOf returns the actor that the claims describe. Unknown roles grant nothing.
func actorOf(claims map[string]any) (relatedro.Actor, error) {
	subject, _ := claims["sub"].(string)
	actor := relatedro.Actor{Subject: subject}
	roles, ok := names(claims["roles"])
	if !ok {
		return relatedro.Actor{}, errors.New("roles is missing or malformed")
	}
	for _, role := range roles {
		if r := relatedro.Role(role); r.Known() {
			actor.Roles = append(actor.Roles, r)
		}
	}
	if len(actor.Roles) == 0 {
		return relatedro.Actor{}, errors.New("roles contains no known role")
	}
	locations, ok := names(claims["locations"])
	if !ok {
		return relatedro.Actor{}, errors.New("locations is missing or malformed")
	}
	for _, location := range locations {
		if location == "*" {
			actor.Everywhere = true
		} else if relatedro.CheckID("locations", location) != nil {
			return relatedro.Actor{}, errors.New("locations is malformed")
		}
	}
	actor.Locations = locations
	return actor, nil
}

// authorize is the only place that decides whether a caller may use a route at a location. It
// denies by default.
func authorize(r *request) error {
	var allowed bool
	switch r.route.callers {
	case public:
		return nil
	case staff:
		allowed = len(r.actor.Roles) > 0
	case locationStaff:
		allowed = r.actor.Has(relatedro.Administrator, relatedro.ServiceManager, relatedro.ServiceAdvisor, relatedro.Support)
	case managers:
		allowed = r.actor.Has(relatedro.Administrator, relatedro.ServiceManager, relatedro.Support)
	case supportOnly:
		allowed = r.actor.Has(relatedro.Support)
	}
	if !allowed {
		return &problem{kind: forbidden, detail: "Your role does not allow this."}
	}
	switch r.route.source {
	case inPath:
		allowed = r.actor.Sees(r.event.PathParameters["locationId"])
	case inQuery:
		// Without a locationId, the request covers the caller's own locations. API Gateway joins
		// repeated parameters with commas.
		locations, given := r.event.QueryStringParameters["locationId"]
		allowed = true
		for location := range strings.SplitSeq(locations, ",") {
			allowed = allowed && (!given || r.actor.Sees(location))
		}
	case filtered:
		allowed = true
	default:
		allowed = false
	}
	if !allowed {
		return &problem{kind: forbidden, detail: "This is not one of your locations."}
	}
	return nil
}
