package result

import (
	"cmp"
	"slices"
	"time"
)

// Finish derives counts, metrics, thresholds, verdict and exit code from what an engine has filled in.
func (r *Run) Finish(thresholds []Rule) {
	r.Version = Version
	slices.SortStableFunc(r.Calls, func(a, b Call) int { return cmp.Compare(a.Number, b.Number) })
	slices.SortStableFunc(r.Events, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Call, b.Call), cmp.Compare(a.Side, b.Side), cmp.Compare(a.What, b.What))
	})
	for i := range r.Calls {
		r.Calls[i].ID = CallID(r.Calls[i].Number)
	}
	r.count()
	r.byProfile()
	r.sums()
	r.recoveries()
	if r.Series == nil {
		r.series()
	}
	r.Generator.judge(r.Engine, uint64(r.Frames.Due))
	r.measure()
	r.judge(thresholds)
	r.fillEmpty()
}

// fillEmpty makes lists of nothing into [] rather than null.
func (r *Run) fillEmpty() {
	if r.Faults == nil {
		r.Faults = []Fault{}
	}
	if r.Server == nil {
		r.Server = []Process{}
	}
	if r.Thresholds == nil {
		r.Thresholds = []Threshold{}
	}
	if r.Generator.Marks == nil {
		r.Generator.Marks = []Mark{}
	}
	p := &r.Privacy
	if p.PacketSizes == nil {
		p.PacketSizes = []int{}
	}
	if p.EnvelopeSizes == nil {
		p.EnvelopeSizes = []int{}
	}
	if p.ServerItems == nil {
		p.ServerItems = []string{}
	}
	if p.RelayItems == nil {
		p.RelayItems = []string{}
	}
	if p.Attacks == nil {
		p.Attacks = []Attack{}
	}
}

func (r *Run) sums() {
	r.Frames, r.Budget = Frames{}, Budget{}
	n := 0
	for i := range r.Calls {
		for j := range r.Calls[i].Directions {
			d := &r.Calls[i].Directions[j]
			if d.Frames.Due == 0 {
				continue
			}
			n++
			r.Frames.Add(d.Frames)
			r.Budget.Add(d.Budget)
		}
	}
	if n > 0 {
		r.Budget = r.Budget.Scale(1 / float64(n)).tidy()
	}
}

// recoveries fills the faults from what the calls say of them.
func (r *Run) recoveries() {
	for i := range r.Faults {
		f := &r.Faults[i]
		f.Affected, f.Recovered = 0, 0
		var took []float64
		for j := range r.Calls {
			for _, rec := range r.Calls[j].Recoveries {
				if rec.After != f.Do || rec.At != f.At {
					continue
				}
				f.Affected++
				if rec.Recovered {
					f.Recovered++
					took = append(took, rec.Took.Float())
				}
			}
		}
		f.Took = Of(UnitMillis, took...)
	}
}

func (r *Run) unrecovered() (n int) {
	for i := range r.Calls {
		for _, rec := range r.Calls[i].Recoveries {
			if !rec.Recovered {
				n++
			}
		}
	}
	return n
}

func (r *Run) attacksOpen() (float64, bool) {
	open := 0
	for _, a := range r.Privacy.Attacks {
		open += a.Tries - a.FailClosed
	}
	return float64(open), len(r.Privacy.Attacks) > 0
}

func (r *Run) serverCPU() (float64, bool) {
	var seconds float64
	for _, p := range r.Server {
		seconds += p.CPUSeconds
	}
	return 1000 * seconds / float64(max(1, r.Counts.Placed)), seconds > 0 && r.Counts.Placed > 0
}

func (r *Run) relay() (Process, bool) {
	for _, p := range r.Server {
		if p.Packets > 0 {
			return p, true
		}
	}
	return Process{}, false
}

func (r *Run) relayCPU() (float64, bool) {
	p, ok := r.relay()
	return 1e6 * p.CPUSeconds / float64(max(1, p.Packets)), ok && p.CPUSeconds > 0
}

func (r *Run) relayDrops() (float64, bool) {
	p, ok := r.relay()
	return float64(p.Drops), ok
}

// measure fills Metrics. Distributions of nothing are left out.
func (r *Run) measure() {
	r.Metrics = make(map[string]Metric)
	recorders := make(map[Unit]*Recorder)
	recorder := func(u Unit) *Recorder {
		if recorders[u] == nil {
			recorders[u] = NewRecorder(u)
		}
		recorders[u].Reset()
		return recorders[u]
	}
	for _, d := range definitions {
		m := Metric{Unit: d.unit, Better: d.better}
		if d.value != nil {
			if v, ok := d.value(r); ok {
				v = tidy(v)
				m.Value = &v
				r.Metrics[d.name] = m
			}
			continue
		}
		rec := recorder(d.unit)
		for i := range r.Calls {
			d.record(rec, &r.Calls[i])
		}
		if rec.Count() > 0 {
			m.Distribution = rec.Distribution()
			r.Metrics[d.name] = m
		}
	}
	after := make(map[string][]float64)
	for i := range r.Calls {
		for _, rec := range r.Calls[i].Recoveries {
			took := rec.Took
			if !rec.Recovered {
				took = Millis(time.Hour) // so that no percentile looks better for a call that was lost
			}
			after[rec.After] = append(after[rec.After], took.Float())
		}
	}
	for name, took := range after {
		r.Metrics[RecoveryMetric(name)] = Metric{Unit: UnitMillis, Better: Lower, Distribution: Of(UnitMillis, took...)}
	}
}

// record adds what a call says about d.
func (d definition) record(rec *Recorder, c *Call) {
	if d.perCall != nil {
		if v, ok := d.perCall(c); ok {
			rec.Record(v)
		}
		return
	}
	for i := range c.Directions {
		dir := &c.Directions[i]
		if d.merge != nil {
			_ = rec.Merge(d.merge(dir)) // one that cannot be read has no values
		} else if v, ok := d.perDirection(dir); ok {
			rec.Record(v)
		}
	}
}

// Sample is one value of a metric for each call that has one: the worse direction, and of a distribution its mean. Values of one
// call hang together, so calls are what can be drawn again and again.
func Sample(name string, callList []Call) (values []float64) {
	for _, d := range definitions {
		if d.name != name || d.value != nil {
			continue
		}
		for i := range callList {
			if v, ok := d.ofCall(&callList[i]); ok {
				values = append(values, v)
			}
		}
	}
	return values
}

func (d definition) ofCall(c *Call) (worst float64, ok bool) {
	if d.perCall != nil {
		return d.perCall(c)
	}
	for i := range c.Directions {
		v, has := 0.0, false
		if d.merge != nil {
			m := d.merge(&c.Directions[i])
			v, has = m.Mean, m.Count > 0
		} else {
			v, has = d.perDirection(&c.Directions[i])
		}
		if has && (!ok || (d.better == Lower) == (v > worst)) {
			worst, ok = v, true
		}
	}
	return worst, ok
}
