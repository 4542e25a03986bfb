package httpapi

import (
	"errors"
	"strings"

	"related-ro/pkg/relatedro"
)

// authenticate returns who asks: a problem of 401 where nobody has vouched for the
// caller, and of 403 where the claims make no actor.
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

// claims returns the claims of the token that API Gateway has verified, or that it
// verifies itself where no API Gateway does.
func (h *Handler) claims(r *request) (map[string]any, error) {
	authorization := r.in.Headers.Authorization
	if h.tokens != nil {
		claims, err := h.tokens.claims(authorization)
		if err != nil {
			return nil, &problem{kind: unauthenticated, detail: "The token is missing or not valid.", cause: err}
		}
		return claims, nil
	}
	flat := r.in.RequestContext.Authorizer.JWT.Claims
	if len(flat) == 0 {
		return nil, &problem{kind: unauthenticated, detail: "A bearer token is needed."}
	}
	claims, err := gatewayClaims(flat, authorization)
	if err != nil {
		return nil, unclear(err)
	}
	return claims, nil
}

// unclear is the problem of claims that make no actor.
func unclear(err error) error {
	return &problem{kind: forbidden, detail: "The token's claims do not say who may do what: " + err.Error() + "."}
}

// actorOf returns who the claims speak of. Roles that the product does not know grant
// nothing.
func actorOf(claims map[string]any) (relatedro.Actor, error) {
	subject, _ := claims["sub"].(string)
	actor := relatedro.Actor{Subject: subject}
	roles, err := names(claims["roles"])
	if err != nil {
		return relatedro.Actor{}, errors.New("roles is missing or malformed")
	}
	for _, role := range roles {
		if r := relatedro.Role(role); r.Known() {
			actor.Roles = append(actor.Roles, r)
		}
	}
	if len(actor.Roles) == 0 {
		return relatedro.Actor{}, errors.New("roles names none that is known here")
	}
	locations, err := names(claims["locations"])
	if err != nil {
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

// authorize is the one place that decides whether a caller may use a route on a
// location. What it does not know, it denies.
func authorize(r *request) error {
	var allowed bool
	switch r.route.who {
	case anybody:
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
	switch r.route.where {
	case inPath:
		allowed = r.actor.Sees(r.in.PathParameters["locationId"])
	case inQuery:
		// A request that names no location is about the caller's own. Repeated ones arrive joined by commas.
		locations, given := r.in.QueryStringParameters["locationId"]
		allowed = true
		for location := range strings.SplitSeq(locations, ",") {
			allowed = allowed && (!given || r.actor.Sees(location))
		}
	case eachByItself:
		allowed = true
	default:
		allowed = false
	}
	if !allowed {
		return &problem{kind: forbidden, detail: "This is not one of your locations."}
	}
	return nil
}
