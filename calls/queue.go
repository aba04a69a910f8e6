package calls

import (
	"time"

	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/media"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// queueLoop reads the call's queue until it is closed. A call that talks does not need it any more: voice goes on, and a
// hang-up travels inside the voice.
func (c *Call) queueLoop(queue *signaling.Queue) {
	for {
		delivery, err := queue.Receive(c.ctx)
		if err != nil {
			return
		}
		if !c.post(func() { c.opened(&delivery.Envelope) }) {
			return
		}
	}
}

// opened handles one envelope of the call's queue. Whatever is not exactly right is dropped without an answer.
func (c *Call) opened(env *seal.Envelope) {
	var (
		device record.DeviceID
		m      seal.Message
		err    error
	)
	switch {
	case c.caller != nil:
		device, m, err = c.caller.Open(time.Now(), env)
	case c.callee != nil:
		m, err = c.callee.Open(env)
	}
	if err != nil || m == nil {
		c.log.Debug("an envelope was dropped")
		return
	}
	c.received(device, m)
}

// received is an authenticated message.
func (c *Call) received(device record.DeviceID, m seal.Message) {
	event := callstate.Received{Device: device, Type: m.Type()}
	switch m := m.(type) {
	case *seal.Ring:
		// The callee's list may be newer than the directory's.
		if contact, err := c.phone.profile.updateContact(c.contact, record.Published{List: m.List}, time.Now()); err == nil {
			c.contact = contact
		} else {
			c.log.Warn("a callee's device list contradicts one seen before")
			c.setErr(explained(err)) // the call goes unanswered, and the user learns why
			return
		}
		event.Transport = m.Transport != nil
		c.learn(device, m.Transport)
		c.trickleTo(device)
	case *seal.Accept:
		event.Transport = m.Transport != nil
		c.learn(device, m.Transport)
	case *seal.Reject:
		event.Reject = m.Reason
	case *seal.Hangup:
		event.Hangup = m.Reason
	case *seal.Restart:
		if c.renewal == nil && m.Epoch > 1 || c.renewal != nil && m.Epoch > c.renewal.Epoch()+2 {
			return // nobody is that far ahead
		}
		c.asked[m.Epoch] = m
		event.Epoch = m.Epoch
	case *seal.RestartAck:
		c.answered = m
		event.Epoch = m.Epoch
	case *seal.Candidates:
		c.candidates(device, m)
		return
	}
	c.step(event)
}

// connectLoop makes the path and then waits for its end. What becomes of a path that the call has given up concerns nobody.
func (c *Call) connectLoop(conn *media.Conn, remote media.Description) {
	tell := func(event callstate.Event) bool {
		return c.post(func() {
			if c.ready.conn == conn {
				c.step(event)
			}
		})
	}
	if err := conn.Connect(c.ctx, remote); err != nil {
		c.log.Debug("no media path")
		tell(callstate.MediaFailed{})
		return
	}
	if !tell(callstate.MediaUp{}) {
		return
	}
	select {
	case <-conn.Down():
		tell(callstate.MediaFailed{})
	case <-c.ctx.Done():
	}
}
