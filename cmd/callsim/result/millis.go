package result

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Millis is a duration that JSON shows as milliseconds, to the microsecond.
type Millis time.Duration

// Since is how long after from to was.
func Since(from, to time.Time) Millis { return Millis(to.Sub(from)) }

// Float is the number of milliseconds.
func (m Millis) Float() float64 { return float64(m) / float64(time.Millisecond) }

// Duration is m for arithmetic.
func (m Millis) Duration() time.Duration { return time.Duration(m) }

// String is like 12.3ms.
func (m Millis) String() string { return time.Duration(m).String() }

// MarshalJSON writes a number of milliseconds.
func (m Millis) MarshalJSON() ([]byte, error) {
	micros := time.Duration(m).Round(time.Microsecond).Microseconds()
	return strconv.AppendFloat(nil, float64(micros)/1000, 'f', -1, 64), nil
}

// UnmarshalJSON reads a number of milliseconds.
func (m *Millis) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(string(bytes.TrimSpace(b)), 64)
	if err != nil || math.Abs(f) > math.MaxInt64/1e6 {
		return fmt.Errorf("result: a time of %.20q is no number of milliseconds", b)
	}
	*m = Millis(time.Duration(math.Round(f*1000)) * time.Microsecond)
	return nil
}
