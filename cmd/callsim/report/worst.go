package report

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
)

const manyWorst = 10

// callView is one of the worst calls.
type callView struct {
	ID, About, Replay string
	Rows              []directionView
	Ladder            template.HTML
}

type directionView struct {
	Title  string
	Budget template.HTML
	Raster template.HTML
}

// worst are the calls that went worst.
func worst(r *result.Run) (all []callView) {
	order := make([]*result.Call, 0, len(r.Calls))
	for i := range r.Calls {
		if !r.Calls[i].Met() || len(r.Calls[i].Directions) > 0 {
			order = append(order, &r.Calls[i])
		}
	}
	slices.SortStableFunc(order, func(a, b *result.Call) int { return cmp.Compare(a.WorstR(), b.WorstR()) })
	for _, c := range order[:min(manyWorst, len(order))] {
		v := callView{ID: c.ID, Replay: "callsim replay " + c.ID, Ladder: ladder(c)}
		v.About = fmt.Sprintf("%s, %s, talked %s", c.Mix, c.Profiles.ProfileName(), value(c.Talk.Float(), result.UnitMillis))
		if !c.Met() {
			v.About = fmt.Sprintf("%s, %s: meant to be %s, was %s %s", c.Mix, c.Profiles.ProfileName(), c.Intended, c.Outcome, c.Failure)
		}
		for i := range c.Directions {
			d := &c.Directions[i]
			v.Rows = append(v.Rows, directionView{
				Title: fmt.Sprintf("%s heard: MOS %.2f, R %.0f, concealed %.1f %%, mouth-to-ear p95 %s, longest gap %s",
					d.From.Other(), d.MOS, d.R, d.Ppl, value(d.MouthToEar.P95, result.UnitMillis), value(d.LongestGap.Float(), result.UnitMillis)),
				Budget: budgetBar(d.Budget), Raster: raster(d),
			})
		}
		all = append(all, v)
	}
	return all
}

// raster draws every packet: when it was sent, how long it took, what became of it. Those that never came are at the bottom.
func raster(d *result.Direction) template.HTML {
	t := d.Trace
	if t == nil || len(t.Sent) == 0 || len(t.Delay) != len(t.Sent) || len(t.Fates) != len(t.Sent) {
		return ""
	}
	high := 1
	for _, v := range t.Delay {
		high = max(high, v)
	}
	seconds := float64(t.Sent[len(t.Sent)-1]) / 1e6
	p := newPlot(laneWidth, 130, "packets", axis{low: 0, high: max(1, seconds)}, axis{low: -float64(high) / 5000, high: float64(high) / 1000})
	p.grid(clockTicks(seconds), axis{low: 0, high: float64(high) / 1000}.ticks(3), clock, func(v float64) string { return value(v, result.UnitMillis) })
	lanes := map[result.Fate]struct{ class, name string }{
		result.FatePlayed: {"d c2", "played"}, result.FateNetwork: {"d c1", "lost in the network"}, result.FateLate: {"d c4", "late"},
		result.FateRelay: {"d c6", "lost at the relay"}, result.FateGenerator: {"d c8", "lost by the simulator"},
	}
	points := make(map[result.Fate][]xy)
	for i := range t.Sent {
		fate, recovered := result.Fate(t.Fates[i]).Split()
		y := p.y.from - 5
		if t.Delay[i] >= 0 {
			y = p.y.at(float64(t.Delay[i]) / 1000)
		} else if recovered {
			y -= 6
		}
		points[fate] = append(points[fate], xy{p.x.at(float64(t.Sent[i]) / 1e6), y})
	}
	for _, f := range []result.Fate{result.FatePlayed, result.FateLate, result.FateNetwork, result.FateRelay, result.FateGenerator} {
		p.path(dots(points[f], 1.6), lanes[f].class, lanes[f].name)
	}
	return p.html()
}

// ladder draws who sent what, one message below the other.
func ladder(c *result.Call) template.HTML {
	if len(c.Ladder) == 0 {
		return ""
	}
	const most, row = 60, 18.0
	all := c.Ladder[:min(most, len(c.Ladder))]
	who := map[string]float64{"caller": 150, "signaling": 380, "relay": 610, "callee": 840}
	height := 34 + row*float64(len(all))
	v := newCanvas(laneWidth, height, "messages of the set-up")
	for _, name := range []string{"caller", "signaling", "relay", "callee"} {
		v.text(who[name], 14, "middle", "tb", name)
		v.line(who[name], 20, who[name], height, "g")
	}
	begin := c.Phases[result.Scheduled]
	for i, m := range all {
		from, ok := who[m.From]
		to, ok2 := who[m.To]
		if !ok || !ok2 {
			continue
		}
		y := 38 + row*float64(i)
		class := "msg"
		if m.Lost {
			class = "msg lost"
		}
		v.line(from, y, to, y, class)
		head := 6.0
		if to > from {
			head = -6
		}
		v.path(fmt.Sprintf("M%s %sl%s -3v6Z", num(to), num(y), num(head)), "f tip", "")
		v.text((from+to)/2, y-3, "middle", "t", fmt.Sprintf("%s (%d)", m.What, m.Bytes))
		v.text(78, y+3, "end", "t", "+"+value((m.At-begin).Float(), result.UnitMillis))
	}
	return v.html()
}
