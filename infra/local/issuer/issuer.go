// Package issuer makes the tokens of the local stack. Its key is the developer's own: made at the first use and kept in the
// user's cache, never in the repository. Its Issuer is a name that cannot resolve, so no deployed API, which finds keys by
// the issuer's name, can come to trust such a token.
package issuer

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

const (
	// Issuer is the iss of every local token; RFC 6761 reserves .invalid.
	Issuer = "https://issuer.related-ro.invalid"
	// Audience is the aud of every local token.
	Audience = "related-ro"

	keyBits = 2048
	pemType = "PRIVATE KEY"
)

// Key signs tokens by RS256.
type Key struct {
	private *rsa.PrivateKey
	id      string
}

// Roles are all roles that a token may carry.
func Roles() []string {
	return []string{"administrator", "service_manager", "service_advisor", "field_manager", "support"}
}

// NewKey returns a new key that nobody else has.
func NewKey() (*Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	return keyOf(private), nil
}

func keyOf(private *rsa.PrivateKey) *Key {
	fingerprint := sha256.Sum256(x509.MarshalPKCS1PublicKey(&private.PublicKey))
	return &Key{private: private, id: base64.RawURLEncoding.EncodeToString(fingerprint[:12])}
}

// DefaultPath is where this user's key is kept. It fails where the system knows no cache directory, as without HOME.
func DefaultPath() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a place for the key: %w", err)
	}
	return filepath.Join(cache, "related-ro", "local-issuer.pem"), nil
}

// LoadKey reads the key in the file, and makes one there, readable by the user alone, if there is none. Processes that
// do so at the same time end up with the same key.
func LoadKey(path string) (*Key, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, err
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("key in %s: no PEM block %s; delete the file to have a new one made", path, pemType)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("key in %s: %w", path, err)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("key in %s: is a %T, not an RSA key", path, parsed)
	}
	return keyOf(private), nil
}

func create(path string) error {
	key, err := NewKey()
	if err != nil {
		return err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key.private)
	if err != nil {
		return fmt.Errorf("encode key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keep key: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), "key-*") // mode 0600
	if err != nil {
		return fmt.Errorf("keep key: %w", err)
	}
	defer os.Remove(file.Name())
	err = errors.Join(pem.Encode(file, &pem.Block{Type: pemType, Bytes: encoded}), file.Close())
	if err != nil {
		return fmt.Errorf("keep key: %w", err)
	}
	// A link, not a rename: it fails if somebody else was first, and then theirs counts.
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("keep key: %w", err)
	}
	return nil
}

// Grant is who a token speaks for.
type Grant struct {
	Subject string
	Roles   []string
	// Locations are ids, or "*" for all.
	Locations []string
	// Issued is the token's iat and nbf; Lifetime later it expires.
	Issued   time.Time
	Lifetime time.Duration
}

// Token returns a signed token in the form that the platform's have.
func (k *Key) Token(grant Grant) (string, error) {
	return k.Sign(map[string]any{
		"iss": Issuer, "aud": Audience, "sub": grant.Subject, "roles": grant.Roles, "locations": grant.Locations,
		"iat": grant.Issued.Unix(), "nbf": grant.Issued.Unix(), "exp": grant.Issued.Add(grant.Lifetime).Unix(),
	})
}

// Sign returns a token with just these claims.
func (k *Key) Sign(claims map[string]any) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": k.id})
	if err != nil {
		return "", fmt.Errorf("encode token: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode token: %w", err)
	}
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.private, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// Public returns the key's id, the kid of its tokens, and the key that verifies them.
func (k *Key) Public() (id string, key *rsa.PublicKey) { return k.id, &k.private.PublicKey }

// JWKS returns the public key as a JSON Web Key Set with the issuer and audience to expect as further members, the form
// of the functions' LOCAL_JWKS.
func (k *Key) JWKS() string {
	exponent := big.NewInt(int64(k.private.E)).Bytes()
	set, _ := json.Marshal(map[string]any{ // texts always encode
		"issuer": Issuer, "audience": Audience,
		"keys": []map[string]string{{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": k.id,
			"n": base64.RawURLEncoding.EncodeToString(k.private.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(exponent),
		}},
	})
	return string(set)
}
