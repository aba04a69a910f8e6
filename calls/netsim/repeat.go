package netsim

import (
	"bytes"
	"net/netip"
	"time"
)

// scatterMost is by how much at most a datagram or a piece of a stream is later in a repeatable network: so little that no
// measurement notices, and so much that nothing meets by chance.
const scatterMost = 20 * time.Microsecond

// scatter makes a time of arrival unlike all others. The order of the flow stays.
func (f *flow) scatter(i uint64, at time.Time) time.Time {
	at = at.Add(1 + time.Duration(unit(f.key, i, drawScatter)*float64(scatterMost)))
	if !at.After(f.crossed) {
		at = f.crossed.Add(1)
	}
	f.crossed = at
	return at
}

// leaving tells the scatter of the way out from that of the way between.
const leaving = 0x6c656176696e67

// leavesLocked is when a datagram enters the link of its sender. Timers that fire at the same instant send in any order; which
// of the two is ahead in a queue must not depend on that.
func (n *Network) leavesLocked(id uint64, now time.Time) time.Time {
	f := n.core.flow(mix(id, leaving))
	i := f.next
	f.next++
	return f.scatter(i, now)
}

// handshakeGrain is what sizes of DTLS are rounded up to in a repeatable network. ECDSA signatures in ASN.1 have 70 bytes more
// or less, and a flight of a handshake holds up to three of them.
const handshakeGrain = 256

// weight is how many bytes of payload a datagram counts as, where it takes time.
func (n *Network) weight(p []byte) int {
	if !n.cfg.Repeatable {
		return len(p)
	}
	inner := Relayed(p)
	if inner == nil {
		inner = p
	}
	if plainKind(inner) != kindDTLS {
		return len(p)
	}
	return (len(p) + handshakeGrain - 1) / handshakeGrain * handshakeGrain
}

// conversation is one end of a flow, as the other end sees it.
type conversation struct{ here, there netip.AddrPort }

// flowLocked names the flow of a datagram that a socket sends. In a repeatable network the port does not matter, for it depends
// on who asked for one first: what matters is how many sockets of the host have sent to the other end before.
func (c *packetConn) flowLocked(to netip.AddrPort, p []byte) uint64 {
	n := c.host.network
	if !n.cfg.Repeatable {
		return flowKey(c.addr, to, p)
	}
	name, known := n.names[conversation{to, c.addr}]
	if !known {
		name = hashAddrPort(to)
	}
	return mix(c.nameLocked(to), name, kindOf(p))
}

func (c *packetConn) nameLocked(to netip.AddrPort) uint64 {
	name, ok := c.names[to]
	if !ok {
		if c.names == nil {
			c.names = make(map[netip.AddrPort]uint64)
		}
		if c.host.spoke == nil {
			c.host.spoke = make(map[netip.AddrPort]uint64)
		}
		name = mix(c.host.key, c.host.spoke[to])
		c.names[to] = name
		c.host.spoke[to]++
	}
	return name
}

// rememberLocked tells the network who is behind an address that the other end sees.
func (n *Network) rememberLocked(c *packetConn, seen, to netip.AddrPort) {
	if n.cfg.Repeatable {
		n.names[conversation{seen, to}] = c.nameLocked(to)
	}
}

// nameLocked gives a stream that is written to for the first time its randomness. In a repeatable network that does not depend
// on ports: it is that of the request in its first bytes, and of how many of these there were before.
func (q *pipe) nameLocked(p []byte) {
	n := q.network
	if !n.cfg.Repeatable || q.twin == nil || q.named {
		return
	}
	host := n.hosts[q.from.Addr()]
	if host == nil {
		return
	}
	what := mix(hashAddrPort(q.to), hashBytes(requestOf(p)))
	if host.asked == nil {
		host.asked = make(map[uint64]uint64)
	}
	key := mix(n.cfg.Seed, host.key, what, host.asked[what])
	host.asked[what]++
	q.key, q.named = mix(key, 1), true
	q.twin.key = mix(key, 2)
}

// requestOf is what of a request comes again: of HTTP the method and the first two parts of the path, of STUN the type.
func requestOf(p []byte) []byte {
	const parts = 3
	if len(p) < 2 || p[0] < ' ' {
		return p[:min(len(p), 2)]
	}
	end := 0
	for range parts {
		i := bytes.IndexAny(p[end:], "/\n")
		if i < 0 {
			return p[:end]
		}
		end += i + 1
	}
	return p[:end]
}

func hashBytes(p []byte) uint64 {
	h := uint64(len(p))
	for _, b := range p {
		h = mix(h, uint64(b))
	}
	return h
}
