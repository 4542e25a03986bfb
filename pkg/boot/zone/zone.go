// Package zone knows the dealers' time zone. Lambda's image has no time zones: a function
// that needs one links them all, 450 kB, by this package.
package zone

import (
	"fmt"
	"time"
	_ "time/tzdata"

	"related-ro/pkg/boot"
)

// Dealers returns the zone that DEALERS_TIME_ZONE names.
func Dealers(kit boot.Kit) (*time.Location, error) {
	zone, err := time.LoadLocation(kit.Env.Need("DEALERS_TIME_ZONE"))
	if err != nil {
		return nil, fmt.Errorf("environment variable DEALERS_TIME_ZONE must be an IANA time zone such as America/Chicago: %w", err)
	}
	return zone, nil
}
