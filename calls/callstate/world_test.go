package callstate

import (
	"fmt"
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// A world is a few devices with a Line and Machines each, and a network between them that the test steers: the shell and the
// handshake reduced to what decides. It is a value: clone it and try both ways.
//
// What the handshake guarantees is modelled, not assumed: an envelope is opened once, nothing of a session is opened before
// RING, CONFIRM needs ACCEPT. What the machines must guarantee is checked in every step, and the first breach is kept in
// broken.
type world struct {
	now    time.Time
	nodes  []node
	net    []flight
	seen   []envelopeKey // opened: the receivers' memories, which survive a crash
	broken string
	story  []string // what happened; nil: not kept
	told   bool     // keep the story

	taken   bool    // servers take offers
	accepts []uint8 // devices whose human accepts at once what rings, once the world settles
	onAlert func(n uint8, ref Ref)
	lossy   func(env) (copies int, at func() time.Time)
}

// node is one device.
type node struct {
	party Party
	line  Line
	calls []wcall
	next  Ref
	dials uint8
	down  bool
	// alertsWhilePressed counts rings that came although the human was calling that very account.
	alertsWhilePressed int
}

// callName names a call for everybody: who dialed, and the how-manieth time.
type callName struct{ from, count uint8 }

func (n callName) id() seal.CallID { return seal.CallID{n.from + 1, n.count} }

// env is one envelope. Its content is its identity, for repetitions are identical.
type env struct {
	kind     seal.Type
	from, to uint8
	call     callName
	late     bool // of the OFFER class although not an offer
	reason   uint8
	epoch    uint8
	signed   time.Time // OFFER
}

type envelopeKey uint64

func (e env) key() envelopeKey {
	k := uint64(e.kind)<<48 | uint64(e.from)<<40 | uint64(e.to)<<32 | uint64(e.call.from)<<24 | uint64(e.call.count)<<16 | uint64(e.reason)<<9 | uint64(e.epoch)<<1
	if e.late {
		k |= 1
	}
	return envelopeKey(k)
}

// flight is something on its way: an envelope, or an event or order inside one device.
type flight struct {
	at    time.Time
	local bool
	to    uint8
	ref   Ref
	event Event     // local
	turn  *env      // local: Turn with the handshake of this offer
	role  Role      // of a local media event: it is about the path of that role
	call  callName  // of a local media event
	e     env       // not local
	sent  time.Time // for the law of I3
}

// wcall is one call at one device: a Machine and its half of the handshake.
type wcall struct {
	ref  Ref
	m    Machine
	role Role // the shell's: it follows the machine's at BecomeCallee
	id   callName
	peer uint8 // of a callee: who called

	pressed bool // by the human: call or accept
	shown   bool // to the human: dialed or alerted
	ended   bool

	// The caller's handshake, one bit a device.
	rung, accepted, shut, lateElsewhere, saidElsewhere uint8
	account                                            uint8 // dialed
	dialed                                             time.Time
	missed                                             bool
	// The callee's.
	rang, consented, closed bool
	turn                    *env

	media bool
	voice bool
	key   bool // CONFIRM was sent or opened
	// Restarts: who began the one that made each epoch's key.
	chain [16]Role
	ask   uint8 // RESTART that is out
	asked uint8 // RESTART that came last
	endBy time.Time
	due   time.Time
}

func accountOf(i int) record.AccountID {
	var key [record.KeySize]byte
	key[0] = byte(i)
	return record.AccountKeyFrom(key).ID()
}

// orderedAccounts are ids in ascending order, so that account 0 wins every glare.
var orderedAccounts = func() []record.AccountID {
	ids := make([]record.AccountID, 0, 4)
	for i := 0; len(ids) < cap(ids); i++ {
		id := accountOf(i)
		if len(ids) == 0 || less(Party{Account: ids[len(ids)-1]}, Party{Account: id}) {
			ids = append(ids, id)
		}
	}
	return ids
}()

// newWorld has one device for each number, which is that of its account.
func newWorld(limit int, accounts ...int) *world {
	w := &world{now: start, taken: true}
	for i, a := range accounts {
		party := Party{orderedAccounts[a], record.DeviceID{byte(i + 1)}}
		w.nodes = append(w.nodes, node{party: party, line: *NewLine(LineConfig{Self: party, Limit: limit}), next: 1})
	}
	return w
}

func (w *world) fail(format string, args ...any) {
	if w.broken == "" {
		w.broken = fmt.Sprintf(format, args...)
	}
}

func (w *world) tell(format string, args ...any) {
	if w.told {
		w.story = append(w.story, fmt.Sprintf("%8v  ", w.now.Sub(start))+fmt.Sprintf(format, args...))
	}
}

func (w *world) node(d record.DeviceID) uint8 { return d[0] - 1 }

func (w *world) call(n uint8, ref Ref) *wcall {
	for i := range w.nodes[n].calls {
		if c := &w.nodes[n].calls[i]; c.ref == ref && !c.ended {
			return c
		}
	}
	return nil
}

// find is the live call of this name and role at a device.
func (w *world) find(n uint8, id callName, role Role) *wcall {
	for i := range w.nodes[n].calls {
		if c := &w.nodes[n].calls[i]; c.id == id && c.role == role && !c.ended {
			return c
		}
	}
	return nil
}

// other is the far end of a call's media.
func (w *world) other(n uint8, c *wcall) (uint8, *wcall) {
	if c.role == Callee {
		o := w.find(c.peer, c.id, Caller)
		if o != nil && !o.m.early() && o.m.chosen != w.nodes[n].party.Device {
			o = nil
		}
		return c.peer, o
	}
	if c.m.chosen == (record.DeviceID{}) {
		for i := range w.nodes {
			if o := w.find(uint8(i), c.id, Callee); o != nil && o.media && c.rung&(1<<i) != 0 {
				return uint8(i), o
			}
		}
		return 0, nil
	}
	to := w.node(c.m.chosen)
	return to, w.find(to, c.id, Callee)
}

// dial is a human's press of call.
func (w *world) dial(n uint8, account int) {
	nd := &w.nodes[n]
	if nd.down {
		return
	}
	ref := nd.next
	nd.next++
	w.tell("%d: press call", n)
	for _, o := range nd.line.Step(w.now, Dialed{ref, orderedAccounts[account]}) {
		switch o := o.(type) {
		case Begin:
			name := callName{n, nd.dials}
			nd.dials++
			nd.calls = append(nd.calls, wcall{ref: o.Call, m: *New(Caller), role: Caller, id: name, pressed: true, shown: true, account: uint8(account), dialed: w.now})
			w.step(n, o.Call, o.First)
		case Join:
			if c := w.call(n, o.Call); c != nil {
				c.pressed = c.m.state == StateAlerting
				w.step(n, o.Call, PressAccept{})
			}
		case Engaged:
		default:
			w.fail("dialing led to %T", o)
		}
	}
}

// press is any other act of the human, or of the media.
func (w *world) press(n uint8, ref Ref, ev Event) {
	if c := w.call(n, ref); c != nil {
		if _, ok := ev.(PressAccept); ok && c.m.state == StateAlerting {
			c.pressed = true
		}
		switch ev.(type) {
		case PressHangup, Quit:
			if c.m.keyed() {
				c.endBy = w.now.Add(5 * time.Second) // this is the hang-up that counts
			}
		}
		w.step(n, ref, ev)
	}
}

// step is what the shell does with one event.
func (w *world) step(n uint8, ref Ref, ev Event) {
	c := w.call(n, ref)
	if c == nil {
		return
	}
	if w.told {
		w.tell("%d.%d (%v): %T%v", n, ref, c.m.state, ev, ev)
	}
	actions := c.m.Step(w.now, ev)
	offered := false
	for i, a := range actions {
		if w.told {
			w.tell("    %T%v", a, a)
		}
		if _, ok := a.(Finish); ok && i != len(actions)-1 {
			w.fail("Finish is not the last action")
		}
		_, isOffer := a.(SendOffer)
		offered = offered || isOffer
		w.do(n, c, a)
	}
	if offered && w.taken {
		c.m.Step(w.now, OfferTaken{})
	}
	c.due = c.m.Deadline()
	w.obey(n, w.nodes[n].line.Step(w.now, MovedTo(ref, &c.m)), nil)
}

// obey does what a Line says; of are the offer's envelope for Begin and Turn.
func (w *world) obey(n uint8, orders []Order, of *env) {
	nd := &w.nodes[n]
	for _, o := range orders {
		if w.told {
			w.tell("    %d: order %T%v", n, o, o)
		}
		switch o := o.(type) {
		case Begin:
			nd.calls = append(nd.calls, wcall{ref: o.Call, m: *New(Callee), role: Callee, id: of.call, peer: of.from})
			w.step(n, o.Call, o.First)
		case Feed:
			w.net = append(w.net, flight{at: w.now, local: true, to: n, ref: o.Call, event: o.Event})
		case Turn:
			w.net = append(w.net, flight{at: w.now, local: true, to: n, ref: o.Call, event: o.Event, turn: of})
		default:
			w.fail("an offer led to %T", o)
		}
	}
}

// offer gives a verified offer to the Line.
func (w *world) offer(e env) {
	nd := &w.nodes[e.to]
	ref := nd.next
	nd.next++
	w.obey(e.to, nd.line.Step(w.now, Offered{Call: ref, From: w.nodes[e.from].party, ID: e.call.id(), Signed: e.signed, Visible: true}), &e)
}

// arrive lets one flight land. It has been taken out of the network already.
func (w *world) arrive(f flight) {
	if w.nodes[f.to].down {
		return
	}
	if f.local {
		w.happen(f)
		return
	}
	e := f.e
	for _, k := range w.seen {
		if k == e.key() {
			return // a receiver opens an envelope once
		}
	}
	if w.told {
		w.tell("%d → %d: %d of %v late %v reason %d epoch %d", e.from, e.to, e.kind, e.call, e.late, e.reason, e.epoch)
	}
	switch {
	case e.kind == seal.TypeOffer:
		w.seen = append(w.seen, e.key())
		w.offer(e)
	case e.late:
		w.seen = append(w.seen, e.key())
		said := Received{Type: e.kind, Hangup: seal.HangupReason(e.reason)}
		w.obey(e.to, w.nodes[e.to].line.Step(w.now, Withdrawn{w.nodes[e.from].party, e.call.id(), said}), nil)
	case e.call.from == e.to:
		w.toCaller(e)
	default:
		w.toCallee(e)
	}
}

func (w *world) toCaller(e env) {
	c, bit := w.find(e.to, e.call, Caller), uint8(1)<<e.from
	if c == nil || c.shut&bit != 0 {
		return
	}
	ev := Received{Device: w.nodes[e.from].party.Device, Type: e.kind, Epoch: uint32(e.epoch)}
	switch first := c.rung&bit == 0; {
	case first && e.kind == seal.TypeRing:
		c.rung |= bit
		ev.Transport = true
	case first && e.kind == seal.TypeReject:
		c.shut |= bit
	case first:
		return // nothing of a session can be opened before RING: not seen, a repetition may come
	case e.kind == seal.TypeAccept:
		c.accepted |= bit
	case e.kind == seal.TypeRestart:
		c.asked = e.epoch
	}
	ev.Reject, ev.Hangup = seal.RejectReason(e.reason), seal.HangupReason(e.reason)
	w.seen = append(w.seen, e.key())
	w.heardHangup(c, e.kind, e.from)
	w.step(e.to, c.ref, ev)
}

func (w *world) toCallee(e env) {
	c := w.find(e.to, e.call, Callee)
	if c == nil || !c.rang {
		return
	}
	switch e.kind {
	case seal.TypeConfirm:
		if !c.consented {
			w.fail("I2: CONFIRM to a device that has not accepted")
		}
		c.key = true
	case seal.TypeRestart:
		c.asked = e.epoch
	}
	w.seen = append(w.seen, e.key())
	w.heardHangup(c, e.kind, e.from)
	w.step(e.to, c.ref, Received{Type: e.kind, Hangup: seal.HangupReason(e.reason), Epoch: uint32(e.epoch)})
}

// heardHangup: from now on I3 gives 5 s. While several devices ring, one that hangs up leaves it to the others.
func (w *world) heardHangup(c *wcall, kind seal.Type, from uint8) {
	if c.role == Caller && c.m.chosen != w.nodes[from].party.Device {
		return
	}
	if kind == seal.TypeHangup || kind == seal.TypeElsewhere && !c.m.keyed() {
		w.endBy(c, 5*time.Second)
	}
}

func (w *world) endBy(c *wcall, in time.Duration) {
	if at := w.now.Add(in); c.endBy.IsZero() || at.Before(c.endBy) {
		c.endBy = at
	}
}

// happen is an event inside a device.
func (w *world) happen(f flight) {
	c := w.call(f.to, f.ref)
	if f.turn != nil {
		if c != nil {
			c.turn = f.turn
			w.step(f.to, f.ref, f.event)
		}
		if c == nil || c.m.role != Callee {
			w.offer(*f.turn) // the call had moved on
		}
		return
	}
	if c == nil || (f.role != 0 && (c.role != f.role || c.id != f.call)) {
		return
	}
	switch ev := f.event.(type) {
	case InCallHangup:
		_, o := w.other(f.to, c)
		if !c.voice || o == nil {
			return // frames that nobody sends any more, or nobody plays yet
		}
		w.endBy(c, 5*time.Second)
	case InCallHangupAcked:
		if !c.voice {
			return
		}
	case MediaImpaired:
		if _, o := w.other(f.to, c); !c.m.keyed() || o != nil && o.voice {
			return // no dead air any more
		}
	case MediaRestored:
		_, o := w.other(f.to, c)
		if o == nil || !o.voice {
			return
		}
		ev.Epoch = min(c.m.epoch, o.m.epoch)
		f.event = ev
	}
	w.step(f.to, f.ref, f.event)
}

// put sends an envelope.
func (w *world) put(e env) {
	copies, at := 1, func() time.Time { return w.now }
	if w.lossy != nil {
		copies, at = w.lossy(e)
	}
	for range copies {
		w.net = append(w.net, flight{at: at(), to: e.to, e: e, sent: w.now})
	}
}
