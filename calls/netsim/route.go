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
	host   *Host
	origin netip.AddrPort // the socket it is from, before translation
	sent   time.Time
	to     netip.AddrPort
	flow   uint64
	bytes  int     // with headers
	local  *Router // both ends are behind it, and it is not translated
	via    *Router // that translated it
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
	now := time.Now()
	g := passage{
		datagram: datagram{c.addr, append([]byte(nil), p...)}, host: c.host, origin: c.addr, sent: now, to: to,
		flow: c.flowLocked(to, p), bytes: n.weight(p) + udp4Header,
	}
	if n.tap != nil && n.tap(c.addr, to, p) {
		n.seenLocked(&g, to, Tapped)
		return nil
	}
	if n.cfg.Repeatable {
		n.planLocked(n.leavesLocked(g.flow, now), func() { n.leaveLocked(c, a, g) })
	} else {
		n.leaveLocked(c, a, g)
	}
	return nil
}

// leaveLocked takes a datagram from its socket into the network between.
func (n *Network) leaveLocked(c *packetConn, a *access, g passage) {
	now, to := time.Now(), g.to
	link, _, offset, out := a.nowLocked(now)
	switch {
	case out:
		a.up.counts.Down++
		n.seenLocked(&g, to, LostUp)
		return
	case a.profile.Firewall.NoUDP:
		a.up.counts.Blocked++
		n.seenLocked(&g, to, LostUp)
		return
	}
	if to.Addr().Is6() {
		g.bytes += udp6Header - udp4Header
	}
	left, copies := a.up.pass(link, now, now.Sub(a.since), offset, g.flow, g.bytes)
	if copies == 0 {
		n.seenLocked(&g, to, LostUp)
		return
	}
	switch other := n.accesses[to.Addr()]; {
	case a.router == nil:
	case other != nil && other.router == a.router:
		g.local = a.router
	default:
		g.from, g.via = a.router.outbound(now, g.origin, to), a.router
	}
	n.rememberLocked(c, g.from, to)
	for range copies {
		if at, ok := n.crossLocked(g.flow, left); ok {
			n.planLocked(at, func() { n.arriveLocked(g) })
		} else {
			n.seenLocked(&g, to, LostBetween)
		}
	}
}

// crossLocked is when a datagram that leaves one access link reaches the other, if it does.
func (n *Network) crossLocked(id uint64, left time.Time) (at time.Time, ok bool) {
	at = left.Add(n.cfg.Delay)
	if n.cfg.Loss <= 0 && n.cfg.Jitter <= 0 && !n.cfg.Repeatable {
		return at, true
	}
	f := n.core.flow(id)
	i := f.next
	f.next++
	if n.cfg.Repeatable {
		at = f.scatter(i, at)
	}
	if unit(f.key, i, drawLoss) < n.cfg.Loss {
		return at, false
	}
	return at.Add(time.Duration(unit(f.key, i, drawJitter) * float64(n.cfg.Jitter))), true
}

// arriveLocked takes a datagram from the network between to the host it is for.
func (n *Network) arriveLocked(g passage) {
	now := time.Now()
	translated, sentTo := false, g.to
	if r := n.routers[g.to.Addr()]; r != nil {
		inside, ok := r.inbound(now, g.to.Port(), g.from)
		if !ok || (g.via == r && !r.nat.Hairpin) {
			n.seenLocked(&g, sentTo, Filtered)
			return
		}
		g.to, translated = inside, true
	}
	a := n.accesses[g.to.Addr()]
	if a == nil || (a.router != g.local && !translated) {
		n.seenLocked(&g, sentTo, Filtered)
		return
	}
	_, link, offset, out := a.nowLocked(now)
	switch {
	case out:
		a.down.counts.Down++
		n.seenLocked(&g, g.to, LostDown)
		return
	case a.profile.Firewall.NoUDP:
		a.down.counts.Blocked++
		n.seenLocked(&g, g.to, LostDown)
		return
	}
	at, copies := a.down.pass(link, now, now.Sub(a.since), offset, g.flow, g.bytes)
	if copies == 0 {
		n.seenLocked(&g, g.to, LostDown)
	}
	for range copies {
		n.planLocked(at, func() { n.deliverLocked(g) })
	}
}

func (n *Network) deliverLocked(g passage) {
	c := n.sockets[g.to]
	if c == nil {
		n.seenLocked(&g, g.to, Filtered)
		return
	}
	select {
	case c.in <- g.datagram:
		n.seenLocked(&g, g.to, Delivered)
	default: // the receiver's buffer is full
		n.seenLocked(&g, g.to, Overrun)
	}
}
