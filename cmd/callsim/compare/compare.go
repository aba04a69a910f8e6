// Package compare says whether one run is worse than another, or better, and how sure that is.
//
// Of each call one value of each metric is taken, because values of one call hang together. Calls are then drawn again and again
// with replacement (bootstrap, Efron 1979) to see how much the difference of medians and of tails would vary; the interval is the
// normal one of that spread, since percentiles of a few draws say nothing about one case in a thousand. A difference counts if its interval leaves out zero and if it is large enough for a person to care about: two
// clean builds are never exactly alike. As many metrics are looked at, the interval is as wide as Bonferroni's correction wants.
// Values of one machine at one time also hang together, which no drawing within a run can show; the second condition is for that.
package compare

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
)

// Word is what became of a metric.
type Word string

// The words.
const (
	Better Word = "better"
	Worse  Word = "worse"
	Same   Word = "n.s." // not significant, or too small to matter
)

// Line is the comparison of one figure.
type Line struct {
	Metric string      `json:"metric"`
	Figure string      `json:"figure"` // p50, p95, value
	Unit   result.Unit `json:"unit"`
	Before float64     `json:"before"`
	After  float64     `json:"after"`
	Low    float64     `json:"low"` // of the difference
	High   float64     `json:"high"`
	Word   Word        `json:"word"`
}

const (
	draws      = 800
	confidence = 0.001 // that any of all metrics cries without a cause: a gate runs often
	leastCalls = 5     // of which an interval says something
)

// watched are the metrics that are compared, with the difference that nobody would care about: of the value, and absolute.
var watched = []struct {
	metric   string
	relative float64
	absolute float64
}{
	{"setup.total", 0.15, 20}, {"setup.press_to_ring", 0.15, 15}, {"setup.accept_to_audio", 0.15, 20},
	{"media.mos_fb", 0, 0.1}, {"media.mouth_to_ear", 0.1, 10}, {"media.longest_gap", 0.25, 60}, {"media.concealed", 0.25, 0.005}, {"media.stoi", 0, 0.02},
}

// Runs compares two runs of which the calls are known.
func Runs(before, after *result.Run) ([]Line, error) {
	if len(before.Calls) == 0 || len(after.Calls) == 0 {
		return nil, fmt.Errorf("compare: there are no calls: keep %s beside %s", result.CallsFile, result.RunFile)
	}
	var lines []Line
	r := rand.New(rand.NewPCG(1, 2)) // the same runs compare the same
	alpha := confidence / float64(2*len(watched))
	for _, w := range watched {
		a, b := result.Sample(w.metric, before.Calls), result.Sample(w.metric, after.Calls)
		if len(a) < leastCalls || len(b) < leastCalls {
			continue
		}
		m := after.Metrics[w.metric]
		tail, name := 0.95, "p95"
		if m.Better == result.Higher {
			tail, name = 0.05, "p5"
		}
		for _, f := range []struct {
			name string
			at   float64
		}{{"p50", 0.5}, {name, tail}} {
			l := Line{Metric: w.metric, Figure: f.name, Unit: m.Unit, Before: quantile(a, f.at), After: quantile(b, f.at)}
			l.Low, l.High = interval(r, a, b, f.at, alpha)
			l.Word = judge(l, m.Better, max(w.absolute, w.relative*math.Abs(l.Before)))
			lines = append(lines, l)
		}
	}
	return append(lines, rate(before, after, alpha), secrets(before, after)), nil
}

func judge(l Line, better string, least float64) Word {
	d := l.After - l.Before
	if math.Abs(d) < least || l.Low <= 0 && l.High >= 0 {
		return Same
	}
	if (d < 0) == (better == result.Lower) {
		return Better
	}
	return Worse
}

// interval is that of the difference of a quantile.
func interval(r *rand.Rand, a, b []float64, at, alpha float64) (low, high float64) {
	x, y := make([]float64, len(a)), make([]float64, len(b))
	diffs := make([]float64, draws)
	for i := range diffs {
		for k := range x {
			x[k] = a[r.IntN(len(a))]
		}
		for k := range y {
			y[k] = b[r.IntN(len(b))]
		}
		diffs[i] = quantile(y, at) - quantile(x, at)
	}
	mean, square := 0.0, 0.0
	for _, d := range diffs {
		mean += d / draws
	}
	for _, d := range diffs {
		square += (d - mean) * (d - mean) / (draws - 1)
	}
	half := math.Sqrt2 * math.Erfinv(1-alpha) * math.Sqrt(square)
	middle := quantile(b, at) - quantile(a, at)
	return middle - half, middle + half
}

// quantile is that of values in any order: linear between neighbours.
func quantile(values []float64, at float64) float64 {
	s := slices.Sorted(slices.Values(values))
	x := at * float64(len(s)-1)
	i := int(x)
	if i+1 >= len(s) {
		return s[len(s)-1]
	}
	return s[i] + (x-float64(i))*(s[i+1]-s[i])
}

// rate compares how many calls ended as intended: the normal interval of two proportions, with two of each kind added (Agresti
// and Caffo 2000).
func rate(before, after *result.Run, alpha float64) Line {
	p := func(c result.Counts) (p, v float64) {
		n := float64(c.Placed) + 2
		p = (float64(c.AsMeant) + 1) / n
		return p, p * (1 - p) / n
	}
	a, va := p(before.Counts)
	b, vb := p(after.Counts)
	half := math.Sqrt2 * math.Erfinv(1-alpha) * math.Sqrt(va+vb)
	l := Line{Metric: "setup.success_rate", Figure: "value", Unit: result.UnitRatio, Low: b - a - half, High: b - a + half}
	l.Before = float64(before.Counts.AsMeant) / float64(max(1, before.Counts.Placed))
	l.After = float64(after.Counts.AsMeant) / float64(max(1, after.Counts.Placed))
	l.Word = judge(l, result.Higher, 0.005)
	return l
}

// secrets compares what was seen that must not be. One is too many, whatever chance says.
func secrets(before, after *result.Run) Line {
	a, b := float64(before.Privacy.PlaintextSeen), float64(after.Privacy.PlaintextSeen)
	l := Line{Metric: "e2ee.plaintext_seen", Figure: "value", Unit: result.UnitCount, Before: a, After: b, Low: b - a, High: b - a}
	l.Word = judge(l, result.Lower, 1)
	return l
}

// Regressed says whether anything is worse.
func Regressed(lines []Line) bool {
	return slices.ContainsFunc(lines, func(l Line) bool { return l.Word == Worse })
}

// Text writes a table.
func Text(w io.Writer, lines []Line) error {
	for _, l := range lines {
		if _, err := fmt.Fprintf(w, "%-24s %-5s %10.4g → %-10.4g %+.4g [%+.4g, %+.4g] %s  %s\n", l.Metric, l.Figure, l.Before, l.After, l.After-l.Before, l.Low, l.High, l.Unit, l.Word); err != nil {
			return err
		}
	}
	return nil
}
