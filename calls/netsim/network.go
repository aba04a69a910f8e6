package netsim

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// Config says how bad the network between the access links is. The zero value is perfect.
type Config struct {
	Delay  time.Duration // one way
	Jitter time.Duration // added to a datagram's delay, uniform from 0; may reorder
	Loss   float64       // of datagrams, 0 to 1
	Seed   uint64        // of all that is random
	// Repeatable makes a run the same again, to the nanosecond, although goroutines that are ready at the same instant run in
	// any order and signatures have any of some lengths. See the package doc.
	Repeatable bool
}

// Tap sees each datagram when it is sent; what it returns true for is lost. It is called under the network's lock: it must
// not block, nor keep p.
type Tap func(from, to netip.AddrPort, p []byte) (drop bool)

// Network connects hosts. All methods may be called from any goroutine.
type Network struct {
	cfg Config

	// Guarded by mu, which nobody holds while waiting.
	mu        sync.Mutex
	hosts     map[netip.Addr]*Host // by every address they ever had
	accesses  map[netip.Addr]*access
	routers   map[netip.Addr]*Router
	sockets   map[netip.AddrPort]*packetConn
	listeners map[netip.AddrPort]*listener
	core      lane
	names     map[conversation]uint64 // of a repeatable network
	tap       Tap
	watch     Watch
	events    events
	order     uint64 // of the last event
	timer     *time.Timer
}

// New makes an empty network.
func New(cfg Config) *Network {
	return &Network{
		cfg: cfg, hosts: make(map[netip.Addr]*Host), accesses: make(map[netip.Addr]*access), routers: make(map[netip.Addr]*Router),
		sockets: make(map[netip.AddrPort]*packetConn), listeners: make(map[netip.AddrPort]*listener), core: newLane(cfg.Seed),
		names: make(map[conversation]uint64),
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
		h = &Host{network: n, key: mix(n.cfg.Seed, hashAddr(addr)), port: firstPort, unbound: make(map[*packetConn]bool)}
		n.hosts[addr] = h
		h.attachLocked(addr)
	}
	return h
}

const firstPort = 40000 // of sockets without a wish

// Host is one machine. It begins with a perfect access link.
type Host struct {
	// Static after Host.
	network *Network
	key     uint64

	// Guarded by network.mu.
	accesses []*access            // the last is the one in use
	unbound  map[*packetConn]bool // sockets that follow the address of the host
	port     uint16
	down     bool
	spoke    map[netip.AddrPort]uint64 // of a repeatable network: how many sockets have sent there
	asked    map[uint64]uint64         // as well: how many streams began with a request
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
	errNoRoute = errors.New("netsim: network is unreachable")
	errTimeout = errors.New("netsim: connection timed out")
)

// bindLocked reads a wish like "0.0.0.0:0" and finds a port that taken says is free. unbound: it was for any address.
func (h *Host) bindLocked(address string, taken func(netip.AddrPort) bool) (at netip.AddrPort, unbound bool, err error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, false, errAddress
	}
	number, err := strconv.ParseUint(port, 10, 16)
	current := h.currentLocked()
	if err != nil || current == nil {
		return netip.AddrPort{}, false, errAddress
	}
	addr, unbound := current.addr, true
	if host != "" {
		ip, err := netip.ParseAddr(host)
		if err != nil {
			return netip.AddrPort{}, false, errAddress
		}
		if !ip.IsUnspecified() {
			if a := h.network.accesses[ip]; a == nil || a.host != h {
				return netip.AddrPort{}, false, errAddress
			}
			addr, unbound = ip, false
		}
	}
	if number != 0 {
		if at = netip.AddrPortFrom(addr, uint16(number)); taken(at) {
			return netip.AddrPort{}, false, errInUse
		}
		return at, unbound, nil
	}
	for {
		h.port++
		if at = netip.AddrPortFrom(addr, h.port); !taken(at) {
			return at, unbound, nil
		}
	}
}

// reachableLocked says whether both ends are on the network.
func (n *Network) reachableLocked(now time.Time, ends ...netip.Addr) bool {
	for _, addr := range ends {
		a := n.accesses[addr]
		if a == nil {
			return false
		}
		if _, _, _, out := a.nowLocked(now); out {
			return false
		}
	}
	return true
}
