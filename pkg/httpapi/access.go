package httpapi

import (
	"errors"
	"slices"
	"strings"

	"related-ro/pkg/relatedro"
)

// authenticate returns who asks: a problem of 401 where nobody has vouched for the
// caller, and of 403 where the claims make no actor.
func (h *Handler) authenticate(r *request) (relatedro.Actor, error) {
	claims := r.in.RequestContext.Authorizer.JWT.Claims
	if h.tokens != nil {
		var err error
		if claims, err = h.tokens.claims(r.in.Headers.Authorization); err != nil {
			return relatedro.Actor{}, &problem{kind: unauthenticated, detail: "The token is missing or not valid.", cause: err}
		}
	}
	if len(claims) == 0 {
		return relatedro.Actor{}, &problem{kind: unauthenticated, detail: "A bearer token is needed."}
	}
	actor, err := actorOf(claims)
	if err != nil {
		return relatedro.Actor{}, &problem{kind: forbidden, detail: "The token's claims do not say who may do what: " + err.Error() + "."}
	}
	return actor, nil
}

// actorOf reads the claims as API Gateway flattens them. Roles that the product does
// not know grant nothing.
func actorOf(claims map[string]string) (relatedro.Actor, error) {
	actor := relatedro.Actor{Subject: claims["sub"]}
	roles, err := unflatten(claims["roles"])
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
	locations, err := unflatten(claims["locations"])
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

// unflatten returns the elements of a claim that was an array, handed on as
// "[a b]", or a string, handed on as it was. Anything else, an empty array
// included, is an error.
func unflatten(claim string) ([]string, error) {
	inner, array := strings.CutPrefix(claim, "[")
	if array {
		var closed bool
		if inner, closed = strings.CutSuffix(inner, "]"); !closed {
			return nil, errors.New("array is not closed")
		}
	}
	elements := strings.Split(inner, " ")
	if !array && len(elements) > 1 || slices.Contains(elements, "") || strings.ContainsAny(inner, "[],\"") {
		return nil, errors.New("neither an array of words nor a word")
	}
	return elements, nil
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
		// A request that names no location is not about anybody's, and fails as bad input.
		location, given := r.in.QueryStringParameters["locationId"]
		allowed = !given || r.actor.Sees(location)
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
