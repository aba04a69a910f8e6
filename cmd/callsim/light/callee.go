package light

import (
	"context"
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/calls/sframe"
	"github.com/taciturn-voice/taciturn/signaling"
)

// hangupControl is how a call ends, inside a voice frame.
var hangupControl = sframe.Control{Kind: sframe.ControlHangup, Reason: uint8(seal.HangupNormal)}

// offered hands the callee's side its offer; a second one of the same call is dropped.
func (c *call) offered(callee *seal.Callee) {
	select {
	case c.offers <- callee:
	default:
		callee.Wipe()
	}
}

// callee is the other side: it waits for the offer, rings, answers and begins to talk. The caller ends the call for both.
func (c *call) callee() {
	var callee *seal.Callee
	select {
	case callee = <-c.offers:
	case <-c.ctx.Done():
		return
	}
	c.mark(func(t *Times) { t.Alerted = time.Now() })
	a := &answering{call: c, callee: callee, leg: c.legs[seal.CalleeToCaller]}
	c.apart(func() {
		if step := a.answer(); step != "" {
			c.fail(step)
		}
		a.callee.Wipe()
		a.callee = nil
		if a.queue != nil {
			_ = a.queue.Close()
		}
	})
}

// answering is the callee's side while the call is set up.
type answering struct {
	*call
	callee *seal.Callee
	leg    *leg
	queue  *signaling.Queue
}

// answer takes the call to where this side talks, or does not.
func (a *answering) answer() Failure {
	offer := a.callee.Offer()
	if a.plan.Answer == AnswerBusy {
		return a.reject(seal.RejectBusy)
	}
	var socket socket
	step := both(
		func() Failure {
			var err error
			if socket, err = a.allocate(a.leg, a.to.network, offer.Relay.URLs, offer.Relay.Username, offer.Relay.Password); err != nil {
				return FailedAllocation
			}
			return ""
		},
		func() Failure {
			var err error
			if a.queue, err = a.to.client.OpenQueue(a.ctx); err != nil {
				return FailedQueue
			}
			return ""
		},
	)
	if step != "" {
		if socket != nil {
			_ = socket.Close()
		}
		return step
	}
	transport := a.leg.transport()
	env, err := a.callee.Ring(a.queue.ID(), &transport)
	if err != nil {
		_ = socket.Close()
		return FailedRing
	}
	if a.submit(a.ctx, a.to.client, &env, anyKey()) != nil {
		_ = socket.Close()
		return FailedRing
	}
	if step := a.connect(a.leg, socket, offer.Transport, a.plan.Callee, offer.Relay.URLs); step != "" {
		return step
	}
	a.mark(func(*Times) { a.answered = true })
	return a.press()
}

// press is what the human does after a while.
func (a *answering) press() Failure {
	envelopes := make(chan *seal.Envelope)
	ctx, cancel := context.WithCancel(a.ctx)
	defer cancel()
	a.wg.Go(func() { queueLoop(ctx, a.queue, envelopes) })
	ring := time.After(a.plan.Ring)
	if a.plan.Answer == AnswerNothing {
		ring = nil
	}
	for timeout := (<-chan time.Time)(nil); ; {
		select {
		case <-ring:
			if a.plan.Answer == AnswerDecline {
				return a.reject(seal.RejectDeclined)
			}
			env, err := a.callee.Accept(nil)
			if err != nil {
				return FailedAnswer
			}
			a.mark(func(t *Times) { t.Accepted = time.Now() })
			if a.submit(a.ctx, a.to.client, &env, anyKey()) != nil {
				return FailedAnswer
			}
			timeout = time.After(connectTimeout)
		case env := <-envelopes:
			m, err := a.callee.Open(env)
			if err != nil {
				continue
			}
			switch m.(type) {
			case *seal.Confirm:
				cancel()
				return a.confirmed()
			case *seal.Hangup:
				return ""
			}
		case <-timeout:
			return FailedKeys
		case <-a.ctx.Done():
			return ""
		}
	}
}

// confirmed begins to talk.
func (a *answering) confirmed() Failure {
	root := a.callee.Root()
	defer root.Wipe()
	if a.speak(a.leg, root, int(a.callee.Offer().Media.BucketBytes)) != nil {
		return FailedKeys
	}
	env, err := a.callee.Connected()
	if err != nil || a.submit(a.ctx, a.to.client, &env, anyKey()) != nil {
		return FailedKeys
	}
	return ""
}

// queueLoop reads the queue until ctx ends.
func queueLoop(ctx context.Context, queue *signaling.Queue, envelopes chan<- *seal.Envelope) {
	for {
		d, err := queue.Receive(ctx)
		if err != nil {
			return
		}
		select {
		case envelopes <- &d.Envelope:
		case <-ctx.Done():
			return
		}
	}
}

func (a *answering) reject(reason seal.RejectReason) Failure {
	env, err := a.callee.Reject(reason)
	if err != nil || a.submit(a.ctx, a.to.client, &env, anyKey()) != nil {
		return FailedAnswer
	}
	return ""
}
