package netsim

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Config says how bad the network is. The zero value is perfect.
type Config struct {
	Delay  time.Duration // one way
	Jitter time.Duration // added to a datagram's delay, uniform from 0; may reorder
	Loss   float64       // of datagrams, 0 to 1
	Seed   uint64        // of jitter and loss
}

// Tap sees each datagram when it is sent; what it returns true for is lost. It is called under the network's lock: it must
// not block, nor keep p.
type Tap func(from, to netip.AddrPort, p []byte) (drop bool)

// Network connects hosts. All methods may be called from any goroutine.
type Network struct {
	cfg Config

	// Guarded by mu.
	mu        sync.Mutex
	rand      *rand.Rand
	hosts     map[netip.Addr]*Host
	sockets   map[netip.AddrPort]*packetConn
	listeners map[netip.AddrPort]*listener
	tap       Tap
}

// New makes an empty network.
func New(cfg Config) *Network {
	return &Network{
		cfg: cfg, rand: rand.New(rand.NewPCG(cfg.Seed, cfg.Seed)),
		hosts: make(map[netip.Addr]*Host), sockets: make(map[netip.AddrPort]*packetConn), listeners: make(map[netip.AddrPort]*listener),
	}
}

// SetTap replaces the tap; nil removes it.
func (n *Network) SetTap(tap Tap) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tap = tap
}

// Host returns the host with this address and makes it if need be.
func (n *Network) Host(addr netip.Addr) *Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.hosts[addr]
	if h == nil {
		h = &Host{network: n, addr: addr, port: firstPort}
		n.hosts[addr] = h
	}
	return h
}

const firstPort = 40000 // of sockets without a wish

// Host is one machine.
type Host struct {
	network *Network
	addr    netip.Addr

	// Guarded by network.mu.
	port uint16
	down bool
}

// SetDown takes the host off the network, or back on. Datagrams from and to it are lost meanwhile, streams stall.
func (h *Host) SetDown(down bool) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	h.down = down
}

var (
	errInUse   = errors.New("netsim: address in use")
	errRefused = errors.New("netsim: connection refused")
	errAddress = errors.New("netsim: not an address of this host")
)

// bindLocked reads a wish like "0.0.0.0:0" and finds a port that taken says is free.
func (h *Host) bindLocked(address string, taken func(netip.AddrPort) bool) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, errAddress
	}
	if host != "" {
		ip, err := netip.ParseAddr(host)
		if err != nil || (!ip.IsUnspecified() && ip != h.addr) {
			return netip.AddrPort{}, errAddress
		}
	}
	wish, err := netip.ParseAddrPort(netip.AddrPortFrom(h.addr, 0).Addr().String() + ":" + port)
	if h.addr.Is6() {
		wish, err = netip.ParseAddrPort("[" + h.addr.String() + "]:" + port)
	}
	if err != nil {
		return netip.AddrPort{}, errAddress
	}
	if wish.Port() != 0 {
		if taken(wish) {
			return netip.AddrPort{}, errInUse
		}
		return wish, nil
	}
	for {
		h.port++
		if at := netip.AddrPortFrom(h.addr, h.port); !taken(at) {
			return at, nil
		}
	}
}

// reachableLocked says whether both ends are on the network.
func (n *Network) reachableLocked(a, b netip.Addr) bool {
	for _, addr := range []netip.Addr{a, b} {
		if h := n.hosts[addr]; h == nil || h.down {
			return false
		}
	}
	return true
}

// send carries one datagram, or loses it.
func (n *Network) send(from, to netip.AddrPort, p []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.tap != nil && n.tap(from, to, p) {
		return
	}
	if !n.reachableLocked(from.Addr(), to.Addr()) || (n.cfg.Loss > 0 && n.rand.Float64() < n.cfg.Loss) {
		return
	}
	delay := n.cfg.Delay
	if n.cfg.Jitter > 0 {
		delay += time.Duration(n.rand.Int64N(int64(n.cfg.Jitter)))
	}
	d := datagram{from, append([]byte(nil), p...)}
	if delay == 0 {
		n.deliverLocked(to, d)
		return
	}
	time.AfterFunc(delay, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.deliverLocked(to, d)
	})
}

func (n *Network) deliverLocked(to netip.AddrPort, d datagram) {
	c := n.sockets[to]
	if c == nil {
		return
	}
	select {
	case c.in <- d:
	default: // the receiver's buffer is full
	}
}
