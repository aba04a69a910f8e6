package scenario

import (
	"math"
	"math/rand/v2"
	"time"
)

// Planned is one call, with everything drawn that is not up to the system.
type Planned struct {
	Number int // from 1, in order of At
	// At is when the caller's human presses call, since the start of the run. In a closed model only the first call of a user
	// has one that is certain: the others come Pause after the one before has ended.
	At    time.Duration
	User  int           // of a closed model; else -1
	Pause time.Duration // of a closed model
	Seed  uint64        // of what is random in its network

	Mix      *Mix
	Duration time.Duration
	Ring     time.Duration
	Caller   Link
	Callee   Link
}

// Link is the access network of one phone.
type Link struct{ Profile, NAT string }

// Plan is what a scenario comes to.
type Plan struct {
	Calls []Planned
	// Refused are arrivals beyond MaxConcurrent, as far as can be told before: by the nominal length of the calls before.
	Refused int
	// Length is when the last call of the plan is expected to have ended.
	Length time.Duration
}

// stream is a source of randomness for one purpose.
func stream(seed, purpose, index uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, purpose<<48|index))
}

const (
	purposeArrivals = iota + 1
	purposeCall
	purposeNetwork
)

// Plan draws all calls. The same scenario gives the same plan.
func (s *Scenario) Plan() Plan {
	var p Plan
	if s.Load.Closed {
		p = s.closed()
	} else {
		p = s.open()
	}
	for i := range p.Calls {
		c := &p.Calls[i]
		p.Length = max(p.Length, c.At+c.nominal())
	}
	return p
}

// call draws one call.
func (s *Scenario) call(number int, at time.Duration) Planned {
	r := stream(s.Seed, purposeCall, uint64(number))
	total := 0.0
	for _, m := range s.Calls {
		total += m.Weight
	}
	mix := &s.Calls[len(s.Calls)-1]
	for left, i := r.Float64()*total, 0; i < len(s.Calls); i++ {
		if left < s.Calls[i].Weight {
			mix = &s.Calls[i]
			break
		}
		left -= s.Calls[i].Weight
	}
	c := Planned{
		Number: number, At: at.Round(time.Microsecond), User: -1, Mix: mix,
		Seed: stream(s.Seed, purposeNetwork, uint64(number)).Uint64(),
	}
	caller, callee := s.Network.Caller, s.Network.Callee
	if mix.Caller != nil {
		caller = *mix.Caller
	}
	if mix.Callee != nil {
		callee = *mix.Callee
	}
	c.Caller.Profile, c.Callee.Profile = caller.Draw(r), callee.Draw(r)
	c.Caller.NAT, c.Callee.NAT = s.Network.NAT.Draw(r), s.Network.NAT.Draw(r)
	c.Duration, c.Ring = min(mix.Duration.Draw(r), maxTalk), mix.Ring.Draw(r)
	return c
}

// setUp is how long a call takes beside ringing and talking, nominally.
const setUp = time.Second

// nominal is how long a call should take.
func (c *Planned) nominal() time.Duration {
	switch ring := c.ringing(); c.Mix.Outcome {
	case Answered:
		return setUp + ring + c.Duration
	case Busy:
		return setUp
	default:
		return setUp + ring
	}
}

// ringing is how long it rings if all goes as intended.
func (c *Planned) ringing() time.Duration {
	switch c.Mix.Outcome {
	case NoAnswer, Cancelled:
		if c.Mix.RingTimeout > 0 {
			return c.Mix.RingTimeout
		}
		return phoneGivesUp
	}
	return c.Ring
}

// phoneGivesUp is about when a caller's phone stops ringing by itself.
const phoneGivesUp = 45 * time.Second

func (s *Scenario) open() (p Plan) {
	var ends []time.Duration // of calls that are on
	s.arrivals(func(at time.Duration) bool {
		if s.Load.Calls > 0 && len(p.Calls)+p.Refused >= s.Load.Calls {
			return false
		}
		if most := s.Load.MaxConcurrent; most > 0 {
			live := ends[:0]
			for _, e := range ends {
				if e > at {
					live = append(live, e)
				}
			}
			if ends = live; len(ends) >= most {
				p.Refused++
				return true
			}
		}
		c := s.call(len(p.Calls)+1, at)
		if s.Load.MaxConcurrent > 0 {
			ends = append(ends, at+c.nominal())
		}
		p.Calls = append(p.Calls, c)
		return len(p.Calls) < maxCalls
	})
	return p
}

// arrivals yields times in order, until there are no more or nobody wants any.
func (s *Scenario) arrivals(yield func(time.Duration) bool) {
	a, r := s.Load.Arrivals, stream(s.Seed, purposeArrivals, 0)
	if a.Process == Trace {
		end := maxDuration
		if len(s.Load.Stages) > 0 {
			end = length(s.Load.Stages)
		}
		for _, at := range a.Times {
			if at > end || !yield(at) {
				return
			}
		}
		return
	}
	// next is the next point of the integral of the rate.
	next := 0.0
	step := func() {
		if a.Process == Constant {
			next++
		} else {
			next += r.ExpFloat64()
		}
	}
	if a.Process != Constant {
		step()
	}
	var done float64 // of the integral
	var began time.Duration
	for _, g := range s.segments(r) {
		whole := (g.from + g.to) / 2 * g.length.Seconds()
		for next < done+whole || (next == done && whole > 0) {
			if !yield(began + g.when(next-done)) {
				return
			}
			step()
		}
		done += whole
		began += g.length
	}
}

func length(stages []Stage) (sum time.Duration) {
	for _, s := range stages {
		sum += s.For
	}
	return sum
}

// segment is a time in which the rate changes linearly.
type segment struct {
	from, to float64
	length   time.Duration
}

// when is how far into a segment the integral of its rate has come to x.
func (g segment) when(x float64) time.Duration {
	slope := (g.to - g.from) / g.length.Seconds()
	if slope == 0 {
		return seconds(x / g.from)
	}
	return seconds((math.Sqrt(max(0, g.from*g.from+2*slope*x)) - g.from) / slope)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// segments is how the rate goes over all stages.
func (s *Scenario) segments(r *rand.Rand) (all []segment) {
	a := s.Load.Arrivals
	rate := a.Rate
	if len(s.Load.Stages) > 0 && s.Load.Stages[0].Kind == Ramp {
		rate = 0
	}
	for _, stage := range s.Load.Stages {
		switch stage.Kind {
		case Ramp:
			all = append(all, segment{rate, stage.Rate, stage.For})
			rate = stage.Rate
		case Spike:
			all = append(all, segment{stage.Rate, stage.Rate, stage.For})
		case Drain:
			all = append(all, segment{0, 0, stage.For})
		case Hold:
			if a.Process != MMPP {
				all = append(all, segment{rate, rate, stage.For})
				continue
			}
			for left, state := stage.For, 0; left > 0; state = (state + 1) % len(a.Rates) {
				stay := min(left, max(time.Millisecond, time.Duration(r.ExpFloat64()*float64(a.Stays[state]))))
				all = append(all, segment{a.Rates[state], a.Rates[state], stay})
				left -= stay
			}
		}
	}
	return all
}

// closed plans the calls of each user one after the other. They are interleaved by the time they are expected at.
func (s *Scenario) closed() (p Plan) {
	free := make([]time.Duration, s.Load.Users) // when each user may call again
	pauses := make([]time.Duration, s.Load.Users)
	r := stream(s.Seed, purposeArrivals, 0)
	for u := range free {
		pauses[u] = time.Duration(r.Float64() * float64(s.Load.Pause.Mean())) // so that they do not all begin at once
		free[u] = pauses[u]
	}
	for len(p.Calls) < maxCalls && (s.Load.Calls == 0 || len(p.Calls) < s.Load.Calls) {
		u := 0
		for i, at := range free {
			if at < free[u] {
				u = i
			}
		}
		if s.Load.For > 0 && free[u] > s.Load.For {
			break
		}
		c := s.call(len(p.Calls)+1, free[u])
		c.User, c.Pause = u, pauses[u]
		p.Calls = append(p.Calls, c)
		pauses[u] = s.Load.Pause.Draw(r)
		free[u] += c.nominal() + max(pauses[u], time.Millisecond)
	}
	return p
}
