package netsim

import (
	"net/netip"
	"time"
)

// The headers of UDP over IP, which links carry too.
const (
	udp4Header = 28
	udp6Header = 48
)

// passage is a datagram between two access links.
type passage struct {
	datagram
	to    netip.AddrPort
	flow  uint64
	bytes int     // with headers
	local *Router // both ends are behind it, and it is not translated
	via   *Router // that translated it
}

// send puts a datagram on the way from the socket, or loses it.
func (c *packetConn) send(to netip.AddrPort, p []byte) error {
	n := c.host.network
	n.mu.Lock()
	defer n.mu.Unlock()
	a := n.accesses[c.addr.Addr()]
	if a == nil || a.host != c.host {
		return errNoRoute
	}
	if n.tap != nil && n.tap(c.addr, to, p) {
		return nil
	}
	now := time.Now()
	link, _, offset, out := a.nowLocked(now)
	switch {
	case out:
		a.up.counts.Down++
		return nil
	case a.profile.Firewall.NoUDP:
		a.up.counts.Blocked++
		return nil
	}
	g := passage{datagram: datagram{c.addr, append([]byte(nil), p...)}, to: to, flow: flowKey(c.addr, to, p), bytes: len(p) + udp4Header}
	if to.Addr().Is6() {
		g.bytes = len(p) + udp6Header
	}
	left, copies := a.up.pass(link, now, now.Sub(a.since), offset, g.flow, g.bytes)
	if copies == 0 {
		return nil
	}
	switch other := n.accesses[to.Addr()]; {
	case a.router == nil:
	case other != nil && other.router == a.router:
		g.local = a.router
	default:
		g.from, g.via = a.router.outbound(now, c.addr, to), a.router
	}
	for range copies {
		if at, ok := n.crossLocked(g.flow, left); ok {
			n.planLocked(at, func() { n.arriveLocked(g) })
		}
	}
	return nil
}

// crossLocked is when a datagram that leaves one access link reaches the other, if it does.
func (n *Network) crossLocked(id uint64, left time.Time) (at time.Time, ok bool) {
	at = left.Add(n.cfg.Delay)
	if n.cfg.Loss <= 0 && n.cfg.Jitter <= 0 {
		return at, true
	}
	f := n.core.flow(id)
	i := f.next
	f.next++
	if unit(f.key, i, drawLoss) < n.cfg.Loss {
		return at, false
	}
	return at.Add(time.Duration(unit(f.key, i, drawJitter) * float64(n.cfg.Jitter))), true
}

// arriveLocked takes a datagram from the network between to the host it is for.
func (n *Network) arriveLocked(g passage) {
	now := time.Now()
	translated := false
	if r := n.routers[g.to.Addr()]; r != nil {
		inside, ok := r.inbound(now, g.to.Port(), g.from)
		if !ok || (g.via == r && !r.nat.Hairpin) {
			return
		}
		g.to, translated = inside, true
	}
	a := n.accesses[g.to.Addr()]
	if a == nil || (a.router != g.local && !translated) {
		return
	}
	_, link, offset, out := a.nowLocked(now)
	switch {
	case out:
		a.down.counts.Down++
		return
	case a.profile.Firewall.NoUDP:
		a.down.counts.Blocked++
		return
	}
	at, copies := a.down.pass(link, now, now.Sub(a.since), offset, g.flow, g.bytes)
	for range copies {
		n.planLocked(at, func() { n.deliverLocked(g.to, g.datagram) })
	}
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
