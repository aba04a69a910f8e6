package media

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// memNet is an internet of datagrams in memory, without loss, with one latency.
type memNet struct {
	latency time.Duration

	mu    sync.Mutex
	conns map[netip.AddrPort]*memConn
	next  uint16
	tap   func(from, to netip.AddrPort, p []byte) (drop bool) // sees each datagram when sent
}

func newMemNet(latency time.Duration) *memNet {
	return &memNet{latency: latency, conns: make(map[netip.AddrPort]*memConn), next: 40000}
}

// host returns the ListenPacket of a host.
func (n *memNet) host(ip string) func(network, addr string) (net.PacketConn, error) {
	return func(_, addr string) (net.PacketConn, error) {
		ap, err := netip.ParseAddrPort(addr)
		if err != nil {
			return nil, err
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		port := ap.Port()
		if port == 0 {
			n.next++
			port = n.next
		}
		c := &memConn{
			net: n, addr: netip.AddrPortFrom(netip.MustParseAddr(ip), port),
			in: make(chan datagram, 512), closed: make(chan struct{}),
		}
		n.conns[c.addr] = c

		return c, nil
	}
}

func (n *memNet) setTap(f func(from, to netip.AddrPort, p []byte) bool) {
	n.mu.Lock()
	n.tap = f
	n.mu.Unlock()
}

// send carries a datagram, whoever claims to have sent it.
func (n *memNet) send(from, to netip.AddrPort, p []byte) {
	p = append([]byte(nil), p...)
	n.mu.Lock()
	c, tap := n.conns[to], n.tap
	n.mu.Unlock()
	if (tap != nil && tap(from, to, p)) || c == nil {
		return
	}
	deliver := func() {
		select {
		case c.in <- datagram{from, p}:
		default:
		}
	}
	if n.latency == 0 {
		deliver()
	} else {
		time.AfterFunc(n.latency, deliver)
	}
}

type datagram struct {
	from netip.AddrPort
	p    []byte
}

type memConn struct {
	net    *memNet
	addr   netip.AddrPort
	in     chan datagram
	closed chan struct{}
	once   sync.Once

	mu       sync.Mutex
	deadline time.Time
}

func (c *memConn) LocalAddr() net.Addr              { return net.UDPAddrFromAddrPort(c.addr) }
func (c *memConn) SetDeadline(t time.Time) error    { return c.SetReadDeadline(t) }
func (c *memConn) SetWriteDeadline(time.Time) error { return nil }
func (c *memConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	c.deadline = t
	c.mu.Unlock()

	return nil
}

func (c *memConn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.net.mu.Lock()
		delete(c.net.conns, c.addr)
		c.net.mu.Unlock()
	})

	return nil
}

func (c *memConn) ReadFrom(p []byte) (int, net.Addr, error) {
	c.mu.Lock()
	deadline := c.deadline
	c.mu.Unlock()
	var expired <-chan time.Time
	if !deadline.IsZero() {
		t := time.NewTimer(time.Until(deadline))
		defer t.Stop()
		expired = t.C
	}
	select {
	case d := <-c.in:
		return copy(p, d.p), net.UDPAddrFromAddrPort(d.from), nil
	case <-c.closed:
		return 0, nil, net.ErrClosed
	case <-expired:
		return 0, nil, os.ErrDeadlineExceeded
	}
}

func (c *memConn) WriteTo(p []byte, to net.Addr) (int, error) {
	select {
	case <-c.closed:
		return 0, net.ErrClosed
	default:
	}
	ap, _ := addrPort(to)
	c.net.send(c.addr, ap, p)

	return len(p), nil
}
