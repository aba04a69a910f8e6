package signaling

import (
	"context"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

// inboxSize is how many envelopes wait for Receive; the server keeps no more either.
const inboxSize = 64

// Delivery is an envelope that arrived.
type Delivery struct {
	Envelope envelope.Envelope
	Age      time.Duration // since a server accepted it
}

// waiting is an envelope on its way to Receive.
type waiting struct {
	deliver Deliver
	from    *socket // acknowledges it: sequence numbers mean nothing to another connection
	arrived time.Time
}

// inbox is a bounded queue between one loop and the callers of Receive.
type inbox struct {
	queue chan waiting
	ended chan struct{} // closed by end
	err   error         // static once ended is closed
}

func newInbox() *inbox {
	return &inbox{queue: make(chan waiting, inboxSize), ended: make(chan struct{})}
}

// put never blocks: the oldest makes room, for the newest is the one that may still be of use. One goroutine only.
func (in *inbox) put(w waiting) {
	for {
		select {
		case in.queue <- w:
			return
		default:
		}
		select {
		case <-in.queue:
		default:
		}
	}
}

// end makes Receive fail with err once the queue is empty. It may be called once, by the goroutine that puts.
func (in *inbox) end(err error) {
	in.err = err
	close(in.ended)
}

// receive waits for an envelope and acknowledges it.
func (in *inbox) receive(ctx context.Context) (*Delivery, error) {
	select {
	case w := <-in.queue:
		return w.take(), nil
	default:
	}
	select {
	case w := <-in.queue:
		return w.take(), nil
	case <-in.ended:
		return nil, in.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *waiting) take() *Delivery {
	_ = w.from.write(context.Background(), Ack{w.deliver.Sequence}) // a lost ack brings the envelope again
	return &Delivery{*w.deliver.Envelope, w.deliver.Age + time.Since(w.arrived)}
}
