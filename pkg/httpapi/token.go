package httpapi

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// tokens replaces API Gateway's JWT authorizer under `sam local start-api`, which has none. It
// verifies RS256 signatures against the public keys in LOCAL_JWKS, and checks exp, nbf, iss and
// aud.
//
// LOCAL_JWKS is a JSON Web Key Set. Its additional members "issuer" and "audience" hold the
// expected iss and aud: a key set may have additional members, and one variable keeps the three
// values consistent. Without them, any iss or aud is accepted.
type tokens struct {
	keys     map[string]*rsa.PublicKey // by kid
	issuer   string
	audience string
	now      func() time.Time
}

func newTokens(jwks string, now func() time.Time) (*tokens, error) {
	var set struct {
		Keys []struct {
			Kty, Kid, N, E string
		}
		Issuer, Audience string
	}
	if err := json.Unmarshal([]byte(jwks), &set); err != nil {
		return nil, fmt.Errorf("decode the key set: %w", err)
	}
	t := &tokens{keys: make(map[string]*rsa.PublicKey), issuer: set.Issuer, audience: set.Audience, now: now}
	for _, k := range set.Keys {
		if k.Kty != "RSA" {
			continue
		}
		n, errN := base64.RawURLEncoding.DecodeString(k.N)
		e, errE := base64.RawURLEncoding.DecodeString(k.E)
		exponent := new(big.Int).SetBytes(e)
		if err := errors.Join(errN, errE); err != nil || !exponent.IsInt64() || exponent.Int64() > 1<<31-1 {
			return nil, fmt.Errorf("key %q is not an RSA public key", k.Kid)
		}
		t.keys[k.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}
	}
	if len(t.keys) == 0 {
		return nil, errors.New("the key set has no RSA key")
	}
	return t, nil
}

// claims returns the claims of the token in an Authorization header. Errors never contain the
// token.
func (t *tokens) claims(authorization string) (map[string]any, error) {
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, errors.New("no bearer token")
	}
	payload, err := t.verify(token)
	if err != nil {
		return nil, err
	}
	var all map[string]any
	if err := json.Unmarshal(payload, &all); err != nil {
		return nil, errors.New("the token's claims are not a JSON object")
	}
	if err := t.checkClaims(all); err != nil {
		return nil, err
	}
	return all, nil
}

// verify returns the payload of a token that one of the keys has signed.
func (t *tokens) verify(token string) ([]byte, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("not a signed JWT")
	}
	decoded := make([][]byte, len(parts))
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return nil, errors.New("not a signed JWT")
		}
	}
	var header struct{ Alg, Kid string }
	if err := json.Unmarshal(decoded[0], &header); err != nil || header.Alg != "RS256" {
		return nil, errors.New("not signed with RS256")
	}
	key, ok := t.keys[header.Kid]
	if !ok {
		return nil, errors.New("signed with an unknown key")
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], decoded[2]); err != nil {
		return nil, errors.New("the signature is not valid")
	}
	return decoded[1], nil
}

func (t *tokens) checkClaims(claims map[string]any) error {
	now := float64(t.now().Unix())
	if exp, ok := claims["exp"].(float64); !ok || now >= exp {
		return errors.New("expired or missing exp")
	}
	if nbf, given := claims["nbf"]; given {
		if start, ok := nbf.(float64); !ok || now < start {
			return errors.New("not valid yet")
		}
	}
	if t.issuer != "" && claims["iss"] != t.issuer {
		return errors.New("wrong issuer")
	}
	audiences, isArray := claims["aud"].([]any)
	if !isArray {
		audiences = []any{claims["aud"]}
	}
	if t.audience != "" && !slices.Contains(audiences, any(t.audience)) {
		return errors.New("wrong audience")
	}
	return nil
}
