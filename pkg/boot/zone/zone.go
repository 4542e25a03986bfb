// Package zone loads the dealers' time zone. Lambda's image has no time zone data, so importing
// this package links all of it, 450 kB.
package zone

import (
	"fmt"
	"time"
	_ "time/tzdata"

	"related-ro/pkg/boot"
)

// Dealers returns the time zone named by DEALERS_TIME_ZONE.
func Dealers(kit boot.Kit) (*time.Location, error) {
	zone, err := time.LoadLocation(kit.Env.Need("DEALERS_TIME_ZONE"))
	if err != nil {
		return nil, fmt.Errorf("environment variable DEALERS_TIME_ZONE must be an IANA time zone such as America/Chicago: %w", err)
	}
	return zone, nil
}
