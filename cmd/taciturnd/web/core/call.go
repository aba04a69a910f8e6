//go:build js && wasm

package main

import (
	"crypto/rand"
	"slices"
	"syscall/js"
	"time"

	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// call is one call: its state machine, its handshake, and the voice keys. Package calls does the same for the terminal
// phone; what that does to the network is here one entry of todo.
type call struct {
	p       *profile
	contact identity.Contact
	known   bool // contact is in the book
	machine *callstate.Machine
	caller  *seal.Caller // of a caller, once prepared
	callee  *seal.Callee // of a callee
	self    js.Value

	queue   envelope.QueueID // where this side reads
	local   seal.Transport
	remotes map[record.DeviceID]seal.Transport // a callee's only peer is the zero device
	media   seal.MediaProfile
	root    *seal.MediaRoot // from CONFIRM until voice starts
	out, in *seal.MediaRoot // while talking
	code    string

	pending []callstate.Event
	todo    []js.Value
	ended   bool
}

func newCall(p *profile, contact identity.Contact, known bool) *call {
	c := &call{p: p, contact: contact, known: known, media: seal.DefaultMedia, remotes: make(map[record.DeviceID]seal.Transport)}
	c.self = object(map[string]any{
		"peer": object(map[string]any{
			"name": contact.Name, "known": known, "address": address(contact.Account, contact.Server),
			"server": contact.Server, "trust": contact.Trust.String(),
		}),
	})
	event := func(ev callstate.Event) func([]js.Value) any {
		return func(args []js.Value) any { return c.step(timeOf(arg(args, 0)), ev) }
	}
	export(c.self, map[string]func([]js.Value) any{
		"prepared":      c.prepared,
		"prepareFailed": c.prepareFailed,
		"taken":         event(callstate.OfferTaken{}),
		"opened":        c.opened,
		"accept":        event(callstate.PressAccept{}),
		"reject":        event(callstate.PressReject{Reason: seal.RejectDeclined}),
		"busy":          event(callstate.PressReject{Reason: seal.RejectBusy}),
		"hangup":        event(callstate.PressHangup{}),
		"quit":          event(callstate.Quit{}),
		"mediaUp":       event(callstate.MediaUp{}),
		"mediaFailed":   event(callstate.MediaFailed{}),
		"heardHangup":   event(callstate.InCallHangup{Reason: seal.HangupNormal}),
		"heardAck":      event(callstate.InCallHangupAcked{}),
		"timeout":       event(callstate.Timeout{}),
		"voiceKey":      c.voiceKey,
	})
	return c
}

// dial(now, name of a contact).
func (p *profile) dial(args []js.Value) any {
	contact, ok := p.book.ByName(text(arg(args, 1)))
	if !ok {
		return refused("unknown")
	}
	c := newCall(p, *contact, true)
	c.machine = callstate.New(callstate.Caller)
	p.live = append(p.live, c)
	return c.step(timeOf(arg(args, 0)), callstate.Dial{})
}

func (c *call) offered(now time.Time, visible, busy bool) any {
	c.machine = callstate.New(callstate.Callee)
	c.media = c.callee.Offer().Media
	c.remotes[record.DeviceID{}] = c.callee.Offer().Transport
	c.p.live = append(c.p.live, c)
	return c.step(now, callstate.OfferOpened{Visible: visible, Busy: busy})
}

// step feeds the machine and returns what follows: {call, state, deadline, todo}.
func (c *call) step(now time.Time, event callstate.Event) any {
	c.pending = append(c.pending, event)
	for len(c.pending) > 0 && !c.ended {
		event, c.pending = c.pending[0], c.pending[1:]
		for _, action := range c.machine.Step(now, event) {
			c.do(now, action)
		}
	}
	todo := c.todo
	c.todo = nil
	return object(map[string]any{
		"call": c.self, "state": c.machine.State().String(), "deadline": millisOf(c.machine.Deadline()),
		"code": c.code, "todo": list(todo),
	})
}

// ask adds something for JavaScript to do.
func (c *call) ask(what string, fields map[string]any) {
	if fields == nil {
		fields = make(map[string]any)
	}
	fields["do"] = what
	c.todo = append(c.todo, object(fields))
}

// do carries out one action, or asks JavaScript to.
func (c *call) do(now time.Time, action callstate.Action) {
	switch a := action.(type) {
	case callstate.Prepare:
		c.prepare()
	case callstate.SendOffer:
		for _, o := range c.caller.Offers() {
			if o.Device == a.Device {
				c.submit(o.Envelope, c.contact.DeliveryKey, true)
			}
		}
	case callstate.SendRing:
		c.sendSealed(c.callee.Ring(c.queue, &c.local))
	case callstate.SendAccept:
		c.sendSealed(c.callee.Accept(nil))
	case callstate.SendConfirm:
		c.confirm(a.Device)
	case callstate.SendConnected:
		c.sendSealed(c.callee.Connected())
		c.root, c.code = c.callee.Root(), c.callee.Code()
	case callstate.SendReject:
		c.sendSealed(c.callee.Reject(a.Reason))
	case callstate.SendHangup:
		c.sendTo(now, a.Device, &seal.Hangup{Reason: a.Reason})
	case callstate.SendElsewhere:
		c.sendTo(now, a.Device, &seal.Elsewhere{Declined: a.Declined})
	case callstate.SendInCallHangup:
		c.ask("say-hangup", map[string]any{"reason": int(a.Reason)})
	case callstate.AckInCallHangup:
		c.ask("say-ack", nil)
	case callstate.Alert:
		c.ask("alert", nil)
	case callstate.ShowRinging:
		c.ask("ringing", nil)
	case callstate.ConnectMedia:
		c.ask("connect", map[string]any{"remote": transportTo(c.remotes[a.Device])})
	case callstate.StartVoice:
		c.startVoice()
	case callstate.StopMedia:
		c.ask("stop-media", nil)
	case callstate.Finish:
		c.finish(a.Result)
	}
}

// prepare asks for what a call needs; the answer is prepared or prepareFailed.
func (c *call) prepare() {
	if c.callee == nil {
		id, _ := c.contact.Account.ID().MarshalText()
		c.ask("prepare", map[string]any{"role": "caller", "server": c.contact.Server, "account": string(id)})
		return
	}
	offer := c.callee.Offer()
	c.ask("prepare", map[string]any{
		"role": "callee", "server": offer.ReplyServer, "remote": transportTo(offer.Transport),
		"relay": object(map[string]any{
			"urls": list(offer.Relay.URLs), "username": offer.Relay.Username, "password": offer.Relay.Password,
		}),
	})
}

// submit asks for an envelope to be handed in at the other side's server.
func (c *call) submit(env seal.Envelope, key envelope.DeliveryKey, offer bool) {
	k := key.Bytes()
	c.ask("submit", map[string]any{"envelope": toBytes(env[:]), "key": toBytes(k[:]), "offer": offer})
}

// sendSealed hands in what goes to a per-call queue; a random key makes it look like an offer.
func (c *call) sendSealed(env seal.Envelope, err error) {
	if err != nil {
		return // not possible at this point of the handshake: the call ends by its timeouts
	}
	var key [envelope.DeliveryKeySize]byte
	rand.Read(key[:])
	c.submit(env, envelope.DeliveryKeyFrom(key), false)
}

// sendTo sends a message to a device of the callee, or to the caller.
func (c *call) sendTo(now time.Time, device record.DeviceID, m seal.Message) {
	if c.callee != nil {
		c.sendSealed(c.callee.Seal(m))
		return
	}
	_, env, err := c.caller.Seal(now, device, m)
	if err != nil {
		return
	}
	if _, rang := c.caller.Rang(device); rang {
		c.sendSealed(env, nil)
	} else {
		c.submit(env, c.contact.DeliveryKey, false) // it goes to the mailbox, like the offer
	}
}

func (c *call) confirm(device record.DeviceID) {
	_, env, root, err := c.caller.Confirm(device)
	if err != nil {
		c.pending = append(c.pending, callstate.MediaFailed{})
		return
	}
	c.root, c.code = root, c.caller.Code(device)
	c.sendSealed(env, nil)
}

// finish forgets all secrets of the call.
func (c *call) finish(result callstate.Result) {
	c.ended = true
	c.ask("finish", map[string]any{"result": result.String()})
	if c.caller != nil {
		c.caller.Wipe()
	}
	if c.callee != nil {
		c.callee.Wipe()
	}
	for _, root := range []*seal.MediaRoot{c.root, c.out, c.in} {
		if root != nil {
			root.Wipe()
		}
	}
	c.root, c.out, c.in = nil, nil, nil
	c.p.live = slices.DeleteFunc(c.p.live, func(other *call) bool { return other == c })
}
