//go:build !linux

package light

import "time"

// newDrivers makes the drivers of an engine.
func newDrivers(n int, epoch time.Time) ([]driver, func(), error) {
	var all []driver
	for range n {
		all = append(all, newGoroutines(epoch))
	}
	return all, func() {}, nil
}

// refused: a closed port is not reported here in a way that matters.
func refused(error) bool { return false }
