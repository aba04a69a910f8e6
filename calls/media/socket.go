package media

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// sockets remembers what is open towards relays, so that closing a Conn never
// waits for a relay that does not answer.
type sockets struct {
	mu     sync.Mutex
	open   map[io.Closer]struct{}
	closed bool
}

func (s *sockets) remember(c io.Closer) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		_ = c.Close()

		return ErrClosed
	}
	if s.open == nil {
		s.open = make(map[io.Closer]struct{})
	}
	s.open[c] = struct{}{}
	s.mu.Unlock()

	return nil
}

func (s *sockets) forget(c io.Closer) {
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
}

// closeAll cuts what is still open and refuses what comes later.
func (s *sockets) closeAll() {
	s.mu.Lock()
	s.closed = true
	left := make([]io.Closer, 0, len(s.open))
	for c := range s.open {
		left = append(left, c)
	}
	s.mu.Unlock()
	for _, c := range left {
		_ = c.Close()
	}
}

// relayStream is a stream towards a relay.
type relayStream struct {
	net.Conn
	of *sockets

	// Static before the first read.
	heard *atomic.Int64 // when something came; unix nanoseconds
	lost  chan struct{} // closed when the stream has ended

	once sync.Once
}

func (s *relayStream) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if n > 0 && s.heard != nil {
		s.heard.Store(time.Now().UnixNano())
	}
	if err != nil && s.lost != nil {
		s.once.Do(func() { close(s.lost) })
	}

	return n, err
}

func (s *relayStream) Close() error {
	s.of.forget(s)

	return s.Conn.Close()
}
