package signaling

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

// How long a queue lives, at the server and here.
const (
	QueueIdle     = 2 * time.Minute // without its owner's connection
	QueueLifetime = 4 * time.Hour

	// leaveTimeout bounds saying that a queue is not needed any more: without it the server finds out after QueueIdle.
	leaveTimeout = time.Second
)

// Queue is a per-call queue. It reconnects by itself: a change of networks during a call does not end it.
type Queue struct {
	// Static after OpenQueue.
	client *Client
	secret ReadSecret
	id     envelope.QueueID
	inbox  *inbox
	cancel context.CancelFunc // ends loop
	again  chan struct{}      // one place: connect anew without waiting
	wg     sync.WaitGroup     // of loop

	// Guarded by mu.
	mu     sync.Mutex
	socket *socket // nil while disconnected
	closed bool
}

// OpenQueue opens a queue with a new id; ctx bounds only this. Nothing tells the server whose it is.
func (c *Client) OpenQueue(ctx context.Context) (*Queue, error) {
	q := &Queue{client: c, secret: newReadSecret(), inbox: newInbox(), again: make(chan struct{}, 1)}
	q.id = q.secret.Queue()
	s, err := q.connect(ctx)
	if err != nil {
		return nil, err
	}
	life, cancel := context.WithTimeout(context.Background(), QueueLifetime)
	q.cancel, q.socket = cancel, s
	q.wg.Go(func() { q.loop(life, s) })
	if !c.adopt(q) {
		_ = q.Close()
		return nil, ErrClosed
	}
	return q, nil
}

// ID is where others submit.
func (q *Queue) ID() envelope.QueueID { return q.id }

// Receive waits for the next envelope. It fails with ErrClosed after Close, and with ErrUnavailable when the queue's
// lifetime is over; a lost connection is not an error but a pause.
func (q *Queue) Receive(ctx context.Context) (*Delivery, error) { return q.inbox.receive(ctx) }

func (q *Queue) connect(ctx context.Context) (*socket, error) {
	id, err := q.id.MarshalText()
	if err != nil {
		return nil, err
	}
	s, err := q.client.openSocket(ctx, PathQueues+string(id))
	if err != nil {
		return nil, err
	}
	if err = s.write(ctx, Open{q.secret}); err == nil {
		err = s.start(ctx)
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// loop reads one connection after the other until Close or the end of the queue's lifetime.
func (q *Queue) loop(life context.Context, s *socket) {
	defer q.cancel()
	stop := context.AfterFunc(life, q.drop)
	defer stop()
	var backoff Backoff
	for {
		if s != nil {
			backoff.Reset()
			_ = s.serve(func(f Frame) error { return q.handle(s, f) })
			s.stop()
			q.hold(nil)
		}
		if backoff.WaitOr(life, q.again) != nil {
			break
		}
		next, err := q.connect(life)
		if err == nil && (!q.hold(next) || life.Err() != nil) { // drop may have come before there was anything to drop
			next.stop()
			break
		}
		if s = next; errors.Is(err, ErrClosed) {
			break
		}
	}
	q.mu.Lock()
	err := ErrUnavailable
	if q.closed {
		err = ErrClosed
	}
	q.mu.Unlock()
	q.client.forget(q)
	q.inbox.end(err)
}

func (q *Queue) handle(s *socket, f Frame) error {
	switch f := f.(type) {
	case Deliver:
		q.inbox.put(waiting{f, s, time.Now()})
	case Pong:
	default:
		return ErrFormat
	}
	return nil
}

// hold makes s the connection that drop closes; false if the queue is closed.
func (q *Queue) hold(s *socket) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.socket = s
	return !q.closed
}

// drop ends the present connection.
func (q *Queue) drop() {
	q.mu.Lock()
	s := q.socket
	q.mu.Unlock()
	if s != nil {
		s.close()
	}
}

// Reconnect gives the present connection up, and does not wait before the next.
func (q *Queue) Reconnect() {
	select {
	case q.again <- struct{}{}:
	default:
	}
	q.drop()
}

// Close tells the server that the queue is not needed any more and waits for all goroutines. It may be called more than
// once.
func (q *Queue) Close() error {
	q.mu.Lock()
	first, s := !q.closed, q.socket
	q.closed = true
	q.mu.Unlock()
	if first && s != nil {
		_ = s.writeWithin(context.Background(), leaveTimeout, Leave{})
	}
	q.cancel()
	q.drop()
	q.wg.Wait()
	return nil
}
