package result

import "time"

// maxSeries bounds the series: two days.
const maxSeries = 2 * 24 * 3600

// series makes the rows that follow from the calls. An engine that watches its target fills Series itself, or calls this first
// through [Run.Finish] and sets the rest.
func (r *Run) series() {
	last := second(r.Duration)
	for i := range r.Calls {
		for _, at := range r.Calls[i].Phases {
			last = max(last, second(at))
		}
	}
	last = min(last, maxSeries)
	r.Series = make([]Second, last+1)
	for i := range r.Series {
		r.Series[i].At = i
	}
	counts := make([]int, last+1) // directions that have an R
	talking := make([]int, last+2)
	for i := range r.Calls {
		c := &r.Calls[i]
		row := func(p Phase) *Second {
			if at, ok := c.Phases[p]; ok && second(at) <= last {
				return &r.Series[second(at)]
			}
			return &Second{}
		}
		row(Scheduled).Scheduled++
		row(Started).Started++
		row(Ended).Ended++
		if c.Outcome == OutcomeAnswered {
			row(FirstPlayed).Answered++
			from, ok := c.Phases[FirstPlayed]
			until, ok2 := c.Phases[Ended]
			if ok && ok2 && second(from) <= last {
				talking[second(from)]++
				talking[min(last, second(until))]--
			}
		}
		if !c.Met() {
			row(Ended).Failed++
		}
		for j := range c.Directions {
			c.Directions[j].Seconds.addTo(r.Series, counts)
		}
	}
	active := 0
	for i := range r.Series {
		active += talking[i]
		r.Series[i].Active = active
		if counts[i] > 0 {
			r.Series[i].R = tidy(r.Series[i].R / float64(counts[i]))
		}
	}
}

func (p *PerSecond) addTo(rows []Second, counts []int) {
	if p == nil {
		return
	}
	for k, due := range p.Due {
		at := p.First + k
		if at < 0 || at >= len(rows) || due == 0 || k >= len(p.R) {
			continue
		}
		row := &rows[at]
		lost := p.Network[k] + p.Late[k] + p.Relay[k] + p.Generator[k]
		row.Due += due
		row.Lost += lost
		row.Concealed += lost - p.Recovered[k]
		row.R += p.R[k]
		counts[at]++
	}
}

func second(m Millis) int { return int(max(0, m.Duration()/time.Second)) }
