package report

import (
	"fmt"
	"html/template"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
)

// bestR is that of the fullband scale.
const bestR = 148

// box is a part of the R-budget.
type box struct {
	name, class string
	points      float64
}

func boxes(b result.Budget) []box {
	return []box{
		{"codec", "c3", b.Codec}, {"network loss", "c1", b.Network}, {"late loss", "c4", b.Late}, {"relay loss", "c6", b.Relay}, {"delay", "c2", b.Delay}, {"simulator", "c8", b.Generator},
	}
}

// budgetFall shows how the best R becomes the one that was measured.
func budgetFall(b result.Budget) template.HTML {
	if b.Sum() == 0 {
		return ""
	}
	all := boxes(b)
	low := max(0, min(bestR-b.Sum()-12, 90))
	c := newCanvas(640, 300, "where the points of R went")
	y := axis{low: low, high: bestR + 2, from: 258, to: 14}
	const left, step, wide = 46.0, 73.0, 52.0
	for _, v := range y.ticks(6) {
		c.line(left, y.at(v), 636, y.at(v), "g")
		c.text(left-6, y.at(v)+3.5, "end", "t", fmt.Sprintf("%.0f", v))
	}
	column := func(i int) float64 { return left + 8 + step*float64(i) }
	bar := func(i int, from, to float64, class, name, label string) {
		c.rect(column(i), y.at(from), wide, max(1.2, y.at(to)-y.at(from)), class, name+": "+label)
		c.text(column(i)+wide/2, y.at(from)-4, "middle", "tb", label)
		c.text(column(i)+wide/2, 276, "middle", "t", name)
	}
	bar(0, bestR, low, "f best", "best", fmt.Sprintf("%d", bestR))
	at := float64(bestR)
	for i, x := range all {
		c.line(column(i)+wide, y.at(at), column(i+1)+wide, y.at(at), "conn")
		bar(i+1, at, at-x.points, "f "+x.class, x.name, fmt.Sprintf("−%.1f", x.points))
		at -= x.points
	}
	c.line(column(len(all))+wide, y.at(at), column(len(all)+1)+wide, y.at(at), "conn")
	bar(len(all)+1, at, low, "f best", "heard", fmt.Sprintf("%.1f", at))
	return c.html()
}

// budgetBar is the same as one thin bar, for tables.
func budgetBar(b result.Budget) template.HTML {
	c := newCanvas(180, 12, "R lost")
	x := axis{low: 0, high: 80, from: 0, to: 180}
	at := 0.0
	for _, p := range boxes(b) {
		c.rect(x.at(at), 1, x.at(at+p.points)-x.at(at), 10, "f "+p.class, fmt.Sprintf("%s −%.1f", p.name, p.points))
		at += p.points
	}
	return c.html()
}
