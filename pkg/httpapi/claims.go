package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// gatewayClaims returns the claims of a token that API Gateway's authorizer has verified. API
// Gateway passes an array as its elements joined by spaces, "[a b]", so a name with a space looks
// like two names. gatewayClaims therefore reads the elements from the token in the Authorization
// header, and requires that flat contains the same values, which proves that it is the verified
// token. Without the header, it accepts only unambiguous values.
func gatewayClaims(flat map[string]string, authorization string) (map[string]any, error) {
	if authorization == "" {
		return unflatten(flat)
	}
	claims, err := unverifiedClaims(authorization)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"sub", "roles", "locations"} {
		if value, given := claims[name]; given && flatten(value) != flat[name] || !given && flat[name] != "" {
			return nil, fmt.Errorf("%s differs from the token in the Authorization header", name)
		}
	}
	return claims, nil
}

// unverifiedClaims returns the claims of the token in an Authorization header. Like API Gateway, it
// accepts a token without "Bearer".
func unverifiedClaims(authorization string) (map[string]any, error) {
	token := strings.TrimSpace(authorization)
	if scheme, rest, found := strings.Cut(token, " "); found && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("the Authorization header contains no token")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, errors.New("the Authorization header contains no token")
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, errors.New("the token's claims are not a JSON object")
	}
	return claims, nil
}

// unflatten returns the claims without access to the token. A claim of several words may be one
// name or several, and is rejected.
func unflatten(flat map[string]string) (map[string]any, error) {
	claims := make(map[string]any, len(flat))
	for name, value := range flat {
		claims[name] = value
	}
	for _, name := range []string{"roles", "locations"} {
		word := flat[name]
		if len(word) > 1 && word[0] == '[' && word[len(word)-1] == ']' {
			word = word[1 : len(word)-1]
		}
		if strings.Contains(word, " ") {
			return nil, fmt.Errorf("%s is ambiguous: it has several words, and the Authorization header is missing", name)
		}
		claims[name] = word
	}
	return claims, nil
}

// flatten formats a claim as API Gateway passes it. A string is unchanged, and an array of strings
// becomes "[a b]". The handler reads no other types of claims.
func flatten(claim any) string {
	elements, isArray := claim.([]any)
	if !isArray {
		return fmt.Sprint(claim)
	}
	words := make([]string, len(elements))
	for i, element := range elements {
		words[i] = flatten(element)
	}
	return "[" + strings.Join(words, " ") + "]"
}

// names returns the elements of a claim. It is not ok unless the claim is a non-empty string or a
// non-empty array of such strings.
func names(claim any) (all []string, ok bool) {
	elements, isArray := claim.([]any)
	if !isArray {
		elements = []any{claim}
	}
	for _, element := range elements {
		name, _ := element.(string)
		if name == "" {
			return nil, false
		}
		all = append(all, name)
	}
	return all, len(all) > 0
}
