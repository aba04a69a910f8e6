package netsim

import (
	"net/netip"
	"time"
)

// Dependence is on what of the other end the behaviour of a NAT depends, in the words of RFC 4787.
type Dependence int

// The dependences. Mapping that depends on the port is what used to be called symmetric; independent mapping with filtering
// by port is "port-restricted".
const (
	Independent Dependence = iota + 1
	AddressDependent
	PortDependent // on address and port
)

// of is what two remote ends must have in common to be treated as one.
func (d Dependence) of(remote netip.AddrPort) netip.AddrPort {
	switch d {
	case AddressDependent:
		return netip.AddrPortFrom(remote.Addr(), 0)
	case PortDependent:
		return remote
	}
	return netip.AddrPort{}
}

// NAT is how a router translates.
type NAT struct {
	Mapping   Dependence    // when two remote ends see the same public port; zero: Independent
	Filtering Dependence    // who may answer; zero: Independent
	Timeout   time.Duration // of a mapping that sends nothing; zero: natTimeout
	Hairpin   bool          // hosts behind it reach one another by their public address
}

// natTimeout is what RFC 4787 REQ-5 recommends.
const natTimeout = 5 * time.Minute

// Router gives the hosts behind it one public address.
type Router struct {
	network *Network
	public  netip.Addr
	nat     NAT

	// Guarded by network.mu.
	mappings map[mappingKey]*mapping
	ports    map[uint16]*mapping
	era      uint64 // counts mappings that were forgotten: the next one gets another port
}

type mappingKey struct{ inside, remote netip.AddrPort }

type mapping struct {
	key     mappingKey
	port    uint16
	expires time.Time
	heard   map[netip.AddrPort]bool // remote ends that were sent to, as far as filtering tells them apart
}

// Router makes a router; no host may have its public address. [Host.SetRouter] puts hosts behind it.
func (n *Network) Router(public netip.Addr, nat NAT) *Router {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.routerLocked(public, nat)
}

func (n *Network) routerLocked(public netip.Addr, nat NAT) *Router {
	if nat.Timeout == 0 {
		nat.Timeout = natTimeout
	}
	r := &Router{network: n, public: public, nat: nat, mappings: make(map[mappingKey]*mapping), ports: make(map[uint16]*mapping)}
	n.routers[public] = r
	return r
}

// Forget makes the router lose its mappings, as a restart does.
func (r *Router) Forget() {
	r.network.mu.Lock()
	defer r.network.mu.Unlock()
	r.era += uint64(len(r.mappings))
	clear(r.mappings)
	clear(r.ports)
}

// outbound is the public end of a datagram from inside.
func (r *Router) outbound(now time.Time, inside, remote netip.AddrPort) netip.AddrPort {
	key := mappingKey{inside, r.nat.Mapping.of(remote)}
	m := r.mappings[key]
	if m != nil && !m.expires.After(now) {
		r.era++
		delete(r.mappings, key)
		delete(r.ports, m.port)
		m = nil
	}
	if m == nil {
		m = &mapping{key: key, port: r.freePort(key), heard: make(map[netip.AddrPort]bool)}
		r.mappings[key], r.ports[m.port] = m, m
	}
	m.expires = now.Add(r.nat.Timeout)
	m.heard[r.nat.Filtering.of(remote)] = true
	return netip.AddrPortFrom(r.public, m.port)
}

// freePort chooses by what is mapped, not by when, so that a seed gives the same ports. The dynamic ports of RFC 6335.
func (r *Router) freePort(key mappingKey) uint16 {
	const first, count = 49152, 16384
	h := mix(r.network.cfg.Seed, hashAddrPort(key.inside), hashAddrPort(key.remote), r.era)
	for i := range uint64(count) {
		if port := uint16(first + (h+i)%count); r.ports[port] == nil {
			return port
		}
	}
	panic("netsim: internal error: a router has no port left")
}

// inbound is the host behind the router that a datagram to one of its ports is for, if it lets it pass.
func (r *Router) inbound(now time.Time, port uint16, remote netip.AddrPort) (inside netip.AddrPort, ok bool) {
	m := r.ports[port]
	if m == nil || !m.expires.After(now) || !m.heard[r.nat.Filtering.of(remote)] {
		return netip.AddrPort{}, false
	}
	return m.key.inside, true
}
