package callstate

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"testing"
	"time"
)

// explorer tries every order in which things can happen in a world: every envelope may arrive at any time from its sending
// on, in any order; as many as allowed are lost or arrive twice; humans press when they like; and as often as allowed a
// deadline passes while everything else stands still. A world that was seen before is not tried again.
type explorer struct {
	t      *testing.T
	begin  *world
	dials  []press // each happens once, at any time
	deeds  []once  // likewise
	accept []uint8 // devices whose human accepts what rings, sooner or later
	spend  budget
	// prompt: what happens inside a device happens at once, which leaves the orders of what is between them.
	prompt bool
	calm   time.Duration // how long a story has to come to rest; zero: see settling
	// check judges a world in which nothing is on its way any more and all repetitions have had their time.
	check func(w *world) string

	seen   map[[2]uint64]struct{}
	seeds  [2]maphash.Seed
	worlds int
	ends   int
	buf    []byte
}

// press is one press of call.
type press struct {
	device  uint8
	account int
}

// once is something else that happens at any time.
type once struct {
	what string
	do   func(*world)
}

// budget is what may still go wrong.
type budget struct{ drops, twice, ticks, hangups, crashes uint8 }

// state is a point of the search.
type state struct {
	w     *world
	dials uint8 // bits of dials and deeds that have happened
	spend budget
	path  *step
}

// step remembers how a state was reached.
type step struct {
	what   string
	before *step
}

func (e *explorer) run() {
	e.t.Helper()
	if size := len(e.begin.nodes); (raced || testing.Short()) && (e.spend.ticks > 0 || e.spend.hangups > 0 || size > 3 || size > 2 && !e.prompt) {
		e.t.Log("a large search is left to the full run")
		return
	}
	e.seen = make(map[[2]uint64]struct{})
	e.seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	todo := []state{{w: e.begin, spend: e.spend}}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if s.w.broken != "" {
			e.report(s, s.w.broken)
		}
		if !e.fresh(s) {
			continue
		}
		e.worlds++
		todo = e.next(s, todo)
	}
	e.t.Logf("%d worlds, %d ends", e.worlds, e.ends)
}

func (e *explorer) report(s state, what string) {
	e.t.Helper()
	var lines []string
	for p := s.path; p != nil; p = p.before {
		lines = append(lines, p.what)
	}
	slices.Reverse(lines)
	e.t.Fatalf("%s\nafter\n%s\nends:\n%s", what, strings.Join(lines, "\n"), strings.Join(s.w.story, "\n"))
}

func (e *explorer) fresh(s state) bool {
	b := append(e.buf[:0], s.dials, s.spend.drops, s.spend.twice, s.spend.ticks, s.spend.hangups, s.spend.crashes)
	b = s.w.encode(b)
	e.buf = b
	key := [2]uint64{maphash.Bytes(e.seeds[0], b), maphash.Bytes(e.seeds[1], b)}
	if _, ok := e.seen[key]; ok {
		return false
	}
	e.seen[key] = struct{}{}
	return true
}

// next appends what can follow s.
func (e *explorer) next(s state, todo []state) []state {
	idle := true
	add := func(what string, spend budget, do func(*world)) *state {
		w := s.w.clone()
		do(w)
		todo = append(todo, state{w, s.dials, spend, &step{what, s.path}})
		return &todo[len(todo)-1]
	}
	if i := slices.IndexFunc(s.w.net, func(f flight) bool { return e.prompt && f.inside() && !f.at.After(s.w.now) }); i >= 0 {
		f := s.w.net[i]
		add("arrive "+f.String(), s.spend, func(w *world) { w.net = slices.Delete(w.net, i, i+1); w.arrive(f) })
		return todo
	}
	for i, f := range s.w.net {
		if f.at.After(s.w.now) || s.w.behind(i) {
			continue
		}
		idle = false
		add("arrive "+f.String(), s.spend, func(w *world) { w.net = slices.Delete(w.net, i, i+1); w.arrive(f) })
		if f.local {
			continue
		}
		if s.spend.drops > 0 {
			less := s.spend
			less.drops--
			add("lose "+f.String(), less, func(w *world) { w.net = slices.Delete(w.net, i, i+1) })
		}
		if s.spend.twice > 0 {
			less := s.spend
			less.twice--
			add("arrive and stay "+f.String(), less, func(w *world) { w.arrive(f) })
		}
	}
	for i, p := range e.dials {
		if s.dials&(1<<i) == 0 {
			idle = false
			add(fmt.Sprintf("%d dials", p.device), s.spend, func(w *world) {
				w.now = w.now.Add(time.Millisecond)
				w.dial(p.device, p.account)
			}).dials |= 1 << i
		}
	}
	for i, d := range e.deeds {
		if bit := uint8(1) << (len(e.dials) + i); s.dials&bit == 0 {
			idle = false
			add(d.what, s.spend, d.do).dials |= bit
		}
	}
	for n := range s.w.nodes {
		for _, c := range s.w.nodes[n].calls {
			switch {
			case c.ended:
			case c.m.state == StateAlerting && slices.Contains(e.accept, uint8(n)):
				idle = false
				add(fmt.Sprintf("%d accepts", n), s.spend, func(w *world) { w.press(uint8(n), c.ref, PressAccept{}) })
			case s.spend.hangups > 0 && c.shown && c.m.state != StateClosing && c.m.state != StateLeaving:
				less := s.spend
				less.hangups--
				add(fmt.Sprintf("%d hangs up", n), less, func(w *world) { w.press(uint8(n), c.ref, PressHangup{}) })
			}
		}
		if s.spend.crashes > 0 && !s.w.nodes[n].down {
			less := s.spend
			less.crashes--
			add(fmt.Sprintf("%d crashes", n), less, func(w *world) { w.crash(uint8(n)); w.nodes[n].down = false })
		}
	}
	if at := s.w.soonest(); s.spend.ticks > 0 && !at.IsZero() && at.Before(start.Add(10*time.Second)) {
		less := s.spend
		less.ticks--
		add("time passes", less, func(w *world) { w.pass(at) })
	}
	if idle {
		e.ends++
		e.end(s)
	}
	return todo
}

// end lets everything take its course, holds the result against what is wanted, hangs up, and wants nothing to be left.
func (e *explorer) end(s state) {
	w := s.w.clone()
	w.accepts = e.accept
	w.settle(w.now.Add(e.settling()))
	what := w.broken
	if what == "" {
		what = e.check(w)
	}
	if what == "" {
		for n := range w.nodes {
			for i := range w.nodes[n].calls {
				if c := w.nodes[n].calls[i]; !c.ended {
					w.press(uint8(n), c.ref, PressHangup{})
				}
			}
		}
		w.settle(w.now.Add(120 * time.Second))
		if what = w.broken; what == "" {
			what = w.left()
		}
	}
	if what != "" {
		again := s.w.clone()
		again.told, again.accepts = true, e.accept
		again.settle(again.now.Add(e.settling()))
		s.w = again
		e.report(s, what)
	}
}

// settling is how long a story has to come to rest. A device that nobody could tell that the call is over rings for a minute.
func (e *explorer) settling() time.Duration {
	if e.calm > 0 {
		return e.calm
	}
	if e.spend.drops > 0 {
		return RingTimeout + 5*time.Second
	}
	return 20 * time.Second
}

// left is what must not be there two minutes after the end.
func (w *world) left() string {
	for n := range w.nodes {
		nd := &w.nodes[n]
		for i := range nd.calls {
			if c := &nd.calls[i]; !c.ended || !nd.down && c.m.result == ResultUnset && c.m.state == StateEnded {
				return fmt.Sprintf("I4, I6: device %d has a call in state %v", n, c.m.state)
			}
		}
		if len(nd.line.calls) != 0 || len(nd.line.over) != 0 || len(nd.line.newest) != 0 {
			return fmt.Sprintf("I6: the line of device %d remembers %d calls, %d ends, %d offers", n, len(nd.line.calls), len(nd.line.over), len(nd.line.newest))
		}
	}
	return ""
}

// settle delivers everything in order and lets time pass until there is nothing to wait for, or until.
func (w *world) settle(until time.Time) {
	for w.broken == "" {
		for i := 0; i < len(w.net); {
			if f := w.net[i]; !f.at.After(w.now) {
				w.net = slices.Delete(w.net, i, i+1)
				w.arrive(f)
				i = 0
				continue
			}
			i++
		}
		if w.acceptAll() {
			continue
		}
		at := w.soonest()
		if at.IsZero() || at.After(until) {
			break
		}
		w.pass(at)
	}
	w.now = until
	for n := range w.nodes {
		w.nodes[n].line.Step(w.now, Tick{})
	}
}

// acceptAll lets the humans press who accept what rings; false if nothing rings at them.
func (w *world) acceptAll() (pressed bool) {
	for _, n := range w.accepts {
		for i := range w.nodes[n].calls {
			if c := w.nodes[n].calls[i]; !c.ended && c.m.state == StateAlerting {
				w.press(n, c.ref, PressAccept{})
				pressed = true
			}
		}
	}
	return pressed
}

// soonest is when the next thing is due; zero: never.
func (w *world) soonest() (at time.Time) {
	take := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	for i := range w.net {
		if w.net[i].at.After(w.now) {
			take(w.net[i].at)
		}
	}
	for n := range w.nodes {
		for i := range w.nodes[n].calls {
			if c := &w.nodes[n].calls[i]; !c.ended {
				take(c.due)
			}
		}
		take(w.nodes[n].line.Deadline())
	}
	return at
}

// pass goes to at and steps whoever waited for it.
func (w *world) pass(at time.Time) {
	if at.After(w.now) {
		w.now = at
	}
	for n := range w.nodes {
		nd := &w.nodes[n]
		for i := 0; i < len(nd.calls); i++ {
			if c := &nd.calls[i]; !c.ended && !c.due.IsZero() && !c.due.After(w.now) {
				w.step(uint8(n), c.ref, Timeout{})
			}
		}
		if d := nd.line.Deadline(); !d.IsZero() && !d.After(w.now) {
			nd.line.Step(w.now, Tick{})
		}
	}
}

// behind says whether an earlier order for the same call must come first, or the same envelope is on its way already.
func (w *world) behind(i int) bool {
	f := &w.net[i]
	for j := range i {
		o := &w.net[j]
		if f.local && o.local && o.to == f.to && o.ref == f.ref && !o.at.After(w.now) {
			return true
		}
		if !f.local && !o.local && o.e == f.e {
			return true
		}
	}
	return false
}

// inside says whether a flight is something that a device or a path does by itself.
func (f flight) inside() bool {
	switch f.event.(type) {
	case Prepared, MediaUp, MediaRestored:
		return true
	}
	return false
}

// code tells events of flights apart.
func (f flight) code() byte {
	switch f.event.(type) {
	case Prepared:
		return 1
	case MediaUp:
		return 2
	case MediaImpaired:
		return 3
	case MediaRestored:
		return 4
	case MediaFailed:
		return 5
	case InCallHangup:
		return 6
	case InCallHangupAcked:
		return 7
	case Yield:
		return 8
	case Unpark:
		return 9
	case Refuse:
		return 10
	case Superseded:
		return 11
	case Received:
		return 12
	}
	panic(fmt.Sprintf("no code for %T", f.event))
}

func (f flight) String() string {
	if f.local {
		return fmt.Sprintf("%d.%d: %T%v", f.to, f.ref, f.event, f.event)
	}
	return fmt.Sprintf("%d → %d: type %d of call %v, late %v, reason %d", f.e.from, f.e.to, f.e.kind, f.e.call, f.e.late, f.e.reason)
}

func (w *world) clone() *world {
	o := *w
	o.nodes = slices.Clone(w.nodes)
	for n := range o.nodes {
		nd := &o.nodes[n]
		nd.line.calls, nd.line.over, nd.line.newest = slices.Clone(nd.line.calls), slices.Clone(nd.line.over), slices.Clone(nd.line.newest)
		nd.calls = slices.Clone(nd.calls)
		for i := range nd.calls {
			nd.calls[i].m.devices = slices.Clone(nd.calls[i].m.devices)
		}
	}
	o.net, o.seen = slices.Clone(w.net), slices.Clone(w.seen)
	return &o
}

// encode writes what decides about a world's future.
func (w *world) encode(b []byte) []byte {
	t := func(at time.Time) {
		if at.IsZero() {
			b = binary.BigEndian.AppendUint32(b, 0)
			return
		}
		b = binary.BigEndian.AppendUint32(b, uint32(at.Sub(start)/time.Millisecond)+1)
	}
	flag := func(flags ...bool) {
		for _, f := range flags {
			if f {
				b = append(b, 1)
			} else {
				b = append(b, 0)
			}
		}
	}
	again := func(r *repeater) { t(r.at); b = append(b, byte(r.left), byte(r.gap/time.Second)) }
	t(w.now)
	for n := range w.nodes {
		nd := &w.nodes[n]
		b = append(b, 'N', byte(nd.next), nd.dials, byte(nd.alertsWhilePressed))
		flag(nd.down)
		for i := range nd.line.calls {
			c := &nd.line.calls[i]
			b = append(b, 'L', byte(c.ref), byte(c.role), byte(c.state), c.peer.Device[0], byte(c.offer.ID[0]), c.offer.ID[1], byte(c.waits))
			flag(c.impaired, c.proven, c.turning != nil)
			t(c.confirmed)
			if c.turning != nil {
				b = append(b, c.turning.ID[0], c.turning.ID[1])
			}
		}
		for _, m := range nd.line.over {
			b = append(b, 'o', m.call[0], m.call[1])
			t(m.until)
		}
		for _, m := range nd.line.newest {
			b = append(b, 'n', m.call[0], m.call[1])
			t(m.until)
		}
		for i := range nd.calls {
			c := &nd.calls[i]
			m := &c.m
			b = append(b, 'C', byte(c.ref), byte(m.role), byte(m.result), c.id.from, c.id.count)
			flag(c.shown, c.ended)
			if c.ended {
				continue
			}
			b = append(b, byte(m.state), c.peer, m.chosen[0], byte(m.epoch), byte(m.held), c.rung, c.accepted, c.shut, c.lateElsewhere, c.saidElsewhere, c.ask, c.asked)
			flag(m.visible, m.taken, m.proven, m.prepared, m.ringSent, m.accepted, m.mediaAsked, m.mediaUp, m.mediaFailed, m.impaired, m.asked, m.unsure,
				c.pressed, c.missed, c.rang, c.consented, c.closed, c.media, c.voice, c.key, c.turn != nil)
			for _, at := range []time.Time{m.ringUntil, m.offerUntil, m.connectUntil, m.closeAt, m.copyAt, m.settleAt, m.giveUpAt, c.endBy} {
				t(at)
			}
			again(&m.again)
			again(&m.askAgain)
			again(&m.ackAgain)
			for j := range m.devices {
				d := &m.devices[j]
				b = append(b, 'd', d.id[0], byte(d.reason))
				flag(d.rang, d.out)
				again(&d.again)
			}
		}
	}
	keys := make([]envelopeKey, 0, 64)
	for i := range w.net {
		f := &w.net[i]
		if !f.local {
			keys = append(keys, f.e.key())
			continue
		}
		b = append(b, 'l', f.to, byte(f.ref), byte(f.role), f.call.from, f.call.count, f.code())
		t(f.at)
		if r, ok := f.event.(Received); ok {
			b = append(b, byte(r.Type), byte(r.Hangup))
		}
	}
	for _, keys := range [][]envelopeKey{keys, append(keys[len(keys):], w.seen...)} {
		slices.Sort(keys)
		b = append(b, '|')
		for _, k := range keys {
			b = binary.BigEndian.AppendUint64(b, uint64(k))
		}
	}
	return b
}
