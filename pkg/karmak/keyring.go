package karmak

import (
	"context"
	"errors"
	"fmt"
	"time"

	"related-ro/pkg/relatedro"
)

// rereadEvery is how often at most refused credentials are read again. Until then
// Karmak is not asked with them either, for any account.
const rereadEvery = time.Minute

// keyring keeps the credentials.
type keyring struct {
	source CredentialsFunc
	now    func() time.Time

	lock     chan struct{} // a mutex that a context can end the wait for; guards what follows
	keys     Credentials
	readAt   time.Time // when they were read, or last tried to be after they were refused; zero until read
	rejected bool
}

func newKeyring(source CredentialsFunc, now func() time.Time) *keyring {
	return &keyring{source: source, now: now, lock: make(chan struct{}, 1)}
}

// get returns the credentials, reading them if that has not been done, or if they
// were refused and it is time to.
func (k *keyring) get(ctx context.Context) (Credentials, error) {
	select {
	case k.lock <- struct{}{}:
		defer func() { <-k.lock }()
	case <-ctx.Done():
		return Credentials{}, outOfTime(ctx)
	}
	if !k.readAt.IsZero() && !k.rejected {
		return k.keys, nil
	}
	if wait := k.readAt.Add(rereadEvery).Sub(k.now()); !k.readAt.IsZero() && wait > 0 {
		return Credentials{}, &relatedro.Failure{
			Reason: relatedro.CredentialsRejected, RetryAfter: wait, Err: errors.New("the credentials were refused"),
		}
	}
	if k.rejected {
		k.readAt = k.now() // a reading that fails counts too
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

// reject notes that Karmak refused the credentials, unless they have been replaced.
func (k *keyring) reject(keys Credentials) {
	k.lock <- struct{}{}
	defer func() { <-k.lock }()
	if k.keys == keys {
		k.rejected = true
	}
}
