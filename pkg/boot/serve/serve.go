// Package serve configures the functions behind API Gateway.
package serve

import (
	"time"

	"related-ro/pkg/boot"
	"related-ro/pkg/httpapi"
	"related-ro/pkg/karmak/sentence"
)

// Config returns the configuration of an HTTP handler that counts its failures in the metrics.
func Config(kit boot.Kit) httpapi.Config {
	return httpapi.Config{
		Log: kit.Log, Version: boot.Version, Now: time.Now, Sentence: sentence.For,
		LocalJWKS: kit.Env.Get("LOCAL_JWKS", ""),
		SAMLocal:  kit.Env.Get("AWS_SAM_LOCAL", "") == "true",
		Observe:   kit.CountFailures(),
	}
}
