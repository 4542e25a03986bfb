// Package issuer creates the access tokens of the local stack. The signing key belongs to the
// developer: it is generated on first use and stored in the user's cache directory, never in the
// repository. The name of the Issuer cannot be resolved. Deployed APIs look up keys by the issuer's
// name, so they can never trust these tokens.
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
	// Issuer is the iss claim of every local token. RFC 6761 reserves .invalid.
	Issuer = "https://issuer.related-ro.invalid"
	// Audience is the aud claim of every local token.
	Audience = "related-ro"

	keyBits = 2048
	pemType = "PRIVATE KEY"
)

// Key signs tokens with RS256.
type Key struct {
	private *rsa.PrivateKey
	id      string
}

// Roles returns all roles that a token may contain.
func Roles() []string {
	return []string{"administrator", "service_manager", "service_advisor", "field_manager", "support"}
}

// NewKey generates a new key.
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

// DefaultPath returns the path of this user's key file. It returns an error if the user has no
// cache directory, for example because HOME is not set.
func DefaultPath() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache directory for the key: %w", err)
	}
	return filepath.Join(cache, "related-ro", "local-issuer.pem"), nil
}

// LoadKey reads the key from the file. If the file does not exist, LoadKey generates a key and
// stores it there, readable only by the user. Concurrent processes end up with the same key.
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
		return nil, fmt.Errorf("key in %s: no PEM block %s; delete the file to generate a new key", path, pemType)
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
		return fmt.Errorf("store key: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), "key-*") // created with mode 0600
	if err != nil {
		return fmt.Errorf("store key: %w", err)
	}
	defer os.Remove(file.Name())
	err = errors.Join(pem.Encode(file, &pem.Block{Type: pemType, Bytes: encoded}), file.Close())
	if err != nil {
		return fmt.Errorf("store key: %w", err)
	}
	// A link instead of a rename: it fails if another process was first, whose key then counts.
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("store key: %w", err)
	}
	return nil
}

// Grant describes the user of a token and the user's permissions.
type Grant struct {
	Subject string
	Roles   []string
	// Locations holds location IDs, or "*" for all.
	Locations []string
	// Issued is the iat and nbf of the token, which expires after Lifetime.
	Issued   time.Time
	Lifetime time.Duration
}

// Token returns a signed token with the same claims as the platform's tokens.
func (k *Key) Token(grant Grant) (string, error) {
	return k.Sign(map[string]any{
		"iss": Issuer, "aud": Audience, "sub": grant.Subject, "roles": grant.Roles, "locations": grant.Locations,
		"iat": grant.Issued.Unix(), "nbf": grant.Issued.Unix(), "exp": grant.Issued.Add(grant.Lifetime).Unix(),
	})
}

// Sign returns a signed token with exactly these claims.
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

// Public returns the key ID, which is the kid of its tokens, and the public key that verifies them.
func (k *Key) Public() (id string, key *rsa.PublicKey) { return k.id, &k.private.PublicKey }

// JWKS returns the public key as a JSON Web Key Set, with the expected issuer and audience as
// additional members. This is the format of the functions' LOCAL_JWKS variable.
func (k *Key) JWKS() string {
	exponent := big.NewInt(int64(k.private.E)).Bytes()
	set, _ := json.Marshal(map[string]any{ // a map of strings always encodes
		"issuer": Issuer, "audience": Audience,
		"keys": []map[string]string{{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": k.id,
			"n": base64.RawURLEncoding.EncodeToString(k.private.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(exponent),
		}},
	})
	return string(set)
}
