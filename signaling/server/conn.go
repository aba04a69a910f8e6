package server

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/taciturn-voice/taciturn/signaling"
)

var (
	errClosed = errors.New("server: closed")
	errFrame  = errors.New("server: unexpected frame")
)

// conn is one WebSocket.
type conn struct {
	// Static after accept.
	ws    *websocket.Conn
	host  string // as signatures name this server
	token token
	close context.CancelFunc // ends reads and writes; does not wait
	wake  chan struct{}      // room for one: the box has something new
}

// accept upgrades a request and serves it with talk, which returns when the connection shall end.
func (s *Server) accept(w http.ResponseWriter, r *http.Request, talk func(context.Context, *conn)) {
	if !s.allow(w, r) {
		return
	}
	ctx, cancel := context.WithCancel(context.Background()) // a hijacked request's own context means nothing any more
	defer cancel()
	c := &conn{host: r.Host, token: newToken(), close: cancel, wake: make(chan struct{}, 1)}
	if !s.enter(c) {
		fail(w, http.StatusServiceUnavailable)
		return
	}
	defer s.leave(c)
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // Accept has answered
	}
	defer ws.CloseNow()
	ws.SetReadLimit(signaling.MaxPhoneFrame)
	c.ws = ws
	talk(ctx, c)
}

// notify wakes sendLoop without waiting for it.
func (c *conn) notify() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *conn) write(ctx context.Context, f signaling.Frame) error {
	ctx, cancel := context.WithTimeout(ctx, signaling.WriteTimeout)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageBinary, f.Append(nil))
}

func (c *conn) read(ctx context.Context, timeout time.Duration) (signaling.Frame, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	kind, b, err := c.ws.Read(ctx)
	if err != nil {
		return nil, err
	}
	if kind != websocket.MessageBinary {
		return nil, errFrame
	}
	return signaling.ParseFrame(b)
}

// refuse says why; the caller then ends the connection.
func (c *conn) refuse(ctx context.Context, why signaling.Reason) {
	_ = c.write(ctx, signaling.Refused{Reason: why})
}

// serve delivers from b and handles the reader's frames until the connection ends. Frames that are not about delivery go to
// other.
func (c *conn) serve(ctx context.Context, b *box, other func(signaling.Frame) error) {
	var wg sync.WaitGroup
	wg.Go(func() { c.sendLoop(ctx, b) })
	defer wg.Wait()
	defer c.close()
	for {
		f, err := c.read(ctx, signaling.ServerSilence)
		if err != nil {
			return
		}
		switch f := f.(type) {
		case signaling.Ack:
			b.acknowledge(f.Sequence)
		case signaling.Ping:
			err = c.write(ctx, signaling.Pong{})
		default:
			err = other(f)
		}
		if err != nil {
			return
		}
	}
}

// sendLoop delivers, oldest first. A reader that is too slow loses the oldest ones; nobody waits for it.
func (c *conn) sendLoop(ctx context.Context, b *box) {
	defer c.close()
	var sent uint64
	for ctx.Err() == nil {
		d, ok := b.next(time.Now(), sent)
		if !ok {
			select {
			case <-c.wake:
			case <-ctx.Done():
			}
			continue
		}
		if c.write(ctx, d) != nil {
			return
		}
		sent = d.Sequence
	}
}
