package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
)

// curve is one line of a plot.
type curve struct {
	Name  string
	Class string
	dist  result.Distribution
	rules []result.Threshold
}

// nines is where a quantile lies on an axis on which 90 %, 99 % and 99.9 % are equally far apart.
func nines(percent float64) float64 { return -math.Log10(max(1e-6, 1-percent/100)) }

// percentiles draws latencies by percentile.
func percentiles(label string, curves []curve) template.HTML {
	low, high, most := math.Inf(1), 0.0, int64(0)
	for _, c := range curves {
		low, high, most = min(low, c.dist.P1), max(high, c.dist.Max), max(most, c.dist.Count)
		for _, r := range c.rules {
			high = max(high, limit(r))
		}
	}
	if most == 0 {
		return ""
	}
	// As many nines as there are values for.
	deepest := min(5, max(1, math.Ceil(math.Log10(float64(most)))))
	low = max(0.1, low)
	y := axis{low: low / 1.2, high: max(high*1.15, low*2), log: true}
	if high/low < 6 {
		y = axis{low: 0, high: high * 1.1}
	}
	p := newPlot(640, 300, label, axis{low: 0, high: deepest}, y)
	var xs []float64
	for n := 0.0; n <= deepest; n++ {
		xs = append(xs, n)
	}
	if deepest >= 1 {
		xs = slices.Insert(xs, 1, nines(50))
	}
	p.grid(xs, p.y.ticks(6), func(n float64) string { return percentText(100 * (1 - math.Pow(10, -n))) }, func(v float64) string { return value(v, result.UnitMillis) })
	for _, c := range curves {
		bars, err := c.dist.Bars()
		if err != nil || len(bars) == 0 {
			continue
		}
		points := []xy{{p.x.at(0), p.y.at(bars[0].Value)}}
		var below int64
		for _, b := range bars {
			below += b.Count
			percent := 100 * float64(below) / float64(c.dist.Count)
			x := p.x.at(min(deepest, nines(percent)))
			if below == c.dist.Count {
				x = p.x.at(min(deepest, nines(100*(1-1/float64(c.dist.Count+1)))))
			}
			if n := len(points); n > 1 && x-points[n-1].x < 0.4 && b.Count*50 < c.dist.Count {
				points[n-1].y = p.y.at(b.Value)
				continue
			}
			points = append(points, xy{x, p.y.at(b.Value)})
		}
		p.path(poly(points, false), "l "+c.Class, c.Name)
		for _, r := range c.rules {
			percent, ok := percentOf(r)
			if !ok {
				continue
			}
			x, y := p.x.at(nines(percent)), p.y.at(limit(r))
			p.line(x-14, y, x+14, y, "lim "+c.Class)
			p.circle(x, p.y.at(r.Got), 3.5, "dot "+c.Class, fmt.Sprintf("%s %s: %s", c.Name, r.Rule, value(r.Got, r.Unit)))
		}
	}
	p.axisTitle("percentile")
	return p.html()
}

func percentText(v float64) string { return fmt.Sprintf("%.6g%%", v) }

// percentOf is the percentile that a threshold is about.
func percentOf(t result.Threshold) (percent float64, ok bool) {
	rules, err := result.ParseRules(t.Metric, t.Rule)
	if err != nil || len(rules) != 1 {
		return 0, false
	}
	_, err = fmt.Sscanf(rules[0].Aggregate, "p%g", &percent)
	return percent, err == nil
}

// limit is the figure of a threshold.
func limit(t result.Threshold) float64 {
	rules, err := result.ParseRules(t.Metric, t.Rule)
	if err != nil || len(rules) != 1 {
		return 0
	}
	return rules[0].Limit
}

// cumulative draws how many per cent of the directions are not better, for MOS or R.
func cumulative(label string, low, high float64, mark float64, markText string, curves []curve) template.HTML {
	p := newPlot(640, 300, label, axis{low: low, high: high}, axis{low: 0, high: 100})
	p.grid(p.x.ticks(8), p.y.ticks(5), func(v float64) string { return fmt.Sprintf("%.3g", v) }, func(v float64) string { return fmt.Sprintf("%.0f%%", v) })
	if mark > 0 {
		p.line(p.x.at(mark), p.y.from, p.x.at(mark), p.y.to, "ceil")
		p.text(p.x.at(mark)-4, p.y.to+10, "end", "t", markText)
	}
	for _, c := range curves {
		bars, err := c.dist.Bars()
		if err != nil || len(bars) == 0 {
			continue
		}
		points := []xy{{p.x.at(low), p.y.at(0)}}
		var below int64
		for _, b := range bars {
			below += b.Count
			points = append(points, xy{p.x.at(b.Value), p.y.at(100 * float64(below) / float64(c.dist.Count))})
		}
		points = append(points, xy{p.x.at(high), p.y.at(100)})
		p.path(poly(points, true), "l "+c.Class, c.Name)
	}
	return p.html()
}
