//go:build js && wasm

package main

import (
	"crypto/rand"
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
	ref     callstate.Ref
	contact identity.Contact
	machine *callstate.Machine
	caller  *seal.Caller // of a caller, once prepared
	callee  *seal.Callee // of a callee
	arrived *arrival     // what Yield is to be answered with
	self    js.Value

	queue   envelope.QueueID // where this side reads
	local   seal.Transport
	remotes map[record.DeviceID]seal.Transport // a callee's only peer is the zero device
	sent    map[sentKey]sealed
	media   seal.MediaProfile
	voices  map[uint32]*voiceRoots // since CONFIRM, by restart
	recovery
	code string

	pending []callstate.Event // to be stepped after the present one
	todo    []js.Value        // since the last settle
	touched bool
	steps   int // taken
	ended   bool
}

// sentKey names the last envelope of a type for a device: it may have to be said again, bit by bit the same.
type sentKey struct {
	device record.DeviceID // zero: to the caller
	kind   seal.Type
}

// sealed is an envelope with the key that it is submitted with.
type sealed struct {
	envelope seal.Envelope
	key      envelope.DeliveryKey
}

func newCall(p *profile, role callstate.Role, contact identity.Contact, known bool) *call {
	c := &call{
		p: p, contact: contact, machine: callstate.New(role), media: seal.DefaultMedia,
		remotes: make(map[record.DeviceID]seal.Transport), sent: make(map[sentKey]sealed), voices: make(map[uint32]*voiceRoots),
		recovery: recovery{asked: make(map[uint32]*seal.Restart)},
	}
	c.self = object(map[string]any{
		"incoming": role == callstate.Callee,
		"peer": object(map[string]any{
			"name": contact.Name, "known": known, "address": address(contact.Account, contact.Server),
			"server": contact.Server, "trust": contact.Trust.String(),
		}),
	})
	event := func(ev callstate.Event) func([]js.Value) any {
		return func(args []js.Value) any { return c.run(timeOf(arg(args, 0)), ev) }
	}
	export(c.self, map[string]func([]js.Value) any{
		"prepared":      c.prepared,
		"prepareFailed": c.prepareFailed,
		"taken":         event(callstate.OfferTaken{}),
		"opened":        c.opened,
		"accept":        event(callstate.PressAccept{}),
		"reject":        event(callstate.PressReject{Reason: seal.RejectDeclined}),
		"hangup":        event(callstate.PressHangup{}),
		"quit":          c.quit,
		"mediaUp":       event(callstate.MediaUp{}),
		"mediaFailed":   event(callstate.MediaFailed{}),
		"mediaImpaired": event(callstate.MediaImpaired{}),
		"mediaHeard":    c.mediaHeard,
		"renew":         event(callstate.Renew{}),
		"restarted":     c.restarted,
		"answered":      c.answered,
		"heardHangup":   event(callstate.InCallHangup{Reason: seal.HangupNormal}),
		"heardAck":      event(callstate.InCallHangupAcked{}),
		"timeout":       event(callstate.Timeout{}),
		"voiceKey":      c.voiceKey,
	})
	return c
}

// run is an event from JavaScript; it returns the steps of all calls that it has moved.
func (c *call) run(now time.Time, event callstate.Event) any {
	if !c.ended {
		c.step(now, event)
	}
	return c.p.settle(now)
}

// quit(now): the page is about to be gone, and with it what carries a hang-up inside the voice. So the copy through the
// server, which would go out a moment later, goes out at once.
func (c *call) quit(args []js.Value) any {
	now := timeOf(arg(args, 0))
	if !c.ended {
		c.step(now, callstate.Quit{})
	}
	return c.run(now.Add(callstate.HangupCopy), callstate.Timeout{})
}

// step feeds the machine, and tells the line where the call stands now.
func (c *call) step(now time.Time, event callstate.Event) {
	c.p.touch(c)
	c.pending = append(c.pending, event)
	for len(c.pending) > 0 && !c.ended {
		event, c.pending = c.pending[0], c.pending[1:]
		for _, action := range c.machine.Step(now, event) {
			c.do(now, action)
		}
		c.p.obey(c.p.line.Step(now, callstate.MovedTo(c.ref, c.machine)))
	}
}

// taken is what JavaScript has to know of the call since the last time: {call, number, state, deadline, code, todo}.
func (c *call) taken() js.Value {
	todo := c.todo
	c.steps++
	c.todo, c.touched = nil, false
	return object(map[string]any{
		"call": c.self, "number": c.steps, "state": c.machine.State().String(), "deadline": millisOf(c.machine.Deadline()),
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
				c.submit(sealed{o.Envelope, c.contact.DeliveryKey}, true)
			}
		}
	case callstate.SendRing:
		env, err := c.callee.Ring(c.queue, &c.local)
		c.send(seal.TypeRing, env, err)
	case callstate.SendAccept:
		env, err := c.callee.Accept(nil)
		c.send(seal.TypeAccept, env, err)
	case callstate.SendConfirm:
		c.confirm(a.Device)
	case callstate.SendConnected:
		env, err := c.callee.Connected()
		c.send(seal.TypeConnected, env, err)
		c.keyed(c.callee.Root())
		c.code = c.callee.Code()
	case callstate.Repeat:
		if again, ok := c.sent[sentKey{a.Device, a.Type}]; ok {
			c.submit(again, false)
		}
	case callstate.SendRestart:
		c.sendRestart(a.Epoch)
	case callstate.SendRestartAck:
		c.answerRestart(a.Epoch)
	case callstate.FinishRestart:
		c.finishRestart(a.Epoch)
	case callstate.AbandonRestart:
		c.forgetAsking()
		c.ask("abandon-restart", nil)
	case callstate.BecomeCallee:
		c.becomeCallee()
	case callstate.SendReject:
		env, err := c.callee.Reject(a.Reason)
		c.send(seal.TypeReject, env, err)
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
	if c.machine.Role() == callstate.Caller {
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
func (c *call) submit(s sealed, offer bool) {
	k := s.key.Bytes()
	c.ask("submit", map[string]any{"envelope": toBytes(s.envelope[:]), "key": toBytes(k[:]), "offer": offer})
}

// again is submit for what may be repeated.
func (c *call) again(key sentKey, s sealed) {
	c.sent[key] = s
	c.submit(s, false)
}

// send hands in what goes to the caller.
func (c *call) send(kind seal.Type, env seal.Envelope, err error) {
	if err != nil {
		return // not possible at this point of the handshake: the call ends by its timeouts
	}
	c.again(sentKey{kind: kind}, sealed{env, anyKey()})
}

// anyKey is what submits to per-call queues carry, so that they look like offers.
func anyKey() envelope.DeliveryKey {
	var key [envelope.DeliveryKeySize]byte
	rand.Read(key[:])
	return envelope.DeliveryKeyFrom(key)
}

// sendTo sends a message to a device of the callee, or to the caller. What is said on the way from caller to callee is
// still the caller's.
func (c *call) sendTo(now time.Time, device record.DeviceID, m seal.Message) {
	switch {
	case c.caller != nil:
	case c.callee != nil:
		env, err := c.callee.Seal(m)
		c.send(m.Type(), env, err)
		return
	default:
		return // nobody was told anything
	}
	_, env, err := c.caller.Seal(now, device, m)
	if err != nil {
		return
	}
	key := anyKey()
	if _, rang := c.caller.Rang(device); !rang {
		key = c.contact.DeliveryKey // it goes to the mailbox, like the offer
	}
	c.again(sentKey{device, m.Type()}, sealed{env, key})
}

func (c *call) confirm(device record.DeviceID) {
	_, env, root, err := c.caller.Confirm(device)
	if err != nil {
		c.pending = append(c.pending, callstate.MediaFailed{})
		return
	}
	c.keyed(root)
	c.chosen, c.code = device, c.caller.Code(device)
	c.again(sentKey{device, seal.TypeConfirm}, sealed{env, anyKey()})
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
	c.forgetKeys()
	if c.arrived != nil {
		c.arrived.callee.Wipe()
	}
	clear(c.sent)
	delete(c.p.calls, c.ref)
}
