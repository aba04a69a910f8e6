package callstate

import (
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
)

// offered judges one verified offer. The order of the questions matters: each assumes that those before it were answered no.
func (l *Line) offered(now time.Time, ev Offered) []Order {
	if ev.From == l.self || l.isOver(ev) {
		return nil
	}
	l.returned(ev)
	var orders []Order
	outgoing := l.outgoing(ev)
	glare := outgoing != nil && outgoing.early()
	// Whom the human is calling at this moment is not blocked for them.
	if ev.Blocked && !glare {
		return nil
	}
	if l.stale(now, ev) {
		return nil
	}
	// A device has one call with an account at a time: its newer offer says that its older call is over there.
	for i := range l.calls {
		if c := &l.calls[i]; c.role == Callee && !c.ending() && c.offer.From == ev.From {
			orders = append(orders, Feed{c.ref, Superseded{}})
			c.state = StateEnded // it does not count any more; Moved will remove it
		}
	}
	switch {
	case glare && outgoing.turning != nil && outgoing.turning.From == ev.From:
		// The offer that it was to yield to is over.
		orders = append(orders, Feed{outgoing.ref, Superseded{}})
		outgoing.state = StateEnded
	case glare:
		return append(orders, l.glare(outgoing, ev)...)
	case outgoing == nil:
	case outgoing.peer.Device != ev.From.Device && outgoing.crossed(ev):
		// Another of their devices pressed call too, before ours was answered: the one call there is, is this one.
		return append(orders, l.begin(ev, OfferOpened{Visible: ev.Visible, Refuse: seal.RejectDeclined})...)
	case outgoing.peer.Device != ev.From.Device:
	case outgoing.crossed(ev) && outgoing.proven:
		return orders // the loser of a glare, late: they have gone on with our call
	case outgoing.impaired && !outgoing.crossed(ev):
		orders = append(orders, Feed{outgoing.ref, Superseded{}})
		outgoing.state = StateEnded
	default:
		// They call again, and the call with them still looks up: wait for what becomes of it.
		return append(orders, l.park(outgoing, ev)...)
	}
	switch {
	case ev.OffHours:
		return append(orders, l.begin(ev, OfferOpened{Visible: ev.Visible, Refuse: seal.RejectOffHours})...)
	case l.full(ev.Call):
		return append(orders, l.begin(ev, OfferOpened{Visible: ev.Visible, Refuse: seal.RejectBusy})...)
	}
	return append(orders, l.begin(ev, OfferOpened{Visible: ev.Visible, Age: ev.Age})...)
}

// glare: both sides have pressed call. If our offers are not out yet, or lose, the press becomes an accept; otherwise
// theirs waits, unheard, to ring if ours comes to nothing.
func (l *Line) glare(outgoing *lineCall, ev Offered) []Order {
	if outgoing.turning != nil {
		// It is becoming a callee's call with another of their devices, which wins.
		return l.begin(ev, OfferOpened{Visible: ev.Visible, Refuse: seal.RejectBusy})
	}
	ours := less(l.self, ev.From)
	if ours && outgoing.state != StatePreparing {
		return l.park(outgoing, ev)
	}
	outgoing.turning = &ev
	return []Order{Turn{outgoing.ref, Yield{Ours: ours}}}
}

func (l *Line) park(outgoing *lineCall, ev Offered) []Order {
	waits := outgoing.ref
	orders := l.begin(ev, OfferOpened{Visible: ev.Visible, Parked: true, Age: ev.Age})
	l.calls[len(l.calls)-1].waits = waits
	return orders
}

// begin makes a call of an offer. What is refused ends with its first step and never counts.
func (l *Line) begin(ev Offered, first OfferOpened) []Order {
	state := StateAlerting
	switch {
	case first.Parked:
		state = StateParked
	case first.Refuse != 0:
		state = StateEnded
	}
	l.calls = append(l.calls, lineCall{ref: ev.Call, role: Callee, state: state, peer: ev.From, offer: ev})
	return []Order{Begin{ev.Call, first}}
}

// outgoing is the live call that we made to the account of an offer.
func (l *Line) outgoing(ev Offered) *lineCall {
	for i := range l.calls {
		c := &l.calls[i]
		if c.role == Caller && c.peer.Account == ev.From.Account && !c.ending() {
			return c
		}
	}
	return nil
}

// crossed says whether an offer was made before our call to its sender was answered. It compares the clocks of two devices: if
// they are wrong, an offer of somebody with whom this device talks already may be judged wrongly, nothing else.
func (c *lineCall) crossed(ev Offered) bool {
	return !c.confirmed.IsZero() && !ev.Signed.After(c.confirmed)
}

// parkedFor says what becomes of the offers that wait for c.
func (l *Line) parkedFor(c *lineCall) []Order {
	var orders []Order
	for i := range l.calls {
		p := &l.calls[i]
		if p.state != StateParked || p.waits != c.ref {
			continue
		}
		var what Event
		switch {
		case c.early():
			continue
		case c.role == Callee || !c.ending() && p.peer.Device != c.peer.Device:
			// The human talks, with another of their devices: one call is what both presses wanted.
			what = Refuse{seal.RejectDeclined}
		case c.crossed(p.offer) && c.proven:
			what = Superseded{} // it has lost: they have gone on with our call
		case c.ending():
			what = l.unpark(p)
		case !c.impaired || c.crossed(p.offer):
			continue // they may have called again; if our call is dead, that will show
		default:
			orders = append(orders, Feed{c.ref, Superseded{}})
			c.state = StateEnded
			what = l.unpark(p)
		}
		orders = append(orders, Feed{p.ref, what})
		if _, rings := what.(Unpark); rings {
			p.state = StateAlerting
		} else {
			p.state = StateEnded
		}
	}
	return orders
}

// unpark lets a parked offer ring as if it came now.
func (l *Line) unpark(p *lineCall) Event {
	switch {
	case p.offer.Blocked:
		return Superseded{}
	case p.offer.OffHours:
		return Refuse{seal.RejectOffHours}
	case l.full(p.ref):
		return Refuse{seal.RejectBusy}
	}
	return Unpark{}
}

// returned: an offer that comes again was to turn a call that had moved on.
func (l *Line) returned(ev Offered) {
	for i := range l.calls {
		if c := &l.calls[i]; c.turning != nil && c.turning.From == ev.From && c.turning.ID == ev.ID {
			c.turning = nil
		}
	}
}

// isOver says whether the caller has already said that this call is over.
func (l *Line) isOver(ev Offered) bool {
	for i := range l.over {
		if l.over[i].party == ev.From && l.over[i].call == ev.ID {
			return true
		}
	}
	return false
}

// stale says whether a newer offer of the same device has come before, and remembers the newest.
func (l *Line) stale(now time.Time, ev Offered) bool {
	for i := range l.newest {
		m := l.newest[i]
		if m.party != ev.From {
			continue
		}
		if ev.Signed.Before(m.sign) {
			return true
		}
		l.newest = append(l.newest[:i:i], l.newest[i+1:]...)
		break
	}
	l.newest = remember(l.newest, memo{party: ev.From, call: ev.ID, sign: ev.Signed, until: now.Add(memory)})
	return false
}
