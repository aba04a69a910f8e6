package netsim

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// socketBuffer is how many datagrams wait for a reader.
const socketBuffer = 512

type datagram struct {
	from netip.AddrPort
	p    []byte
}

// packetConn is a UDP socket. Several goroutines may use it.
type packetConn struct {
	// Static after ListenPacket.
	host   *Host
	in     chan datagram
	closed chan struct{}
	once   sync.Once
	read   deadline

	// Guarded by host.network.mu.
	addr  netip.AddrPort            // of a socket that is bound to no address: the one it sends from
	names map[netip.AddrPort]uint64 // of a repeatable network, by the other end
}

// ListenPacket is net.ListenPacket on this host; address may name it or be unspecified, and port 0 picks one.
func (h *Host) ListenPacket(_, address string) (net.PacketConn, error) {
	n := h.network
	n.mu.Lock()
	defer n.mu.Unlock()
	at, unbound, err := h.bindLocked(address, func(a netip.AddrPort) bool { return n.sockets[a] != nil })
	if err != nil {
		return nil, err
	}
	c := &packetConn{host: h, addr: at, in: make(chan datagram, socketBuffer), closed: make(chan struct{}), read: newDeadline()}
	if n.sockets[at] = c; unbound {
		h.unbound[c] = true
	}
	return c, nil
}

func (c *packetConn) LocalAddr() net.Addr {
	c.host.network.mu.Lock()
	defer c.host.network.mu.Unlock()
	return net.UDPAddrFromAddrPort(c.addr)
}

func (c *packetConn) ReadFrom(p []byte) (int, net.Addr, error) {
	expired, changed, stop := c.read.wait()
	defer func() { stop() }()
	for {
		select {
		case <-c.closed:
			return 0, nil, net.ErrClosed
		case d := <-c.in:
			return copy(p, d.p), net.UDPAddrFromAddrPort(d.from), nil
		case <-expired:
			return 0, nil, os.ErrDeadlineExceeded
		case <-changed:
			stop()
			expired, changed, stop = c.read.wait()
		}
	}
}

func (c *packetConn) WriteTo(p []byte, to net.Addr) (int, error) {
	select {
	case <-c.closed:
		return 0, net.ErrClosed
	default:
	}
	u, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, errAddress
	}
	at := u.AddrPort()
	if err := c.send(netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c *packetConn) Close() error {
	err := net.ErrClosed
	c.once.Do(func() {
		err = nil
		close(c.closed)
		n := c.host.network
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(c.host.unbound, c)
		for _, a := range c.host.accesses {
			if at := netip.AddrPortFrom(a.addr, c.addr.Port()); n.sockets[at] == c {
				delete(n.sockets, at)
			}
		}
		if n.sockets[c.addr] == c { // its address may be gone
			delete(n.sockets, c.addr)
		}
	})
	return err
}

func (c *packetConn) SetDeadline(t time.Time) error     { return c.SetReadDeadline(t) }
func (c *packetConn) SetWriteDeadline(time.Time) error  { return nil }
func (c *packetConn) SetReadDeadline(t time.Time) error { c.read.set(t); return nil }

// deadline is a read deadline that may change while somebody waits.
type deadline struct{ s *deadlineState }

type deadlineState struct {
	mu    sync.Mutex
	at    time.Time
	moved chan struct{}
}

func newDeadline() deadline { return deadline{&deadlineState{moved: make(chan struct{})}} }

func (d deadline) set(t time.Time) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	d.s.at = t
	close(d.s.moved)
	d.s.moved = make(chan struct{})
}

// wait returns a channel that fires at the deadline, never without one, a channel that the next set closes, and the release
// of both. One step for both: a set between two would be missed by whoever waits.
func (d deadline) wait() (expired <-chan time.Time, changed <-chan struct{}, release func()) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if d.s.at.IsZero() {
		return nil, d.s.moved, func() {}
	}
	t := time.NewTimer(time.Until(d.s.at))
	return t.C, d.s.moved, func() { t.Stop() }
}
