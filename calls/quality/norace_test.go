//go:build !race

package quality

import "testing"

func skipUnderRace(*testing.T) {}
