package result

import (
	"fmt"
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Unit is what a figure counts.
type Unit string

// The units.
const (
	UnitMillis Unit = "ms"
	UnitMOS    Unit = "mos"   // MOS_CQEF, 1 to 4.5
	UnitR      Unit = "r"     // points of the transmission rating, fullband
	UnitRatio  Unit = "ratio" // 0 to 1
	UnitSTOI   Unit = "stoi"  // 0 to 1
	UnitBits   Unit = "bits"
	UnitBytes  Unit = "bytes"
	UnitCount  Unit = "count"
	UnitNumber Unit = "number"
	UnitMicros Unit = "us"
)

// steps is how many whole numbers of the histogram one unit has, and most its largest value.
func (u Unit) steps() (perUnit, most float64) {
	switch u {
	case UnitMillis:
		return 1000, 3_600_000 // an hour in microseconds
	case UnitMOS, UnitR, UnitNumber, UnitMicros:
		return 1000, 1_000_000
	case UnitRatio, UnitSTOI, UnitBits:
		return 1_000_000, 1000
	}
	return 1, 1e12
}

// digits is the precision of histograms: one part in a thousand.
const digits = 3

// Distribution is many values of one figure: what they are like, and the histogram that says it in full.
type Distribution struct {
	Count int64   `json:"count"`
	Min   float64 `json:"min"`
	Mean  float64 `json:"mean"`
	P1    float64 `json:"p1"`
	P5    float64 `json:"p5"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p99_9"`
	Max   float64 `json:"max"`
	// HDR is the histogram: HdrHistogram V2, compressed, base64. One unit is Steps of its whole numbers.
	HDR   string  `json:"hdr,omitempty"`
	Steps float64 `json:"hdr_steps,omitempty"`
}

// Recorder makes a Distribution. It is big (some 100 KiB): make one, take its Distribution, Reset it.
type Recorder struct {
	unit     Unit
	steps    float64
	most     float64
	hdr      *hdrhistogram.Histogram
	sum      float64
	min, max float64
}

// NewRecorder is empty.
func NewRecorder(unit Unit) *Recorder {
	steps, most := unit.steps()
	r := &Recorder{unit: unit, steps: steps, most: most, hdr: hdrhistogram.New(1, int64(most*steps), digits)}
	r.Reset()
	return r
}

// Reset forgets all values.
func (r *Recorder) Reset() {
	r.hdr.Reset()
	r.sum, r.min, r.max = 0, math.Inf(1), math.Inf(-1)
}

// Record adds a value. What is negative counts as nothing in the histogram and as itself in Min and Mean; what is no number is
// left out.
func (r *Recorder) Record(v float64) { r.RecordN(v, 1) }

// RecordMillis adds a duration.
func (r *Recorder) RecordMillis(m Millis) { r.Record(m.Float()) }

// RecordN adds a value n times.
func (r *Recorder) RecordN(v float64, n int64) {
	if math.IsNaN(v) || math.IsInf(v, 0) || n <= 0 {
		return
	}
	if err := r.hdr.RecordValues(int64(math.Round(min(r.most, max(0, v))*r.steps)), n); err != nil {
		return // the value was bounded above: this cannot be
	}
	r.sum += v * float64(n)
	r.min, r.max = min(r.min, v), max(r.max, v)
}

// Merge adds all values of d, which must be of the same unit.
func (r *Recorder) Merge(d Distribution) error {
	if d.Count == 0 {
		return nil
	}
	h, err := d.decode()
	if err != nil {
		return err
	}
	if d.Steps != r.steps {
		return fmt.Errorf("result: merge histograms of different units")
	}
	r.hdr.Merge(h)
	r.sum += d.Mean * float64(d.Count)
	r.min, r.max = min(r.min, d.Min), max(r.max, d.Max)
	return nil
}

// Count is how many values there are.
func (r *Recorder) Count() int64 { return r.hdr.TotalCount() }

// Distribution sums up what was recorded.
func (r *Recorder) Distribution() Distribution {
	n := r.hdr.TotalCount()
	if n == 0 {
		return Distribution{}
	}
	d := Distribution{Count: n, Min: tidy(r.min), Max: tidy(r.max), Mean: tidy(r.sum / float64(n)), Steps: r.steps}
	for _, q := range []struct {
		percent float64
		into    *float64
	}{{1, &d.P1}, {5, &d.P5}, {50, &d.P50}, {90, &d.P90}, {95, &d.P95}, {99, &d.P99}, {99.9, &d.P999}} {
		*q.into = d.clamp(float64(r.hdr.ValueAtQuantile(q.percent)) / r.steps)
	}
	b, err := r.hdr.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err == nil { // it cannot fail: it writes to memory
		d.HDR = string(b)
	}
	return d
}

// clamp keeps the top of a bucket from being more than the largest value, or the bottom less than the smallest.
func (d Distribution) clamp(v float64) float64 { return tidy(min(d.Max, max(d.Min, v))) }

// tidy cuts digits that no measurement has.
func tidy(v float64) float64 { return math.Round(v*1e6) / 1e6 }

func (d Distribution) decode() (*hdrhistogram.Histogram, error) {
	h, err := hdrhistogram.Decode([]byte(d.HDR))
	if err != nil {
		return nil, fmt.Errorf("result: read a histogram: %w", err)
	}
	return h, nil
}

// Quantile is the value that percent of all are not larger than.
func (d Distribution) Quantile(percent float64) float64 {
	if d.Count == 0 {
		return math.NaN()
	}
	for _, known := range []struct{ percent, value float64 }{
		{0, d.Min}, {1, d.P1}, {5, d.P5}, {50, d.P50}, {90, d.P90}, {95, d.P95}, {99, d.P99}, {99.9, d.P999}, {100, d.Max},
	} {
		if percent == known.percent {
			return known.value
		}
	}
	h, err := d.decode()
	if err != nil {
		return math.NaN()
	}
	return d.clamp(float64(h.ValueAtQuantile(percent)) / d.Steps)
}

// Bar is how often a value occurred.
type Bar struct {
	Value float64
	Count int64
}

// Bars are all values that occurred, ascending, to three digits.
func (d Distribution) Bars() ([]Bar, error) {
	if d.Count == 0 {
		return nil, nil
	}
	h, err := d.decode()
	if err != nil {
		return nil, err
	}
	var bars []Bar
	for _, b := range h.Distribution() {
		if b.Count > 0 {
			bars = append(bars, Bar{d.clamp(float64(b.From+b.To) / 2 / d.Steps), b.Count})
		}
	}
	return bars, nil
}

// Of is the distribution of some values.
func Of(unit Unit, values ...float64) Distribution {
	r := NewRecorder(unit)
	for _, v := range values {
		r.Record(v)
	}
	return r.Distribution()
}
