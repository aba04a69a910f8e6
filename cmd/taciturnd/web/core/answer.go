//go:build js && wasm

package main

import (
	"errors"
	"syscall/js"
	"time"

	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// prepared(now, {role, queue [16], transport, and of a caller: published, relay {urls, username, password}, bucket}) answers
// todo "prepare". An answer to a role that a glare has ended is ignored.
func (c *call) prepared(args []js.Value) any {
	now, in := timeOf(arg(args, 0)), arg(args, 1)
	role := roleOf(in.Get("role"))
	if role != c.machine.Role() || c.ended {
		return c.p.settle(now)
	}
	queue := fromBytes(in.Get("queue"))
	local, ok := transportFrom(in.Get("transport"))
	if len(queue) != envelope.QueueIDSize || !ok {
		return c.run(now, callstate.PrepareFailed{Result: callstate.Failed, Role: role})
	}
	c.queue, c.local = envelope.QueueIDFrom([envelope.QueueIDSize]byte(queue)), local
	if role == callstate.Callee {
		return c.run(now, callstate.Prepared{Role: role})
	}
	if err := c.sealOffers(now, in); err != nil {
		return c.giveUp(now, err)
	}
	var devices []record.DeviceID
	for _, o := range c.caller.Offers() {
		devices = append(devices, o.Device)
	}
	return c.run(now, callstate.Prepared{Devices: devices, Role: role})
}

func roleOf(v js.Value) callstate.Role {
	if text(v) == "caller" {
		return callstate.Caller
	}
	return callstate.Callee
}

// sealOffers holds what the directory says against what is known of the contact, and seals an offer to each device.
func (c *call) sealOffers(now time.Time, in js.Value) error {
	published, err := record.ParsePublished(fromBytes(in.Get("published")))
	if err != nil {
		return err
	}
	if err := c.learn(now, published); err != nil {
		return err
	}
	if bucket := number(in.Get("bucket")); bucket > 0 {
		c.media.BucketBytes = uint16(bucket)
	}
	relay := in.Get("relay")
	c.caller, err = seal.NewCaller(seal.CallerConfig{
		Identity: c.p.id, Now: now, Published: published, HighestSuite: c.contact.HighestSuite,
		Transport: c.local, ReplyServer: c.p.id.Server(), ReplyQueue: c.queue,
		Relay: seal.Relay{URLs: texts(relay.Get("urls")), Username: text(relay.Get("username")), Password: text(relay.Get("password"))},
		Media: c.media,
	})
	return err
}

// learn remembers the contact's newest device list. JavaScript stores the contacts when a call has ended.
func (c *call) learn(now time.Time, published record.Published) error {
	known := &c.contact
	if in, ok := c.p.book.ByAccount(c.contact.Account); ok {
		known = in
	}
	if err := known.Update(published, now); err != nil {
		return err
	}
	c.contact = *known
	return nil
}

// giveUp ends a call that could not begin, and says why.
func (c *call) giveUp(now time.Time, err error) any {
	result := callstate.Failed
	if errors.Is(err, seal.ErrNoDevice) || errors.Is(err, identity.ErrExpired) {
		result = callstate.Unreachable
	}
	c.ask("explain", map[string]any{"why": wordOf(err)})
	return c.run(now, callstate.PrepareFailed{Result: result, Role: callstate.Caller})
}

// prepareFailed(now, role, result) answers todo "prepare".
func (c *call) prepareFailed(args []js.Value) any {
	result := callstate.Failed
	for r := callstate.HungUp; r <= callstate.Failed; r++ {
		if r.String() == text(arg(args, 2)) {
			result = r
		}
	}
	return c.run(timeOf(arg(args, 0)), callstate.PrepareFailed{Result: result, Role: roleOf(arg(args, 1))})
}

// opened(now, envelope) takes an envelope of the call's queue. Whatever is not exactly right is dropped.
func (c *call) opened(args []js.Value) any {
	now := timeOf(arg(args, 0))
	if env, ok := envelopeFrom(arg(args, 1)); ok && !c.ended {
		var (
			device record.DeviceID
			m      seal.Message
			err    error
		)
		switch {
		case c.caller != nil:
			device, m, err = c.caller.Open(now, env)
		case c.callee != nil:
			m, err = c.callee.Open(env)
		}
		if err == nil && m != nil {
			c.received(now, device, m)
		}
	}
	return c.p.settle(now)
}

// received takes an authenticated message.
func (c *call) received(now time.Time, device record.DeviceID, m seal.Message) {
	event := callstate.Received{Device: device, Type: m.Type()}
	switch m := m.(type) {
	case *seal.Ring:
		// The callee's list may be newer than the directory's.
		if c.learn(now, record.Published{List: m.List}) != nil {
			return
		}
		event.Transport = m.Transport != nil
		c.reach(device, m.Transport)
	case *seal.Accept:
		event.Transport = m.Transport != nil
		c.reach(device, m.Transport)
	case *seal.Reject:
		event.Reject = m.Reason
	case *seal.Hangup:
		event.Hangup = m.Reason
	case *seal.Restart:
		event.Epoch = m.Epoch
		c.theirs(m)
	case *seal.RestartAck:
		event.Epoch = m.Epoch
		c.answer = m
	case *seal.Candidates:
		c.p.touch(c)
		c.ask("candidates", map[string]any{"remote": transportTo(seal.Transport{Candidates: m.Candidates})})
		return
	}
	c.step(now, event)
}

// reach keeps where a device's media is.
func (c *call) reach(device record.DeviceID, t *seal.Transport) {
	if t != nil {
		c.remotes[device] = *t
	}
}
