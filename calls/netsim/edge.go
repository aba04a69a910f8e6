package netsim

import (
	"net/netip"
	"time"
)

// Edge is the access link of one host by itself, without a network: for shims that stand between a program and real sockets.
// It has the links, steps, outages and blocked UDP of a profile; address translation and a change of networks are for
// whoever holds the socket. It is not safe for concurrent use.
type Edge struct {
	profile  Profile
	since    time.Time
	weather  weather
	up, down lane
}

// NewEdge begins a link at a time, with the fate that the seed gives it.
func NewEdge(p Profile, seed uint64, now time.Time) *Edge {
	return &Edge{profile: p, since: now, weather: weather{seed: seed, end: now}, up: newLane(mix(seed, 1)), down: newLane(mix(seed, 2))}
}

// Up is what becomes of a datagram that the host sends: when it leaves the link, and how many of it; none if it is lost.
func (e *Edge) Up(now time.Time, from, to netip.AddrPort, p []byte) (out time.Time, copies int) {
	return e.pass(&e.up, now, from, to, p)
}

// Down is the same of a datagram that arrives for the host.
func (e *Edge) Down(now time.Time, from, to netip.AddrPort, p []byte) (out time.Time, copies int) {
	return e.pass(&e.down, now, from, to, p)
}

func (e *Edge) pass(l *lane, now time.Time, from, to netip.AddrPort, p []byte) (time.Time, int) {
	since := now.Sub(e.since)
	link, down := e.profile.at(since)
	if l == &e.down {
		link = down
	}
	if e.profile.Firewall.NoUDP {
		l.counts.Blocked++
		return now, 0
	}
	gone, offset := e.weather.at(e.profile.Outages, now)
	if gone {
		l.counts.Down++
		return now, 0
	}
	bytes := len(p) + udp4Header
	if to.Addr().Is6() {
		bytes = len(p) + udp6Header
	}
	return l.pass(link, now, since, offset, flowKey(from, to, p), bytes)
}

// Counts says what became of the datagrams so far.
func (e *Edge) Counts() (up, down Counts) { return e.up.counts, e.down.counts }
