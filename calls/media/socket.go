package media

import (
	"io"
	"net"
	"sync"
	"time"
)

// sockets remembers what is open towards relays, so that closing a Conn never
// waits for a relay that does not answer.
type sockets struct {
	mu     sync.Mutex
	open   map[io.Closer]struct{}
	closed bool
}

func (s *sockets) add(g *guard) (net.PacketConn, error) {
	g.onClose = func() { s.forget(g) }
	if err := s.remember(g); err != nil {
		return nil, err
	}

	return g, nil
}

func (s *sockets) addStream(c net.Conn) error { return s.remember(c) }

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

// streamConn is a net.Conn as transport.TCPConn. pion asserts the address
// types, hence the conversions; the tuning methods have no meaning for a
// stream that is not of the kernel and are left to Go's defaults.
type streamConn struct {
	net.Conn
	of *sockets
}

func (c streamConn) Close() error {
	c.of.forget(c.Conn)

	return c.Conn.Close()
}

func (c streamConn) LocalAddr() net.Addr {
	if a, ok := c.Conn.LocalAddr().(*net.TCPAddr); ok {
		return a
	}

	return &net.TCPAddr{IP: net.IPv4zero}
}
func (c streamConn) ReadFrom(r io.Reader) (int64, error)    { return io.Copy(c.Conn, r) }
func (c streamConn) CloseRead() error                       { return nil }
func (c streamConn) CloseWrite() error                      { return nil }
func (c streamConn) SetLinger(int) error                    { return nil }
func (c streamConn) SetKeepAlive(bool) error                { return nil }
func (c streamConn) SetKeepAlivePeriod(time.Duration) error { return nil }
func (c streamConn) SetNoDelay(bool) error                  { return nil }
func (c streamConn) SetWriteBuffer(int) error               { return nil }
func (c streamConn) SetReadBuffer(int) error                { return nil }
