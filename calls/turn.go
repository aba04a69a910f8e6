package calls

import (
	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/media"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// turn makes the human's press an accept: the person who was dialed is calling, and one of the two calls must be the one.
// It runs in the call's loop.
func (c *Call) turn(a arrival, yield callstate.Yield) {
	c.arrived = &a
	c.step(yield)
	if c.arrived == nil || c.finished {
		return
	}
	// This call has moved on meanwhile, so the offer is to be judged again.
	c.arrived = nil
	c.phone.board.offered(a)
}

// becomeCallee forgets the caller's half and takes the callee's.
func (c *Call) becomeCallee() {
	if c.caller != nil {
		c.caller.Wipe()
		c.caller = nil
	}
	before := c.ready
	c.ready = prepared{}
	c.wg.Go(before.close) // a dead relay takes a while
	c.callee, c.contact, c.arrived = c.arrived.callee, c.arrived.contact, nil
	c.chosen = record.DeviceID{}
	c.reaching, c.late = false, nil
	c.remotes = make(map[record.DeviceID]media.Description)
	clear(c.sent)
}
