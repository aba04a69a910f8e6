package callstate

import (
	"bytes"
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// memory is how long a Line remembers what it has heard of other people's calls: an offer is good for 60 s after it was
// sent, so what came before it cannot matter for longer.
const (
	memory      = seal.MaxOfferAge + 30*time.Second
	maxMemories = 256
)

// Ref is the shell's name of a call: never zero, never used twice.
type Ref uint64

// Party is one device of one account.
type Party struct {
	Account record.AccountID
	Device  record.DeviceID
}

// LineConfig is what a Line is made of.
type LineConfig struct {
	Self Party
	// Limit is how many calls may be live before further callers hear busy; zero or negative: no limit. With 2 and more, a
	// caller rings while one talks (call waiting).
	Limit int
}

// Line is what needs a view over all calls of a device: which offer rings, which hears that the phone is busy, which turns
// a call that goes out into an accept, and which replaces a call that is over at the other side. Pure, like Machine. Make it
// with NewLine. Not safe for concurrent use.
type Line struct {
	self  Party
	limit int
	calls []lineCall // in the order of their beginning

	over   []memo // calls that ended before their offer came
	newest []memo // the newest offer of each device
}

// lineCall is a call as the Line sees it.
type lineCall struct {
	ref       Ref
	role      Role
	state     State
	impaired  bool
	proven    bool
	peer      Party     // of a caller: the device is zero until one is confirmed
	offer     Offered   // of a callee
	turning   *Offered  // the offer that this call was told to yield to
	waits     Ref       // of a parked offer: the call that it waits for
	confirmed time.Time // of a caller
}

// memo is one thing to remember of a party: a call, or when its newest offer was signed.
type memo struct {
	party Party
	call  seal.CallID
	sign  time.Time
	until time.Time
}

// LineEvent is something that concerns more than one call.
type LineEvent interface{ lineEvent() }

// The events of a Line.
type (
	// Dialed: the human pressed call. Call is the name it will have.
	Dialed struct {
		Call Ref
		To   record.AccountID
	}
	// Offered: an OFFER was verified. Call is the name it will have.
	Offered struct {
		Call     Ref
		From     Party
		ID       seal.CallID
		Signed   time.Time     // Offer.Time
		Age      time.Duration // spent at the server
		Visible  bool          // policy: the caller may learn that we are here
		Blocked  bool          // policy: silence
		OffHours bool          // policy: refuse
	}
	// Withdrawn: a caller said ELSEWHERE or HANGUP to a device that has not sent RING.
	Withdrawn struct {
		From Party
		ID   seal.CallID
		Said Received
	}
	// Moved: a Machine was stepped; see MovedTo. Telling it when nothing has changed does no harm.
	Moved struct {
		Call     Ref
		Role     Role
		State    State
		Peer     record.DeviceID
		Impaired bool
		Proven   bool
	}
	// Tick: Deadline has passed.
	Tick struct{}
)

// MovedTo says to a Line where a Machine stands.
func MovedTo(call Ref, m *Machine) Moved {
	return Moved{Call: call, Role: m.Role(), State: m.State(), Peer: m.Peer(), Impaired: m.Impaired(), Proven: m.Proven()}
}

func (Dialed) lineEvent()    {}
func (Offered) lineEvent()   {}
func (Withdrawn) lineEvent() {}
func (Moved) lineEvent()     {}
func (Tick) lineEvent()      {}

// Order is what the shell has to do, in the order given.
type Order interface{ order() }

// The orders.
type (
	// Begin: make the call, with this first event. For an offer that is to be refused too: the refusal is the Machine's.
	Begin struct {
		Call  Ref
		First Event
	}
	// Feed steps a call that exists.
	Feed struct {
		Call  Ref
		Event Event
	}
	// Turn: keep the offer's handshake for BecomeCallee and step the outgoing call with Event. If its role is Caller
	// afterwards, it had moved on meanwhile: step the Line with the same Offered again.
	Turn struct {
		Call  Ref
		Event Yield
	}
	// Join answers Dialed: this call of theirs is ringing here; the press accepts it.
	Join struct{ Call Ref }
	// Engaged answers Dialed: there is a call with this account already.
	Engaged struct{ Call Ref }
)

func (Begin) order()   {}
func (Feed) order()    {}
func (Turn) order()    {}
func (Join) order()    {}
func (Engaged) order() {}

// NewLine makes a Line without calls.
func NewLine(cfg LineConfig) *Line { return &Line{self: cfg.Self, limit: cfg.Limit} }

// Deadline is when Tick is due; zero: never.
func (l *Line) Deadline() time.Time {
	var first time.Time
	for _, memos := range [][]memo{l.over, l.newest} {
		if len(memos) > 0 && (first.IsZero() || memos[0].until.Before(first)) {
			first = memos[0].until
		}
	}
	return first
}

// Step takes one event and says what to do. No order: drop what came, silently.
func (l *Line) Step(now time.Time, ev LineEvent) []Order {
	l.over, l.newest = forget(l.over, now), forget(l.newest, now)
	switch ev := ev.(type) {
	case Dialed:
		return l.dialed(ev)
	case Offered:
		return l.offered(now, ev)
	case Withdrawn:
		return l.withdrawn(now, ev)
	case Moved:
		return l.moved(now, ev)
	}
	return nil
}

// dialed: one call with an account at a time, so that a newer offer of the same device always means that its older call is
// over. Calls that are ending do not count.
func (l *Line) dialed(ev Dialed) []Order {
	for i := range l.calls {
		c := &l.calls[i]
		if c.peer.Account != ev.To || c.ending() || c.state == StateParked {
			continue
		}
		if c.state == StateAlerting {
			return []Order{Join{c.ref}}
		}
		return []Order{Engaged{c.ref}}
	}
	l.calls = append(l.calls, lineCall{ref: ev.Call, role: Caller, state: StatePreparing, peer: Party{Account: ev.To}})
	return []Order{Begin{ev.Call, Dial{}}}
}

// withdrawn passes the message to its call, and remembers it in case its offer is still on the way.
func (l *Line) withdrawn(now time.Time, ev Withdrawn) []Order {
	l.over = remember(l.over, memo{party: ev.From, call: ev.ID, until: now.Add(memory)})
	for i := range l.calls {
		c := &l.calls[i]
		if c.is(ev.From, ev.ID) {
			return []Order{Feed{c.ref, ev.Said}}
		}
	}
	return nil
}

// moved keeps the Line's view of a call up to date, and frees offers that were parked because of it.
func (l *Line) moved(now time.Time, ev Moved) []Order {
	for i := range l.calls {
		c := &l.calls[i]
		if c.ref != ev.Call {
			continue
		}
		if c.role == Caller && ev.Role == Callee && c.turning != nil {
			c.offer, c.peer, c.turning = *c.turning, c.turning.From, nil
		}
		if c.role == Caller && c.early() && (ev.State == StateConnecting || ev.State == StateTalking) {
			c.confirmed = now
		}
		c.role, c.state, c.impaired, c.proven = ev.Role, ev.State, ev.Impaired, ev.Proven
		if ev.Role == Caller {
			c.peer.Device = ev.Peer
		}
		freed := l.parkedFor(c)
		if ev.State == StateEnded {
			l.calls = append(l.calls[:i], l.calls[i+1:]...)
		}
		return freed
	}
	return nil
}

// early says whether an outgoing call has nobody yet.
func (c *lineCall) early() bool {
	return c.role == Caller && (c.state == StatePreparing || c.state == StateDialing || c.state == StateRinging)
}

// ending says whether a call does not count any more.
func (c *lineCall) ending() bool {
	return c.state == StateClosing || c.state == StateLeaving || c.state == StateEnded
}

// is says whether the call is the one that this offer began, or is about to go on with it.
func (c *lineCall) is(from Party, id seal.CallID) bool {
	if c.turning != nil {
		return c.turning.From == from && c.turning.ID == id
	}
	return c.role == Callee && c.offer.From == from && c.offer.ID == id
}

// full says whether a further caller hears busy.
func (l *Line) full(except Ref) bool {
	live := 0
	for i := range l.calls {
		if c := &l.calls[i]; c.ref != except && c.state != StateParked && !c.ending() {
			live++
		}
	}
	return l.limit > 0 && live >= l.limit
}

// less orders two parties: by account, and by device where one account calls itself.
func less(a, b Party) bool {
	x, y := a.Account.Bytes(), b.Account.Bytes()
	if c := bytes.Compare(x[:], y[:]); c != 0 {
		return c < 0
	}
	return bytes.Compare(a.Device[:], b.Device[:]) < 0
}

// forget drops what is too old; memos are in the order of their time.
func forget(memos []memo, now time.Time) []memo {
	for len(memos) > 0 && !memos[0].until.After(now) {
		memos = memos[1:]
	}
	if len(memos) == 0 {
		return nil
	}
	return memos
}

// remember is bounded: a flood of calls that never ring costs the oldest memory.
func remember(memos []memo, m memo) []memo {
	if len(memos) >= maxMemories {
		memos = memos[1:]
	}
	return append(memos, m)
}
