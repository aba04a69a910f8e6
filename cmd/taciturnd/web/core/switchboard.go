//go:build js && wasm

package main

import (
	"syscall/js"
	"time"

	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// This file carries out what callstate.Line says about all calls together: who rings, who hears busy, which press becomes
// an accept because both called at once. Package calls' switchboard does the same with locks.

// arrival is an offer on its way to a call.
type arrival struct {
	callee  *seal.Callee
	contact identity.Contact
	known   bool
	event   callstate.Offered
}

func (p *profile) name(c *call) {
	p.last++
	c.ref = p.last
	p.calls[c.ref] = c
}

// touch makes sure that c is in the next settle.
func (p *profile) touch(c *call) {
	if !c.touched {
		c.touched = true
		p.moved = append(p.moved, c)
	}
}

// obey keeps what the line says to calls for settle: the call at hand goes first.
func (p *profile) obey(orders []callstate.Order) {
	for _, order := range orders {
		if feed, ok := order.(callstate.Feed); ok {
			p.fed = append(p.fed, feed)
		}
	}
}

// settle feeds calls until the line is content, and returns the steps of all that were moved.
func (p *profile) settle(now time.Time) js.Value {
	for len(p.fed) > 0 {
		feed := p.fed[0]
		p.fed = p.fed[1:]
		if c := p.calls[feed.Call]; c != nil {
			c.step(now, feed.Event)
		}
	}
	steps := make([]js.Value, len(p.moved))
	for i, c := range p.moved {
		steps[i] = c.taken()
	}
	p.moved = nil
	return list(steps)
}

// dial(now, name of a contact) → {call, steps}: a new call, or that of the same person that rings here already, accepted.
func (p *profile) dial(args []js.Value) any {
	now := timeOf(arg(args, 0))
	contact, ok := p.book.ByName(text(arg(args, 1)))
	if !ok {
		return refused("unknown")
	}
	c := newCall(p, callstate.Caller, *contact, true)
	p.name(c)
	for _, order := range p.line.Step(now, callstate.Dialed{Call: c.ref, To: contact.Account.ID()}) {
		switch o := order.(type) {
		case callstate.Begin:
			c.step(now, o.First)
			return object(map[string]any{"call": c.self, "steps": p.settle(now)})
		case callstate.Join:
			delete(p.calls, c.ref)
			if ringing := p.calls[o.Call]; ringing != nil {
				ringing.step(now, callstate.PressAccept{})
				return object(map[string]any{"call": ringing.self, "steps": p.settle(now)})
			}
		}
	}
	delete(p.calls, c.ref)
	return refused("engaged")
}

// offered(now, age in ms, envelope, ring visibility) opens an envelope of the mailbox and returns the steps that follow, or
// an Error; an Error is never answered. The memory of offers has changed unless it returns an Error: store it before
// anything rings.
func (p *profile) offered(args []js.Value) any {
	env, ok := envelopeFrom(arg(args, 2))
	if !ok {
		return failed(seal.ErrEnvelope)
	}
	now, age := timeOf(arg(args, 0)), time.Duration(number(arg(args, 1)))*time.Millisecond
	in, err := seal.OpenMailbox(p.id, env, now, age, p.replay)
	if err != nil {
		return failed(err)
	}
	switch in := in.(type) {
	case *seal.Callee:
		if err := p.screen(now, in, age, text(arg(args, 3))); err != nil {
			return failed(err)
		}
	case *seal.Late:
		said := callstate.Received{Type: in.Message.Type()}
		if hangup, ok := in.Message.(*seal.Hangup); ok {
			said.Hangup = hangup.Reason
		}
		from := callstate.Party{Account: in.List.Account.ID(), Device: in.Device}
		p.obey(p.line.Step(now, callstate.Withdrawn{From: from, ID: in.CallID, Said: said}))
	}
	return p.settle(now)
}

// screen holds a verified offer against what is known of its caller.
func (p *profile) screen(now time.Time, callee *seal.Callee, age time.Duration, visibility string) error {
	offer := callee.Offer()
	a := arrival{callee: callee, contact: identity.Contact{Account: offer.Account, Server: offer.ReplyServer}}
	if c, ok := p.book.ByAccount(offer.Account); ok {
		if err := c.Update(record.Published{List: offer.List}, now); err != nil {
			return err
		}
		if offer.BestSuite() < c.HighestSuite {
			return seal.ErrSuite
		}
		a.contact, a.known = *c, true
	}
	a.event = callstate.Offered{
		From:    callstate.Party{Account: offer.Account.ID(), Device: offer.Device},
		ID:      offer.CallID,
		Signed:  offer.Time,
		Age:     age,
		Visible: visibility == "everyone" || (visibility == "contacts" && a.known),
	}
	p.judge(now, a)
	return nil
}

// judge asks the line what becomes of an offer.
func (p *profile) judge(now time.Time, a arrival) {
	c := newCall(p, callstate.Callee, a.contact, a.known)
	p.name(c)
	a.event.Call = c.ref
	used := false
	for _, order := range p.line.Step(now, a.event) {
		switch o := order.(type) {
		case callstate.Begin:
			used = true
			c.answers(a)
			c.step(now, o.First)
		case callstate.Turn:
			used = true
			delete(p.calls, c.ref)
			if turning := p.calls[o.Call]; turning != nil {
				turning.turn(now, a, o.Event)
			}
		case callstate.Feed:
			p.fed = append(p.fed, o)
		}
	}
	if !used { // silence
		delete(p.calls, c.ref)
		a.callee.Wipe()
	}
}

// answers makes c the callee of an offer.
func (c *call) answers(a arrival) {
	offer := a.callee.Offer()
	c.callee, c.contact, c.media = a.callee, a.contact, offer.Media
	c.remotes = map[record.DeviceID]seal.Transport{{}: offer.Transport}
	c.self.Get("peer").Set("server", offer.ReplyServer) // a contact may have moved
}

// turn makes the human's press an accept: the person who was dialed is calling, and one of the two calls must be the one.
func (c *call) turn(now time.Time, a arrival, yield callstate.Yield) {
	c.arrived = &a
	c.step(now, yield)
	if c.arrived == nil || c.ended {
		return
	}
	// This call has moved on meanwhile, so the offer is to be judged again.
	c.arrived = nil
	c.p.judge(now, a)
}

// becomeCallee forgets the caller's half and takes the callee's.
func (c *call) becomeCallee() {
	if c.caller != nil {
		c.caller.Wipe()
		c.caller = nil
	}
	c.answers(*c.arrived)
	c.arrived = nil
	clear(c.sent)
	c.ask("turn", nil)
}
