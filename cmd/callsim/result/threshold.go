package result

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Rule is a limit on a metric, such as setup.total: p95 < 1s.
type Rule struct {
	Metric    string
	Aggregate string // p95, avg, min, max, count; empty for metrics of one value
	Op        string // < <= > >= == !=
	Limit     float64
	Text      string // as it was written
}

// Threshold is what became of a rule.
type Threshold struct {
	Metric   string  `json:"metric"`
	Rule     string  `json:"rule"` // p95 < 1s
	Got      float64 `json:"got"`
	Unit     Unit    `json:"unit"`
	Measured bool    `json:"measured"`
	OK       bool    `json:"ok"`
}

// ruleText is [aggregate] operator number[unit].
var ruleText = regexp.MustCompile(`^(?:(p[0-9]{1,2}(?:\.[0-9]{1,3})?|avg|mean|med|min|max|count)\s*)?(<=|>=|==|!=|<|>|=)\s*(-?[0-9]+(?:\.[0-9]+)?)\s*(us|µs|ms|s|m|%)?$`)

// ParseRules reads a list of limits on one metric: "p95 < 1s, p99 < 2s".
func ParseRules(metric, text string) ([]Rule, error) {
	unit, many, err := known(metric)
	if err != nil {
		return nil, err
	}
	var rules []Rule
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		m := ruleText.FindStringSubmatch(part)
		if m == nil {
			return nil, fmt.Errorf("result: threshold of %s: %q is not like %q", metric, part, example(unit, many))
		}
		r := Rule{Metric: metric, Aggregate: m[1], Op: m[2], Text: part}
		switch r.Aggregate {
		case "mean":
			r.Aggregate = "avg"
		case "med":
			r.Aggregate = "p50"
		}
		if r.Op == "=" {
			r.Op = "=="
		}
		if many && r.Aggregate == "" {
			return nil, fmt.Errorf("result: threshold of %s: %q does not say of which percentile; write it like %q", metric, part, example(unit, many))
		}
		if !many && r.Aggregate != "" {
			return nil, fmt.Errorf("result: threshold of %s: it is one value and has no %s; write it like %q", metric, r.Aggregate, example(unit, many))
		}
		number, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			return nil, fmt.Errorf("result: threshold of %s: %q is no number", metric, m[3])
		}
		factor, ok := factorOf(unit, m[4])
		if r.Aggregate == "count" {
			factor, ok = 1, m[4] == ""
		}
		if !ok {
			return nil, fmt.Errorf("result: threshold of %s: it is in %s, which %q does not fit", metric, unit, m[4])
		}
		r.Limit = number * factor
		rules = append(rules, r)
	}
	return rules, nil
}

// factorOf is what a number with this suffix is to be multiplied with.
func factorOf(unit Unit, suffix string) (factor float64, ok bool) {
	if suffix == "" {
		return 1, true
	}
	millis := map[string]float64{"us": 0.001, "µs": 0.001, "ms": 1, "s": 1000, "m": 60_000}
	switch unit {
	case UnitMillis:
		factor, ok = millis[suffix]
	case UnitMicros:
		factor, ok = millis[suffix]
		factor *= 1000
	case UnitRatio:
		factor, ok = 0.01, suffix == "%"
	}
	return factor, ok
}

func example(unit Unit, many bool) string {
	text := map[Unit]string{UnitMillis: "< 200ms", UnitRatio: ">= 99.5%", UnitMOS: ">= 3.6"}[unit]
	if text == "" {
		text = "< 1"
	}
	if many {
		return "p95 " + text
	}
	return text
}

func known(metric string) (unit Unit, many bool, err error) {
	if strings.HasPrefix(metric, "recovery.after_") {
		return UnitMillis, true, nil
	}
	for _, d := range definitions {
		if d.name == metric {
			return d.unit, d.value == nil, nil
		}
	}
	return "", false, fmt.Errorf("result: there is no metric %q; nearest is %s", metric, nearest(metric))
}

// nearest is the metric that shares the most pairs of letters with what was written.
func nearest(metric string) string {
	best, most := "", -1.0
	for _, name := range Metrics() {
		shared := 0
		for i := range max(0, len(metric)-1) {
			if strings.Contains(name, metric[i:i+2]) {
				shared++
			}
		}
		if score := float64(shared) / float64(len(metric)+len(name)); score > most {
			best, most = name, score
		}
	}
	return best
}

// check judges one rule.
func (r Rule) check(metrics map[string]Metric) Threshold {
	t := Threshold{Metric: r.Metric, Rule: r.Text}
	m, ok := metrics[r.Metric]
	t.Unit, _, _ = known(r.Metric)
	switch {
	case !ok && r.Aggregate == "count":
		t.Measured = true // of nothing there are none
	case !ok:
		return t
	case m.Value != nil:
		t.Got, t.Measured = *m.Value, true
	default:
		t.Got, t.Measured = m.Aggregate(r.Aggregate)
	}
	t.OK = t.Measured && compare(t.Got, r.Op, r.Limit)
	return t
}

// Aggregate is a figure of a distribution by its name in thresholds.
func (d Distribution) Aggregate(name string) (float64, bool) {
	switch name {
	case "avg":
		return d.Mean, true
	case "min":
		return d.Min, true
	case "max":
		return d.Max, true
	case "count":
		return float64(d.Count), true
	}
	percent, err := strconv.ParseFloat(strings.TrimPrefix(name, "p"), 64)
	return d.Quantile(percent), err == nil && d.Count > 0
}

func compare(got float64, op string, limit float64) bool {
	switch op {
	case "<":
		return got < limit
	case "<=":
		return got <= limit
	case ">":
		return got > limit
	case ">=":
		return got >= limit
	case "==":
		return got == limit
	case "!=":
		return got != limit
	}
	return false
}

// SortRules brings rules into the order of the metrics.
func SortRules(rules []Rule) {
	names := Metrics()
	place := func(r Rule) int {
		if i := slices.Index(names, r.Metric); i >= 0 {
			return i
		}
		return len(names)
	}
	slices.SortStableFunc(rules, func(a, b Rule) int {
		if p, q := place(a), place(b); p != q {
			return p - q
		}
		return strings.Compare(a.Metric, b.Metric)
	})
}
