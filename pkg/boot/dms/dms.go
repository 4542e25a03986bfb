// Package dms builds the functions' DMS client: Karmak, configured by the environment.
package dms

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"related-ro/pkg/boot"
	"related-ro/pkg/karmak"
)

// New returns a Karmak client for KARMAK_BASE_URL that counts and times its requests in the
// metrics. It returns an error if the configuration is invalid, or if KARMAK_BASE_URL would send
// credentials unencrypted to another machine, which only sam local may do.
func New(kit boot.Kit) (*karmak.Client, error) {
	kit.Metrics.Group("KarmakRequests", []string{"Stack", "Outcome"})
	kit.Metrics.Group("KarmakLatency", []string{"Stack"})
	kit.Metrics.Group("KarmakUnread", []string{"Stack"})
	config := karmak.Config{
		BaseURL:     kit.Env.NeedURL("KARMAK_BASE_URL"),
		Credentials: credentials(kit),

		AccountHeader: kit.Env.Get("KARMAK_ACCOUNT_HEADER", ""),

		UserAgent: "related-ro/" + boot.Version,
		Transport: kit.Transport,
		Logger:    kit.Log,
		Observe: func(call karmak.Call) {
			kit.Metrics.Add("KarmakRequests", boot.Count, 1, boot.By("Outcome", cmp.Or(string(call.Outcome), "ok")))
			kit.Metrics.Add("KarmakLatency", boot.Milliseconds, float64(call.Duration.Microseconds())/1000)
			if call.Unread > 0 {
				kit.Metrics.Add("KarmakUnread", boot.Count, float64(call.Unread))
			}
		},
	}
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("KARMAK_BASE_URL, KARMAK_ACCOUNT_HEADER or the Karmak credentials: %w", err)
	}
	if !private(config.BaseURL) && kit.Env.Get("AWS_SAM_LOCAL", "") != "true" {
		return nil, errors.New("KARMAK_BASE_URL must begin with https://: only this machine's own addresses, and sam local, may do without")
	}
	return karmak.New(config), nil
}

// private reports whether requests to the address, which carry our credentials, cannot be read in
// transit: the address is https, or this machine.
func private(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || boot.OwnHost(u.Hostname()))
}

// credentials reads them from Secrets Manager, or, where no secret is named (the
// local stack), from KARMAK_CLIENT_ID, KARMAK_CLIENT_SECRET and, if an account is at Karmak's
// newer interface, KARMAK_SUBSCRIPTION_KEY.
func credentials(kit boot.Kit) karmak.CredentialsFunc {
	env := kit.Env
	secret := env.Get("KARMAK_CREDENTIALS_SECRET_ID", "")
	if secret == "" {
		if env.Get("KARMAK_CLIENT_ID", "") == "" {
			env.Need("KARMAK_CREDENTIALS_SECRET_ID")
			return nil
		}
		keys := karmak.Credentials{
			ClientID: env.Need("KARMAK_CLIENT_ID"), ClientSecret: env.Need("KARMAK_CLIENT_SECRET"),
			SubscriptionKey: env.Get("KARMAK_SUBSCRIPTION_KEY", ""),
		}
		return func(context.Context) (karmak.Credentials, error) { return keys, nil }
	}
	client := secretsmanager.NewFromConfig(kit.AWS("SECRETS_MANAGER"))
	return func(ctx context.Context) (karmak.Credentials, error) {
		keys, err := read(ctx, client, secret)
		if err != nil { // logged here, because callers of admin see only a sentence
			kit.Log.ErrorContext(ctx, "karmak credentials", "error", err)
		}
		return keys, err
	}
}

// read returns the credentials stored in the secret.
func read(ctx context.Context, client *secretsmanager.Client, secret string) (karmak.Credentials, error) {
	out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &secret})
	if err != nil {
		return karmak.Credentials{}, err
	}
	var value struct {
		ClientID        string `json:"clientId"`
		ClientSecret    string `json:"clientSecret"`
		SubscriptionKey string `json:"subscriptionKey"`
	}
	// The decoder's error could quote the secret.
	if json.Unmarshal([]byte(aws.ToString(out.SecretString)), &value) != nil || value.ClientID == "" || value.ClientSecret == "" {
		return karmak.Credentials{}, errors.New(`the secret must be JSON with "clientId" and "clientSecret"`)
	}
	return karmak.Credentials(value), nil
}
