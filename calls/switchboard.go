package calls

import (
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/calls/seal"
)

// switchboard carries out what callstate.Line says about all calls of a phone together: who rings, who hears busy, which
// press becomes an accept because both called at once. It never waits: calls are told through Call.feed.
type switchboard struct {
	phone *Phone // static

	// Guarded by mu.
	mu     sync.Mutex
	line   *callstate.Line
	last   callstate.Ref
	calls  map[callstate.Ref]*Call
	forget *time.Timer // wakes the line to forget; nil: nothing to forget
	closed bool
}

// arrival is an offer on its way to a call.
type arrival struct {
	callee  *seal.Callee
	contact identity.Contact
	event   callstate.Offered
}

func newSwitchboard(p *Phone) *switchboard {
	return &switchboard{
		phone: p, calls: make(map[callstate.Ref]*Call),
		line: callstate.NewLine(callstate.LineConfig{
			Self:  callstate.Party{Account: p.profile.Account().ID(), Device: p.profile.id.DeviceID()},
			Limit: p.cfg.MaxCalls,
		}),
	}
}

// dial places c, or returns the call that is what the human wanted: one of the same person that rings here already.
func (s *switchboard) dial(c *Call) (*Call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	s.nameLocked(c)
	for _, order := range s.line.Step(time.Now(), callstate.Dialed{Call: c.ref, To: c.contact.Account.ID()}) {
		switch o := order.(type) {
		case callstate.Begin:
			s.phone.start(c, o.First)
		case callstate.Join:
			delete(s.calls, c.ref)
			ringing, audio := s.calls[o.Call], c.audio
			if ringing == nil {
				return nil, ErrEngaged // it is ending in this moment
			}
			ringing.feed(func() { _ = ringing.accept(audio) })
			return ringing, nil
		case callstate.Engaged:
			delete(s.calls, c.ref)
			return nil, ErrEngaged
		}
	}
	s.rememberLocked()
	return c, nil
}

// offered judges a verified offer.
func (s *switchboard) offered(a arrival) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		a.callee.Wipe()
		return
	}
	c := newCall(s.phone, callstate.Callee, a.contact)
	c.callee = a.callee
	s.nameLocked(c)
	a.event.Call = c.ref
	used := false
	for _, order := range s.line.Step(time.Now(), a.event) {
		switch o := order.(type) {
		case callstate.Begin:
			used = true
			s.phone.start(c, o.First)
		case callstate.Turn:
			used = true
			if turning := s.calls[o.Call]; turning != nil {
				turning.feed(func() { turning.turn(a, o.Event) })
			}
			delete(s.calls, c.ref)
		case callstate.Feed:
			s.feedLocked(o)
		}
	}
	if !used { // silence
		delete(s.calls, c.ref)
		a.callee.Wipe()
	}
	s.rememberLocked()
}

// withdrawn passes on what a caller says about a call that this device has not answered.
func (s *switchboard) withdrawn(from callstate.Party, id seal.CallID, said callstate.Received) {
	s.step(callstate.Withdrawn{From: from, ID: id, Said: said})
}

// moved tells the line where a call stands after a step of its machine.
func (s *switchboard) moved(c *Call, m *callstate.Machine) { s.step(callstate.MovedTo(c.ref, m)) }

func (s *switchboard) step(ev callstate.LineEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, order := range s.line.Step(time.Now(), ev) {
		if o, ok := order.(callstate.Feed); ok {
			s.feedLocked(o)
		}
	}
	s.rememberLocked()
}

func (s *switchboard) feedLocked(o callstate.Feed) {
	if c := s.calls[o.Call]; c != nil {
		c.feed(func() { c.step(o.Event) })
	}
}

// each runs f in the loop of every call.
func (s *switchboard) each(f func(*Call)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		c.feed(func() { f(c) })
	}
}

func (s *switchboard) nameLocked(c *Call) {
	s.last++
	c.ref = s.last
	s.calls[c.ref] = c
}

// rememberLocked makes sure that the line forgets in time whom it has heard of.
func (s *switchboard) rememberLocked() {
	at := s.line.Deadline()
	if s.forget != nil || at.IsZero() || s.closed {
		return
	}
	s.forget = time.AfterFunc(time.Until(at), func() {
		s.mu.Lock()
		s.forget = nil
		s.mu.Unlock()
		s.step(callstate.Tick{})
	})
}

// ended removes a call whose loop has ended.
func (s *switchboard) ended(c *Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, c.ref)
}

// close refuses further calls; those that live are ended by their own loops.
func (s *switchboard) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.forget != nil {
		s.forget.Stop()
	}
}
