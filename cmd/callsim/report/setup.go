package report

import (
	"fmt"
	"html/template"
	"slices"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
)

// stage is a part of the set-up that one box is answerable for.
type stage struct {
	Name, Class string
	from, to    result.Phase
}

// stages are shown after one another. The human's ringing time lies between offer and ICE and is left out.
var stages = []stage{
	{"simulator", "c8", result.Scheduled, result.Started},
	{"connect", "c1", result.Started, result.Connected},
	{"authenticate", "c2", result.Connected, result.Authed},
	{"keys", "c3", result.Authed, result.Keys},
	{"offer", "c4", result.Keys, result.OfferSent},
	{"until it rings", "c5", result.OfferSent, result.Ringing},
	{"path (ICE)", "c6", result.Answered, result.Nominated},
	{"DTLS", "c7", result.Nominated, result.DTLSDone},
	{"first SRTP", "c9", result.DTLSDone, result.FirstSRTP},
	{"playout", "c10", result.FirstSRTP, result.FirstPlayed},
}

// parts are the lengths of the stages of a call in milliseconds. A phase that was not seen, or was over before (a relay that was
// allocated while it rang), takes no time: its neighbour has it.
func parts(c *result.Call) (lengths []float64, sum float64) {
	lengths = make([]float64, len(stages))
	fill := func(from, until int, begin, end result.Phase) {
		at, ok := c.Phases[begin]
		last, ok2 := c.Phases[end]
		if !ok || !ok2 {
			return
		}
		for i := from; i < until; i++ {
			next, ok := c.Phases[stages[i].to]
			if !ok || i == until-1 {
				next = at
				if i == until-1 {
					next = last
				}
			}
			next = min(max(next, at), max(last, at))
			lengths[i] = (next - at).Float()
			sum += lengths[i]
			at = next
		}
	}
	fill(0, 6, result.Scheduled, result.Ringing)
	fill(6, len(stages), result.Answered, result.FirstPlayed)
	return lengths, sum
}

// waterfall shows set-ups as bars of stages: the mean of the calls around some percentiles.
func waterfall(r *result.Run) (template.HTML, []stageSum) {
	type one struct {
		lengths []float64
		sum     float64
	}
	var all []one
	for i := range r.Calls {
		if r.Calls[i].Outcome != result.OutcomeAnswered {
			continue
		}
		if lengths, sum := parts(&r.Calls[i]); sum > 0 {
			all = append(all, one{lengths, sum})
		}
	}
	if len(all) == 0 {
		return "", nil
	}
	slices.SortFunc(all, func(a, b one) int {
		switch {
		case a.sum < b.sum:
			return -1
		case a.sum > b.sum:
			return 1
		}
		return 0
	})
	type row struct {
		name    string
		lengths []float64
	}
	around := func(percent float64) []float64 {
		at := int(percent / 100 * float64(len(all)-1))
		width := len(all) / 40
		mean := make([]float64, len(stages))
		n := 0.0
		for i := max(0, at-width); i <= min(len(all)-1, at+width); i++ {
			for k, v := range all[i].lengths {
				mean[k] += v
			}
			n++
		}
		for k := range mean {
			mean[k] /= n
		}
		return mean
	}
	rows := []row{{"p50", around(50)}, {"p90", around(90)}, {"p95", around(95)}, {"p99", around(99)}, {"slowest", all[len(all)-1].lengths}}
	const height, left = 34.0, 66.0
	widest := all[len(all)-1].sum
	c := newCanvas(960, height*float64(len(rows))+30, "set-up by stage")
	x := axis{low: 0, high: widest * 1.02, from: left, to: 900}
	for _, v := range x.ticks(8) {
		c.line(x.at(v), 0, x.at(v), height*float64(len(rows)), "g")
		c.text(x.at(v), height*float64(len(rows))+16, "middle", "t", value(v, result.UnitMillis))
	}
	for i, row := range rows {
		y := height * float64(i)
		c.text(left-8, y+height/2+4, "end", "tb", row.name)
		at, sum := 0.0, 0.0
		for k, v := range row.lengths {
			c.rect(x.at(at), y+5, x.at(at+v)-x.at(at), height-10, "f "+stages[k].Class, fmt.Sprintf("%s: %s", stages[k].Name, value(v, result.UnitMillis)))
			at += v
			sum += v
		}
		c.text(x.at(at)+6, y+height/2+4, "start", "t", value(sum, result.UnitMillis))
	}
	sums := make([]stageSum, len(stages))
	for k := range sums {
		values := make([]float64, len(all))
		for i := range all {
			values[i] = all[i].lengths[k]
		}
		d := result.Of(result.UnitMillis, values...)
		sums[k] = stageSum{stages[k].Name, stages[k].Class, value(d.P50, result.UnitMillis), value(d.P95, result.UnitMillis)}
	}
	return c.html(), sums
}

// stageSum is the legend of a stage.
type stageSum struct{ Name, Class, P50, P95 string }
