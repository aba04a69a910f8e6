package calls

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

const (
	// submitTimeout bounds one attempt.
	submitTimeout = 5 * time.Second
	// flushTimeout is how long a call that has ended still tries to tell the other side.
	flushTimeout = 3 * time.Second
	// The handshake's envelopes are repeated by the sender until the server takes them.
	firstRetry = 200 * time.Millisecond
	maxRetries = 5
)

// outgoing is one envelope for the other side's server.
type outgoing struct {
	envelope seal.Envelope
	key      envelope.DeliveryKey
	offer    bool // repeated by the call's machine, not by the outbox
}

// sentKey names the last envelope of a type for a device: it may have to be said again, bit by bit the same.
type sentKey struct {
	device record.DeviceID // zero: to the caller
	kind   seal.Type
}

// outboxLoop submits envelopes in order until the outbox is closed.
func (c *Call) outboxLoop() {
	defer close(c.flushed)
	for out := range c.outbox {
		c.submit(out)
	}
}

// submit tries until the server takes the envelope; a refusal of an offer is not tried again here.
func (c *Call) submit(out outgoing) {
	peer := c.peerClient()
	if peer == nil {
		return
	}
	for attempt := range maxRetries {
		ctx, cancel := context.WithTimeout(c.ctx, submitTimeout)
		err := peer.Submit(ctx, &out.envelope, out.key)
		cancel()
		if err == nil {
			if out.offer {
				c.notice(func() { c.step(callstate.OfferTaken{}) })
			}
			return
		}
		if out.offer {
			return
		}
		select {
		case <-time.After(firstRetry << attempt):
		case <-c.ctx.Done():
			return
		}
	}
}

// put queues an envelope. When the other side's server is so slow that the queue is full, the newest is dropped: offers are
// repeated, and a call whose handshake is lost ends by its timeouts.
func (c *Call) put(out outgoing) {
	select {
	case c.outbox <- out:
	default:
		c.log.Warn("an envelope was dropped: the other side's server is too slow")
	}
}

// flush lets the waiting envelopes go out, for a while.
func (c *Call) flush() {
	close(c.outbox)
	limit := time.AfterFunc(flushTimeout, c.cancel)
	defer limit.Stop()
	// The other loops end with the context; only the outbox must finish before it does.
	for sent := false; !sent; {
		select {
		case <-c.flushed:
			sent = true
		case <-c.inbox: // nobody acts on it any more
		}
	}
}

func (c *Call) sendOffer(device record.DeviceID) {
	for _, o := range c.caller.Offers() {
		if o.Device == device {
			c.put(outgoing{envelope: o.Envelope, key: c.contact.DeliveryKey, offer: true})
		}
	}
}

// sendSealed sends what the callee's handshake makes.
func (c *Call) sendSealed(kind seal.Type, make func() (seal.Envelope, error)) {
	// The identity signs under the profile's lock: keys may be rotated at any time.
	c.phone.profile.mu.Lock()
	env, err := make()
	c.phone.profile.mu.Unlock()
	if err != nil {
		c.log.Warn("an envelope could not be sealed")
		return
	}
	c.putAgain(sentKey{kind: kind}, outgoing{envelope: env, key: anyKey()})
}

// putAgain is put for what may be repeated.
func (c *Call) putAgain(key sentKey, out outgoing) {
	c.sent[key] = out
	c.put(out)
}

func (c *Call) sendReject(reason seal.RejectReason) {
	if c.peerClient() == nil {
		// Nobody was told that this phone is here, so nothing was prepared; the human's no is the first packet.
		if err := c.openPeer(c.callee.Offer().ReplyServer); err != nil {
			return
		}
	}
	c.sendSealed(seal.TypeReject, func() (seal.Envelope, error) { return c.callee.Reject(reason) })
}

func (c *Call) sendConfirm(device record.DeviceID) {
	_, env, root, err := c.caller.Confirm(device)
	if err != nil {
		c.pending = append(c.pending, callstate.MediaFailed{})
		return
	}
	c.chosen = device
	c.keyed(root)
	c.setCode(c.caller.Code(device))
	c.mark(func(t *Times) { t.Accepted = time.Now() })
	c.putAgain(sentKey{device, seal.TypeConfirm}, outgoing{envelope: env, key: anyKey()})
}

// sendTo sends a message to a device of the callee, or to the caller.
func (c *Call) sendTo(device record.DeviceID, m seal.Message) {
	// Not the machine's role: what is said on the way from caller to callee is still the caller's.
	switch {
	case c.caller != nil:
	case c.callee != nil:
		c.sendSealed(m.Type(), func() (seal.Envelope, error) { return c.callee.Seal(m) })
		return
	default:
		return // nobody was told anything
	}
	c.phone.profile.mu.Lock()
	_, env, err := c.caller.Seal(time.Now(), device, m)
	c.phone.profile.mu.Unlock()
	if err != nil {
		return
	}
	key := anyKey()
	if _, rang := c.caller.Rang(device); !rang {
		key = c.contact.DeliveryKey // it goes to the mailbox, like the offer
	}
	c.putAgain(sentKey{device, m.Type()}, outgoing{envelope: env, key: key})
}

// anyKey is what submits to per-call queues carry, so that they look like offers.
func anyKey() envelope.DeliveryKey {
	key, err := envelope.NewDeliveryKey(rand.Reader)
	if err != nil {
		panic("calls: internal error: no randomness") // crypto/rand does not fail
	}
	return key
}
