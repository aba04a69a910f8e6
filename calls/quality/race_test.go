//go:build race

package quality

import "testing"

// skipUnderRace leaves long sums to the run without the detector, which slows them thirty times and has nothing to find: this
// package starts no goroutine.
func skipUnderRace(t *testing.T) { t.Skip("nothing to race here") }
