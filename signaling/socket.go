package signaling

import (
	"context"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// socket is a WebSocket that carries frames and keeps itself alive.
type socket struct {
	conn   *websocket.Conn
	closed chan struct{}
	once   sync.Once
	wg     sync.WaitGroup // of pingLoop
}

// openSocket connects to path. ctx bounds only this.
func (c *Client) openSocket(ctx context.Context, path string) (*socket, error) {
	if c.isClosed() {
		return nil, ErrClosed
	}
	c.mu.Lock()
	round := c.round
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	defer context.AfterFunc(round, cancel)()
	u := c.base
	u.Path = path
	conn, err := c.dial(ctx, u.String())
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(MaxServerFrame)
	return &socket{conn: conn, closed: make(chan struct{})}, nil
}

// read waits for a frame, no longer than a live server can be silent.
func (s *socket) read(ctx context.Context) (Frame, error) {
	limited, cancel := context.WithTimeout(ctx, PhoneSilence)
	defer cancel()
	kind, b, err := s.conn.Read(limited)
	if err != nil {
		return nil, cause(ctx, err)
	}
	if kind != websocket.MessageBinary {
		return nil, ErrFormat
	}
	return ParseFrame(b)
}

// write sends a frame. A failure closes the socket, so that read fails as well.
func (s *socket) write(ctx context.Context, f Frame) error {
	return s.writeWithin(ctx, WriteTimeout, f)
}

func (s *socket) writeWithin(ctx context.Context, limit time.Duration, f Frame) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageBinary, f.Append(nil)); err != nil {
		return cause(ctx, err)
	}
	return nil
}

// start waits for the server's verdict on a login or on a read secret, and then starts to ping.
func (s *socket) start(ctx context.Context) error {
	f, err := s.read(ctx)
	if err != nil {
		return err
	}
	switch f := f.(type) {
	case Ready:
		s.wg.Go(s.pingLoop)
		return nil
	case Refused:
		return f.Reason.err()
	}
	return ErrFormat
}

// serve hands every frame to handle until the connection ends.
func (s *socket) serve(handle func(Frame) error) error {
	defer s.close()
	for {
		f, err := s.read(context.Background())
		if err == nil {
			err = handle(f)
		}
		if err != nil {
			return err
		}
	}
}

// pingLoop keeps the server, and every box that translates addresses in between, from forgetting this connection.
func (s *socket) pingLoop() {
	tick := time.NewTicker(PingInterval)
	defer tick.Stop()
	for {
		select {
		case <-s.closed:
			return
		case <-tick.C:
			_ = s.write(context.Background(), Ping{}) // on failure read fails too
		}
	}
}

// close ends the connection without a closing handshake, which would wait for a peer that may be gone.
func (s *socket) close() {
	s.once.Do(func() { close(s.closed) })
	_ = s.conn.CloseNow()
}

// stop closes and waits.
func (s *socket) stop() {
	s.close()
	s.wg.Wait()
}
