package media

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// sessionInbox is how many datagrams wait for pion to read them.
const sessionInbox = 128

// localAddr is the one candidate that pion has. It is a name for all paths and is never told to anybody: what the
// peer learns are the relayed addresses.
var localAddr = net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9}

// session is what one ICE session of pion reads from and writes to.
type session struct {
	paths *paths
	in    chan datagram
	once  sync.Once
	done  chan struct{}
}

type datagram struct {
	b    []byte
	from netip.AddrPort
}

// paths is an ice.UDPMux.

func (s *paths) GetListenAddresses() []net.Addr { return []net.Addr{&localAddr} }

// GetConn begins an ICE session; the one before is over by then.
func (s *paths) GetConn(string, net.Addr) (net.PacketConn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	s.session = &session{paths: s, in: make(chan datagram, sessionInbox), done: make(chan struct{})}

	return s.session, nil
}

func (s *paths) RemoveConnByUfrag(string) {}
func (s *paths) Close() error             { return nil }

// put hands a datagram up. What pion has no time for is dropped: it is voice that is late already, or comes again.
func (s *session) put(d datagram) {
	select {
	case s.in <- d:
	default:
	}
}

func (s *session) ReadFrom(p []byte) (int, net.Addr, error) {
	select {
	case d := <-s.in:
		return copy(p, d.b), net.UDPAddrFromAddrPort(d.from), nil
	case <-s.done:
		return 0, nil, net.ErrClosed
	}
}

func (s *session) WriteTo(p []byte, to net.Addr) (int, error) {
	ap, ok := addrPort(to)
	if !ok {
		return 0, errNoAddress
	}

	return s.paths.send(p, ap)
}

func (s *session) Close() error {
	s.once.Do(func() { close(s.done) })

	return nil
}

// SetReadDeadline knows what pion uses it for: a deadline in the past ends reading.
func (s *session) SetReadDeadline(t time.Time) error {
	if !t.IsZero() && !t.After(time.Now()) {
		_ = s.Close()
	}

	return nil
}

func (*session) LocalAddr() net.Addr                { return &localAddr }
func (s *session) SetDeadline(t time.Time) error    { return s.SetReadDeadline(t) }
func (*session) SetWriteDeadline(_ time.Time) error { return nil }
