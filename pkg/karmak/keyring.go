package karmak

import (
	"context"
	"errors"
	"fmt"
	"time"

	"related-ro/pkg/relatedro"
)

// rereadEvery is the minimum interval between reads of refused credentials. Until the next read, no
// request uses them, for any account.
const rereadEvery = time.Minute

// keyring caches the credentials.
type keyring struct {
	source CredentialsFunc
	now    func() time.Time

	turn turn // guards the fields below
	keys Credentials
	// The time of the last read, or of the last attempt after a refusal; zero before the first
	// read.
	readAt   time.Time
	rejected bool
}

func newKeyring(source CredentialsFunc, now func() time.Time) *keyring {
	return &keyring{source: source, now: now, turn: make(turn, 1)}
}

// get returns the credentials. It reads them on first use, and again after a refusal once
// rereadEvery has passed.
func (k *keyring) get(ctx context.Context) (Credentials, error) {
	if f := k.turn.take(ctx); f != nil {
		return Credentials{}, f
	}
	defer k.turn.pass()
	if !k.readAt.IsZero() && !k.rejected {
		return k.keys, nil
	}
	if wait := k.readAt.Add(rereadEvery).Sub(k.now()); !k.readAt.IsZero() && wait > 0 {
		return Credentials{}, &relatedro.Failure{
			Reason: relatedro.CredentialsRejected, RetryAfter: wait, Err: errors.New("the credentials were refused"),
		}
	}
	if k.rejected {
		k.readAt = k.now() // a failed read counts too
	}
	keys, err := k.source(ctx)
	if ctx.Err() != nil {
		return Credentials{}, outOfTime(ctx)
	}
	if err != nil {
		return Credentials{}, &relatedro.Failure{
			Reason: relatedro.CredentialsUnavailable, Err: fmt.Errorf("read the credentials: %w", err),
		}
	}
	k.keys, k.readAt, k.rejected = keys, k.now(), false
	return keys, nil
}

// reject records that Karmak refused the credentials, unless they have been replaced.
func (k *keyring) reject(keys Credentials) {
	k.turn <- struct{}{}
	defer k.turn.pass()
	if k.keys == keys {
		k.rejected = true
	}
}
