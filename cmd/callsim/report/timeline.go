package report

import (
	"fmt"
	"html/template"
	"math"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
)

// laneWidth is that of everything that shares the axis of time.
const laneWidth = 960.0

// lane is one picture over the time of the run.
type lane struct {
	Title string
	SVG   template.HTML
}

// seriesOf is a line of a lane.
type seriesOf struct {
	class string
	value func(result.Second) float64
}

func lanes(r *result.Run) (all []lane) {
	n := len(r.Series)
	if n == 0 {
		return nil
	}
	offered := r.Load.PerSecond * r.Load.MeanTalk.Duration().Seconds()
	all = append(all, lane{"Calls talking (line) and arriving (area)" + erlangText(offered), draw(r, "calls", 150, []seriesOf{
		{"a c5", func(s result.Second) float64 { return float64(s.Scheduled) }}, {"l c1", func(s result.Second) float64 { return float64(s.Active) }},
	})})
	if url, rows := heat(r, n); rows > 0 {
		height := min(420, max(60, float64(rows)*3))
		c := newCanvas(laneWidth, height+24, "R of each call in each second")
		fmt.Fprintf(&c.b, `<image href="%s" x="%s" y="0" width="%s" height="%s" preserveAspectRatio="none" style="image-rendering:pixelated"/>`, url, num(plotLeft), num(laneWidth-plotLeft-plotRight), num(height))
		x := axis{low: 0, high: float64(n), from: plotLeft, to: laneWidth - plotRight}
		for _, v := range clockTicks(float64(n)) {
			c.text(x.at(v), height+16, "middle", "t", clock(v))
		}
		faultLines(r, c, x, height)
		all = append(all, lane{"R of each call (rows) in each second", c.html()})
	}
	all = append(all, lane{"Frames lost or late (area) and concealed (line), % of those due", draw(r, "loss", 110, []seriesOf{
		{"a c1", func(s result.Second) float64 { return share(s.Lost, s.Due) }}, {"l c4", func(s result.Second) float64 { return share(s.Concealed, s.Due) }},
	})})
	for _, x := range []struct {
		title string
		s     []seriesOf
	}{
		{"Relay, packets per second", []seriesOf{{"l c6", func(s result.Second) float64 { return s.RelayPPS }}}},
		{"Processors: server (area), simulator (line), in cores", []seriesOf{{"a c3", func(s result.Second) float64 { return s.ServerCPU }}, {"l c8", func(s result.Second) float64 { return s.GenCPU }}}},
	} {
		used := false
		for _, s := range r.Series {
			for _, line := range x.s {
				used = used || line.value(s) != 0
			}
		}
		if used {
			all = append(all, lane{x.title, draw(r, x.title, 100, x.s)})
		}
	}
	return all
}

// erlangText says how many lines the load would need.
func erlangText(offered float64) string {
	if offered <= 0 {
		return ""
	}
	return fmt.Sprintf(": %.1f erlang offered, %d lines would refuse 1 %% (Erlang B)", offered, Lines(offered, 0.01))
}

func faultLines(r *result.Run, c *canvas, x axis, height float64) {
	for _, f := range r.Faults {
		at := x.at(f.At.Duration().Seconds())
		c.line(at, 0, at, height, "fault")
		c.text(at+4, 11, "start", "tf", f.Do)
	}
}

func draw(r *result.Run, label string, height float64, lines []seriesOf) template.HTML {
	high := 0.0
	for _, s := range r.Series {
		for _, l := range lines {
			high = max(high, l.value(s))
		}
	}
	n := len(r.Series)
	p := newPlot(laneWidth, height, label, axis{low: 0, high: float64(n)}, axis{low: 0, high: max(nice(high/4)*4, 1e-3)})
	p.grid(clockTicks(float64(n)), p.y.ticks(3), clock, func(v float64) string { return fmt.Sprintf("%.3g", v) })
	group := max(1, int(math.Ceil(float64(n)/900)))
	for _, l := range lines {
		var points []xy
		for i := 0; i < n; i += group {
			most := 0.0
			for _, s := range r.Series[i:min(n, i+group)] {
				most = max(most, l.value(s))
			}
			points = append(points, xy{p.x.at(float64(i)), p.y.at(most)}, xy{p.x.at(float64(min(n, i+group))), p.y.at(most)})
		}
		if l.class[0] == 'a' {
			p.path(area(points, p.y.from, false), "f fade "+l.class[2:], "")
		} else {
			p.path(poly(points, false), l.class, "")
		}
	}
	faultLines(r, p.canvas, p.x, p.y.from)
	return p.html()
}
