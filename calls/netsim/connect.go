package netsim

import (
	"context"
	"math"
	"net"
	"net/netip"
	"time"
)

const (
	// retransmit is the least timeout of a lost segment, and how often a stream looks whether a host is back on the network.
	retransmit = 200 * time.Millisecond
	// retransmitSYN is the timeout of the first segment (RFC 6298 section 2).
	retransmitSYN = time.Second
	// dialTimeout ends a dial that nobody answers, as an operating system does.
	dialTimeout = 2 * time.Minute
	// segmentBytes and segmentHeader are what a packet of a stream carries.
	segmentBytes  = 1440
	segmentHeader = 40
	// manyRetransmits bounds the loss of one piece: nobody waits for a link that loses everything.
	manyRetransmits = 6
)

// DialContext is net.Dialer.DialContext on this host. Addresses are IP literals.
func (h *Host) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, errAddress
	}
	from, wait, err := h.handshake(ctx, to)
	if err != nil {
		return nil, err
	}
	if err := sleep(ctx, wait); err != nil {
		return nil, err
	}
	n := h.network
	n.mu.Lock()
	defer n.mu.Unlock()
	l, a := n.listeners[to], n.accesses[from.Addr()]
	if l == nil || a == nil || !n.reachableLocked(time.Now(), from.Addr(), to.Addr()) {
		return nil, errRefused
	}
	seen := from
	if other := n.accesses[to.Addr()]; other.router != a.router {
		if other.router != nil {
			return nil, errRefused
		}
		seen = a.router.outbound(time.Now(), from, to)
	}
	up, down := newPipe(n, from, to), newPipe(n, to, from)
	up.twin = down
	select {
	case l.accept <- &stream{local: to, remote: seen, out: down, in: up, read: newDeadline()}:
		return &stream{local: from, remote: to, out: up, in: down, read: newDeadline()}, nil
	default:
		return nil, errRefused
	}
}

// handshake takes a port, and says how long SYN and its answer take. It returns when they get through: a firewall and an
// outage swallow them.
func (h *Host) handshake(ctx context.Context, to netip.AddrPort) (from netip.AddrPort, wait time.Duration, err error) {
	n := h.network
	for again, waited := retransmitSYN, time.Duration(0); waited < dialTimeout; again *= 2 {
		n.mu.Lock()
		a, now := h.currentLocked(), time.Now()
		if a == nil {
			n.mu.Unlock()
			return from, 0, errNoRoute
		}
		_, _, _, out := a.nowLocked(now)
		if !a.profile.Firewall.dials(to.Port()) || (out && !h.down) {
			n.mu.Unlock()
			if err := sleep(ctx, again); err != nil {
				return from, 0, err
			}
			waited += again
			continue
		}
		h.port++
		from = netip.AddrPortFrom(a.addr, h.port)
		syn, ack := newPipe(n, from, to), newPipe(n, to, from)
		wait = syn.delayLocked(now, 0, retransmitSYN) + ack.delayLocked(now, 0, retransmitSYN)
		n.mu.Unlock()
		return from, wait, nil
	}
	return from, 0, errTimeout
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// arrival is when a piece that is written now can be read.
func (q *pipe) arrival(p []byte) time.Time {
	q.network.mu.Lock()
	defer q.network.mu.Unlock()
	q.nameLocked(p)
	now := time.Now()
	at := now.Add(q.delayLocked(now, len(p), retransmit))
	if at.Before(q.there) {
		at = q.there
	}
	if q.network.cfg.Repeatable && !at.After(q.there) {
		at = q.there.Add(1)
	}
	q.there = at
	return at
}

// delayLocked is how long a piece takes: it waits for the rate, and once more for each time that one of its segments is lost.
// Unlike datagrams a stream has the rate of a link for itself: those in a call are thin.
func (q *pipe) delayLocked(now time.Time, bytes int, timeout time.Duration) time.Duration {
	n, i := q.network, q.sent
	q.sent++
	scatter := time.Duration(0)
	if n.cfg.Repeatable {
		scatter = 1 + time.Duration(unit(q.key, i, drawScatter)*float64(scatterMost))
	}
	segments := 1 + bytes/segmentBytes
	bytes += segments * segmentHeader
	delay, through, busy := n.cfg.Delay+scatter, 1.0, time.Duration(0)
	for direction, addr := range []netip.Addr{q.from.Addr(), q.to.Addr()} {
		a := n.accesses[addr]
		if a == nil {
			continue
		}
		up, down, offset, _ := a.nowLocked(now)
		link := up
		if direction == 1 {
			link = down
		}
		key := mix(q.key, uint64(direction))
		busy = max(busy, link.transmission(bytes))
		waiting := link.Bulk.waiting(link, now.Sub(a.since), unit(key, i, drawBulk))
		delay += link.transmission(waiting) + max(0, offset+link.Delay+link.Jitter.at(unit(key, i, drawJitter), unit(key, i, drawJitter2)))
		through *= 1 - link.Loss.Mean()
	}
	lost := 1 - math.Pow(through, float64(segments))
	again := max(timeout, 2*delay)
	for try := range uint64(manyRetransmits) {
		if unit(mix(q.key, try), i, drawLoss) >= lost {
			break
		}
		delay += again << try
	}
	if q.free.Before(now) {
		q.free = now
	}
	q.free = q.free.Add(busy)
	return delay + q.free.Sub(now)
}
