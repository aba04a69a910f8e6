package callstate

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
)

var (
	oneSeed   = flag.Uint64("seed", 0, "run only this schedule, and tell it")
	firstSeed = flag.Uint64("first", 1, "the first seed of the schedules")
	schedules = flag.Int("schedules", 1_000_000, "how many schedules")
)

// TestSchedules runs worlds in virtual time with everything that can go wrong: envelopes are lost, doubled and overtaken,
// servers die with all they hold, apps crash and come back, humans press what they like when they like, paths break and
// return. No invariant may break; each world is named by its seed. covers M1, N9, N10, S9
func TestSchedules(t *testing.T) {
	if *oneSeed != 0 {
		w := newSchedule(*oneSeed, true).run()
		t.Logf("seed %d:\n%s", *oneSeed, strings.Join(w.story, "\n"))
		if w.broken != "" {
			t.Fatal(w.broken)
		}
		return
	}
	count := *schedules
	if testing.Short() || raced {
		count = min(count, 20_000)
	}
	var next, talks, rings, turned, restarts atomic.Int64
	var failed sync.Map
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= int64(count) {
					return
				}
				seed := *firstSeed + uint64(i)
				s := newSchedule(seed, false)
				if w := s.run(); w.broken != "" {
					failed.Store(seed, w.broken)
					next.Store(int64(count))
				}
				talks.Add(int64(s.seen.talks))
				rings.Add(int64(s.seen.rings))
				turned.Add(int64(s.seen.turned))
				restarts.Add(int64(s.seen.restarts))
			}
		})
	}
	workers.Wait()
	failed.Range(func(seed, what any) bool {
		t.Errorf("seed %d: %s\nreplay: go test -run TestSchedules -v -seed %d ./calls/callstate", seed, what, seed)
		return true
	})
	t.Logf("seeds %d to %d: %d rings, %d calls talked, %d presses became accepts, %d restarts", *firstSeed, *firstSeed+uint64(count)-1,
		rings.Load(), talks.Load(), turned.Load(), restarts.Load())
	if talks.Load() == 0 || rings.Load() == 0 || turned.Load() == 0 || restarts.Load() == 0 {
		t.Error("the schedules do not reach what they are there for")
	}
}

// schedule is one random world.
type schedule struct {
	*world
	r         *rand.Rand
	plan      []planned // in the order of time
	loss, dup float64
	jitter    time.Duration
	end       time.Time // humans begin nothing after it
	seen      struct{ talks, rings, turned, restarts int }
}

// planned is something that humans or the world do.
type planned struct {
	at   time.Time
	what deed
	n    uint8
	ref  Ref
	arg  int
}

type deed uint8

const (
	deedDial deed = iota
	deedHangup
	deedCrash
	deedReturn
	deedServerDies
	deedImpair
	deedRestore
	deedBreak
	deedAccept
	deedReject
	deedQuit
	deedHangupAll
)

var layouts = [][]int{{0, 1}, {0, 1}, {0, 1, 1}, {0, 0, 1}, {0, 0, 1, 1}, {0, 1, 2}, {0, 0}, {0, 1, 1, 1, 1, 1}}

func newSchedule(seed uint64, told bool) *schedule {
	r := rand.New(rand.NewPCG(seed, 9))
	accounts := layouts[r.IntN(len(layouts))]
	s := &schedule{world: newWorld(r.IntN(3), accounts...), r: r, end: start.Add(50 * time.Second)}
	s.told = told
	s.loss = []float64{0, 0.02, 0.1, 0.4}[r.IntN(4)]
	s.dup = []float64{0, 0.1, 0.3}[r.IntN(3)]
	s.jitter = []time.Duration{0, 50 * time.Millisecond, 500 * time.Millisecond, 5 * time.Second}[r.IntN(4)]
	s.taken = r.IntN(4) > 0
	s.lossy = s.travel
	s.onAlert = s.human
	devices := len(accounts)
	for range 1 + r.IntN(3) {
		s.add(s.soon(8*time.Second), deedDial, uint8(r.IntN(devices)), 0, accounts[r.IntN(devices)])
	}
	if r.IntN(2) == 0 { // both press at once
		a, b := uint8(0), uint8(devices-1)
		at := s.soon(2 * time.Second)
		s.add(at, deedDial, a, 0, accounts[b])
		s.add(at.Add(time.Duration(r.IntN(300))*time.Millisecond), deedDial, b, 0, accounts[a])
	}
	for range r.IntN(4) {
		what := []deed{deedHangup, deedHangup, deedCrash, deedServerDies, deedImpair, deedImpair, deedImpair, deedBreak, deedQuit}[r.IntN(9)]
		s.add(s.soon(40*time.Second), what, uint8(r.IntN(devices)), 0, r.IntN(2))
	}
	for _, after := range []time.Duration{0, 20 * time.Second, 70 * time.Second} {
		s.add(s.end.Add(after), deedHangupAll, 0, 0, 0)
	}
	return s
}

func (s *schedule) soon(within time.Duration) time.Time {
	return s.now.Add(time.Duration(s.r.Int64N(int64(within))))
}

func (s *schedule) add(at time.Time, what deed, n uint8, ref Ref, arg int) {
	i := len(s.plan)
	for i > 0 && s.plan[i-1].at.After(at) {
		i--
	}
	s.plan = slices.Insert(s.plan, i, planned{at, what, n, ref, arg})
}

// travel says how an envelope fares.
func (s *schedule) travel(env) (int, func() time.Time) {
	copies := 1
	if s.r.Float64() < s.loss {
		copies = 0
	} else if s.r.Float64() < s.dup {
		copies = 2
	}
	return copies, s.arrival
}

func (s *schedule) arrival() time.Time {
	at := s.now.Add(20 * time.Millisecond)
	if s.jitter > 0 {
		at = at.Add(time.Duration(s.r.Int64N(int64(s.jitter))))
	}
	return at
}

// human decides about what rings.
func (s *schedule) human(n uint8, ref Ref) {
	s.seen.rings++
	what := []deed{deedAccept, deedAccept, deedAccept, deedReject, deedHangupAll}[s.r.IntN(5)]
	if what == deedHangupAll || s.now.After(s.end) {
		return // nobody is there
	}
	s.add(s.soon(5*time.Second), what, n, ref, 0)
}

func (s *schedule) run() *world {
	w := s.world
	for w.broken == "" {
		at := w.soonest()
		if len(s.plan) > 0 && (at.IsZero() || !s.plan[0].at.After(at)) {
			p := s.plan[0]
			s.plan = s.plan[1:]
			if p.at.After(w.now) {
				w.now = p.at
			}
			s.deed(p)
		} else if at.IsZero() || at.After(s.end.Add(190*time.Second)) {
			break
		} else {
			w.pass(at)
		}
		s.land()
	}
	if w.broken == "" {
		w.now = s.end.Add(190 * time.Second)
		for n := range w.nodes {
			w.nodes[n].line.Step(w.now, Tick{})
		}
		w.broken = w.left()
	}
	for n := range w.nodes {
		for i := range w.nodes[n].calls {
			c := &w.nodes[n].calls[i]
			s.seen.restarts += int(c.m.epoch)
			if c.role == Callee && c.key {
				s.seen.talks++
			}
			if c.role == Callee && !c.dialed.IsZero() {
				s.seen.turned++
			}
		}
	}
	return w
}

// land lets arrive what is due.
func (s *schedule) land() {
	w := s.world
	for i := 0; i < len(w.net) && w.broken == ""; {
		if f := w.net[i]; !f.at.After(w.now) {
			w.net = slices.Delete(w.net, i, i+1)
			w.arrive(f)
			i = 0
			continue
		}
		i++
	}
}

// some is a call that the device's human knows of; zero: none.
func (s *schedule) some(n uint8) Ref {
	for i := range s.nodes[n].calls {
		if c := &s.nodes[n].calls[i]; !c.ended && c.shown {
			return c.ref
		}
	}
	return 0
}

func (s *schedule) deed(p planned) {
	w, nd := s.world, &s.nodes[p.n]
	if nd.down && p.what != deedReturn && p.what != deedServerDies && p.what != deedHangupAll {
		return
	}
	switch p.what {
	case deedDial:
		w.dial(p.n, p.arg)
	case deedHangup:
		w.press(p.n, s.some(p.n), PressHangup{})
	case deedQuit:
		w.press(p.n, s.some(p.n), Quit{})
	case deedCrash:
		w.crash(p.n)
		s.add(s.soon(10*time.Second), deedReturn, p.n, 0, 0)
	case deedReturn:
		nd.down = false
		if s.r.IntN(2) == 0 { // and calls again
			if len(nd.calls) > 0 {
				c := &nd.calls[0]
				account := int(c.account)
				if c.role == Callee {
					account = slices.Index(orderedAccounts, w.nodes[c.peer].party.Account)
				}
				s.add(s.soon(3*time.Second), deedDial, p.n, 0, account)
			}
		}
	case deedServerDies:
		w.tell("the server dies")
		w.net = slices.DeleteFunc(w.net, func(f flight) bool { return !f.local && s.r.IntN(8) > 0 })
	case deedImpair:
		ref := s.some(p.n)
		c := w.call(p.n, ref)
		if c == nil {
			return
		}
		to, o := w.other(p.n, c)
		w.press(p.n, ref, MediaImpaired{})
		if o != nil && p.arg == 0 { // both sides notice
			w.press(to, o.ref, MediaImpaired{})
		}
		for range s.r.IntN(3) {
			s.add(s.soon(20*time.Second), deedRestore, p.n, ref, 0)
		}
	case deedRestore:
		c := w.call(p.n, p.ref)
		if c == nil {
			return
		}
		if to, o := w.other(p.n, c); o != nil {
			w.net = append(w.net, flight{at: w.now, local: true, to: to, ref: o.ref, event: MediaRestored{}},
				flight{at: w.now, local: true, to: p.n, ref: p.ref, event: MediaRestored{}})
		}
	case deedBreak:
		w.press(p.n, s.some(p.n), MediaFailed{})
	case deedAccept:
		w.press(p.n, p.ref, PressAccept{})
	case deedReject:
		w.press(p.n, p.ref, PressReject{seal.RejectDeclined})
	case deedHangupAll:
		for n := range w.nodes {
			for i := range w.nodes[n].calls {
				w.press(uint8(n), w.nodes[n].calls[i].ref, PressHangup{})
			}
		}
	}
}
