package gateway

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"related-ro/infra/emulators/template"
)

var errToken = errors.New("token refused")

// authorize applies the checks of a JWT authorizer: RS256 with a known key, iss, aud (client_id if
// aud is absent), exp, nbf and iat. It returns the claims as API Gateway passes them to functions,
// each as a string: an array becomes [a b], a number its digits.
func (g *Gateway) authorize(authorizer template.Authorizer, header string) (map[string]string, error) {
	token := header
	if scheme, rest, ok := strings.Cut(header, " "); ok && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	payload, err := g.verify(token)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(strings.NewReader(payload))
	decoder.UseNumber()
	var claims map[string]any
	if err := decoder.Decode(&claims); err != nil {
		return nil, errToken
	}
	if claims["iss"] != authorizer.Issuer || !isFor(claims, authorizer.Audience) || !g.isTimely(claims) {
		return nil, errToken
	}
	flat := make(map[string]string, len(claims))
	for name, value := range claims {
		flat[name] = fmt.Sprint(value)
	}
	return flat, nil
}

// verify checks the signature and returns the token's payload.
func (g *Gateway) verify(token string) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", errToken
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return "", errToken
		}
	}
	var header struct{ Alg, Kid string }
	if err := json.Unmarshal(decoded[0], &header); err != nil || header.Alg != "RS256" {
		return "", errToken
	}
	key, ok := g.config.Keys[header.Kid]
	if !ok {
		return "", errToken
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], decoded[2]); err != nil {
		return "", errToken
	}
	return string(decoded[1]), nil
}

// isFor reports whether the token's audience is one of audiences.
func isFor(claims map[string]any, audiences []string) bool {
	var named []any
	switch aud := claims["aud"].(type) {
	case nil:
		named = []any{claims["client_id"]}
	case []any:
		named = aud
	default:
		named = []any{aud}
	}
	return slices.ContainsFunc(named, func(name any) bool {
		text, ok := name.(string)
		return ok && slices.Contains(audiences, text)
	})
}

// isTimely reports whether exp is in the future and nbf and iat, if present, are not.
func (g *Gateway) isTimely(claims map[string]any) bool {
	now := float64(g.config.Now().UnixMilli()) / 1000
	for name, want := range map[string]func(float64) bool{
		"exp": func(t float64) bool { return now < t },
		"nbf": func(t float64) bool { return t <= now },
		"iat": func(t float64) bool { return t <= now },
	} {
		value, given := claims[name]
		if !given && name != "exp" {
			continue
		}
		number, ok := value.(json.Number)
		if !ok {
			return false
		}
		if t, err := number.Float64(); err != nil || !want(t) {
			return false
		}
	}
	return true
}
