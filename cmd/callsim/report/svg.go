package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
)

// canvas collects SVG. Coordinates are in its view box; text is escaped; colours are classes of the page's style.
type canvas struct {
	b             strings.Builder
	width, height float64
}

func newCanvas(width, height float64, label string) *canvas {
	c := &canvas{width: width, height: height}
	fmt.Fprintf(&c.b, `<svg viewBox="0 0 %s %s" role="img" aria-label="%s">`, num(width), num(height), html.EscapeString(label))
	return c
}

func (c *canvas) html() template.HTML { return template.HTML(c.b.String() + "</svg>") }

// num is short: no picture shows more than two digits.
func num(v float64) string {
	s := fmt.Sprintf("%.2f", v)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		s = "0"
	}
	return s
}

func (c *canvas) rect(x, y, w, h float64, class, title string) {
	if w <= 0 || h <= 0 {
		return
	}
	fmt.Fprintf(&c.b, `<rect x="%s" y="%s" width="%s" height="%s" class="%s"`, num(x), num(y), num(w), num(h), class)
	c.titled("rect", title)
}

func (c *canvas) titled(element, title string) {
	if title == "" {
		c.b.WriteString("/>")
		return
	}
	fmt.Fprintf(&c.b, `><title>%s</title></%s>`, html.EscapeString(title), element)
}

func (c *canvas) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(&c.b, `<line x1="%s" y1="%s" x2="%s" y2="%s" class="%s"/>`, num(x1), num(y1), num(x2), num(y2), class)
}

func (c *canvas) circle(x, y, r float64, class, title string) {
	fmt.Fprintf(&c.b, `<circle cx="%s" cy="%s" r="%s" class="%s"`, num(x), num(y), num(r), class)
	c.titled("circle", title)
}

// text anchors at start, middle or end.
func (c *canvas) text(x, y float64, anchor, class, s string) {
	fmt.Fprintf(&c.b, `<text x="%s" y="%s" text-anchor="%s" class="%s">%s</text>`, num(x), num(y), anchor, class, html.EscapeString(s))
}

func (c *canvas) path(d, class, title string) {
	if d == "" {
		return
	}
	fmt.Fprintf(&c.b, `<path d="%s" class="%s"`, d, class)
	c.titled("path", title)
}

type xy struct{ x, y float64 }

// poly is the path through points; steps makes it a staircase.
func poly(points []xy, steps bool) string {
	var b strings.Builder
	for i, p := range points {
		switch {
		case i == 0:
			fmt.Fprintf(&b, "M%s %s", num(p.x), num(p.y))
		case steps:
			fmt.Fprintf(&b, "H%sV%s", num(p.x), num(p.y))
		default:
			fmt.Fprintf(&b, "L%s %s", num(p.x), num(p.y))
		}
	}
	return b.String()
}

// area closes a path down to a base line.
func area(points []xy, base float64, steps bool) string {
	if len(points) == 0 {
		return ""
	}
	return poly(points, steps) + fmt.Sprintf("V%sH%sZ", num(base), num(points[0].x))
}

// dots draws many small squares in one path.
func dots(points []xy, size float64) string {
	var b strings.Builder
	for _, p := range points {
		fmt.Fprintf(&b, "M%s %sh%s", num(p.x-size/2), num(p.y), num(size))
	}
	return b.String()
}

// axis maps values to coordinates: linear, or logarithmic.
type axis struct {
	low, high float64 // values
	from, to  float64 // coordinates
	log       bool
}

func (a axis) at(v float64) float64 {
	low, high := a.low, a.high
	if a.log {
		v, low, high = math.Log10(max(v, a.low)), math.Log10(low), math.Log10(high)
	}
	if high == low {
		return a.from
	}
	return a.from + (a.to-a.from)*min(1, max(0, (v-low)/(high-low)))
}

// ticks are round values on the axis.
func (a axis) ticks(about int) (all []float64) {
	if a.log {
		for decade := math.Floor(math.Log10(a.low)); decade <= math.Log10(a.high); decade++ {
			for _, m := range []float64{1, 2, 5} {
				if v := m * math.Pow(10, decade); v >= a.low*0.999 && v <= a.high*1.001 {
					all = append(all, v)
				}
			}
		}
		if len(all) > 2*about {
			kept := all[:0]
			for _, v := range all {
				if m := math.Log10(v); math.Abs(m-math.Round(m)) < 1e-9 {
					kept = append(kept, v)
				}
			}
			all = kept
		}
		return all
	}
	step := nice((a.high - a.low) / float64(max(1, about)))
	for v := math.Ceil(a.low/step) * step; v <= a.high+step*1e-9; v += step {
		all = append(all, math.Round(v/step)*step)
	}
	return all
}

// nice is 1, 2 or 5 times a power of ten, not below v.
func nice(v float64) float64 {
	if v <= 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 1
	}
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*p >= v*0.999 {
			return m * p
		}
	}
	return 10 * p
}

// plot is a frame with axes.
type plot struct {
	*canvas
	x, y axis
}

const (
	plotLeft   = 58.0
	plotRight  = 16.0
	plotTop    = 14.0
	plotBottom = 34.0
)

func newPlot(width, height float64, label string, x, y axis) *plot {
	p := &plot{canvas: newCanvas(width, height, label), x: x, y: y}
	p.x.from, p.x.to = plotLeft, width-plotRight
	p.y.from, p.y.to = height-plotBottom, plotTop
	return p
}

// grid draws lines and labels.
func (p *plot) grid(xs, ys []float64, xText, yText func(float64) string) {
	for _, v := range ys {
		y := p.y.at(v)
		p.line(p.x.from, y, p.x.to, y, "g")
		p.text(p.x.from-7, y+3.5, "end", "t", yText(v))
	}
	for _, v := range xs {
		x := p.x.at(v)
		p.line(x, p.y.from, x, p.y.to, "g")
		p.text(x, p.y.from+15, "middle", "t", xText(v))
	}
	p.line(p.x.from, p.y.from, p.x.to, p.y.from, "ax")
}

func (p *plot) axisTitle(s string) { p.text(p.x.to, p.height-4, "end", "t", s) }

// clock writes seconds as 1:05.
func clock(seconds float64) string {
	s := int(math.Round(seconds))
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// clockTicks are round times up to a number of seconds.
func clockTicks(seconds float64) (all []float64) {
	for _, step := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400} {
		if seconds/step <= 12 {
			for v := 0.0; v <= seconds; v += step {
				all = append(all, v)
			}
			return all
		}
	}
	return []float64{0, seconds}
}
