package media

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Times of making and keeping paths.
const (
	// attemptDelay is how long one way to a relay may try alone before the next is tried beside it (RFC 8305 section 5).
	attemptDelay = 250 * time.Millisecond
	// How long the relay may take to answer when the peer is not heard: as many round trips, within bounds.
	checkRoundTrips = 4
	minCheckTime    = 100 * time.Millisecond
	maxCheckTime    = 400 * time.Millisecond
	// keepOld is how long a path is kept after a newer one came.
	keepOld = 10 * time.Second
	// Gaps between attempts when no relay answers.
	firstAttemptGap = 100 * time.Millisecond
	maxAttemptGap   = time.Second
	// tendEvery is how often the path in use is asked whether it is still there, which keeps NATs open and hears that a
	// relay is about to close.
	tendEvery = 15 * time.Second
)

// obtain tries all ways to the relays, one after the other but not one waiting for the other's end, and adds what it
// gets. The first datagram path ends it; a stream is only the second best, so datagrams go on being tried. It returns
// when all attempts have ended.
func (c *Conn) obtain(ctx context.Context, found func(*path)) error {
	ways := attempts(c.relays())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		path *path
		way  attempt
		err  error
	}
	results := make(chan result, len(ways))
	next, pending := 0, 0
	var wg sync.WaitGroup
	defer wg.Wait()
	begin := func() {
		way := ways[next]
		next, pending = next+1, pending+1
		wg.Go(func() {
			p, err := c.allocate(ctx, way)
			results <- result{p, way, err}
		})
	}
	delay := time.NewTimer(0)
	defer delay.Stop()
	got, err := false, error(ErrRelayUnreachable)
	for next < len(ways) || pending > 0 {
		select {
		case <-delay.C:
			if next < len(ways) && !(got && ways[next].stream()) {
				begin()
				delay.Reset(attemptDelay)
			} else {
				next = len(ways)
			}
		case r := <-results:
			pending--
			switch {
			case r.err == nil && (ctx.Err() != nil || got && r.path.stream):
				r.path.close() // too late
			case r.err == nil:
				got = true
				found(r.path)
				if !r.path.stream {
					next = len(ways)
					cancel()
				}
			default:
				if e := relayError(r.err); !errors.Is(e, ErrRelayUnreachable) || errors.Is(err, ErrRelayUnreachable) {
					err = e
				}
				if next < len(ways) {
					delay.Reset(0)
				}
			}
		case <-ctx.Done():
			next = len(ways)
			if pending == 0 {
				break
			}
			r := <-results
			pending--
			if r.err == nil {
				r.path.close()
			}
		}
	}
	if got {
		return nil
	}

	return err
}

// adopt takes a new path into use as far as it can be used yet.
func (c *Conn) adopt(p *path) {
	if !c.paths.add(p, time.Now()) {
		p.close()

		return
	}
	c.opened.Add(1)
	c.loops.Go(func() { c.readLoop(p) })
	c.loops.Go(func() { c.proveLoop(p) })
	select {
	case c.first <- struct{}{}:
	default:
	}
	if f := c.cfg.OnCandidates; f != nil && c.announced.Load() {
		f([]Candidate{{Addr: p.relayed, Priority: p.priority}})
	}
	time.AfterFunc(keepOld, c.retire)
}

// readLoop reads one path until it is closed.
func (c *Conn) readLoop(p *path) {
	buf := make([]byte, maxDatagram)
	for {
		n, addr, err := p.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		from, ok := addrPort(addr)
		if !ok || c.probed(p, buf[:n], from) {
			continue
		}
		if from, up := c.paths.arrive(p, buf[:n], from); up != nil {
			up.put(datagram{append([]byte(nil), buf[:n]...), from})
		}
	}
}

// maxDatagram is as much as pion reads.
const maxDatagram = 8192

// retire closes paths that something newer has replaced.
func (c *Conn) retire() {
	used, _ := c.paths.inUse()
	now := time.Now()
	for _, p := range c.paths.live() {
		c.paths.mu.Lock()
		old := p != used && !p.since.IsZero() && now.Sub(p.since) >= keepOld && used != nil && used.number > p.number
		c.paths.mu.Unlock()
		if old {
			c.paths.remove(p)
			p.close()
		}
	}
}

// NetworkChanged says that the way to the relays may be another one now: new
// paths are made at once, beside the old ones. It does not wait.
func (c *Conn) NetworkChanged() { c.want() }

// Check says that the peer is not heard: if the relay does not answer either,
// a new path is made. It does not wait.
func (c *Conn) Check() {
	select {
	case c.doubt <- struct{}{}:
	default:
	}
}

func (c *Conn) want() {
	select {
	case c.wanted <- struct{}{}:
	default:
	}
}

// renewLoop makes paths when they are wanted, until Close.
func (c *Conn) renewLoop() {
	for {
		select {
		case <-c.wanted:
		case <-c.life.Done():
			return
		}
		c.renew()
	}
}

// renew tries until there is a path. A further wish begins anew: the sockets may be those of a network that is gone.
func (c *Conn) renew() {
	gap := firstAttemptGap
	for c.life.Err() == nil {
		ctx, cancel := context.WithCancel(c.life)
		ended := make(chan error, 1)
		go func() { ended <- c.obtain(ctx, c.adopt) }()
		var err error
		select {
		case err = <-ended:
			cancel()
		case <-c.wanted:
			cancel()
			<-ended
			gap = firstAttemptGap

			continue
		}
		if err == nil {
			return
		}
		if errors.Is(err, ErrRelayRefused) {
			c.relogin()
		}
		select {
		case <-time.After(gap):
			gap = min(2*gap, maxAttemptGap)
		case <-c.wanted:
			gap = firstAttemptGap
		case <-c.life.Done():
		}
	}
}

// relogin asks for fresh credentials: those of a call expire, and a relay that was restarted may not know them.
func (c *Conn) relogin() {
	if c.cfg.Relogin == nil {
		return
	}
	ctx, cancel := context.WithTimeout(c.life, attemptTime)
	defer cancel()
	fresh, err := c.cfg.Relogin(ctx)
	if err != nil || len(fresh) == 0 || len(fresh) > maxRelays {
		return
	}
	c.mu.Lock()
	c.logins = fresh
	c.mu.Unlock()
}

// relays is where to allocate.
func (c *Conn) relays() []Relay {
	c.mu.Lock()
	defer c.mu.Unlock()

	return append([]Relay(nil), c.logins...)
}

// alternate is what a relay that closes recommends (RFC 8489 section 10): it knows the same logins.
func (c *Conn) alternate(of Relay, at netip.AddrPort) {
	if at, ok := canonical(at); !ok || !c.cfg.AllowedRemote(at.Addr()) {
		c.refused.Add(1)

		return
	}
	better := of
	better.URL = "turn:" + at.String()
	c.mu.Lock()
	known := false
	for _, r := range c.logins {
		known = known || r == better
	}
	if !known {
		c.logins = append([]Relay{better}, c.logins...)
		if len(c.logins) > maxRelays {
			c.logins = c.logins[:maxRelays]
		}
	}
	c.mu.Unlock()
	if !known {
		c.want()
	}
}

// tendLoop looks after the path in use, until Close.
func (c *Conn) tendLoop() {
	tick := time.NewTicker(tendEvery)
	defer tick.Stop()
	for {
		doubted := false
		var lost <-chan struct{}
		before, _ := c.paths.inUse()
		if before != nil {
			lost = before.lost
		}
		select {
		case <-tick.C:
		case <-c.doubt:
			doubted = true
		case <-lost:
			c.paths.remove(before)
			before.close()
			c.lose()

			continue
		case <-c.life.Done():
			return
		}
		used, to := c.paths.inUse()
		if used != nil && to.IsValid() && !c.answers(used, to) && doubted {
			c.lose()
		}
	}
}

// lose: the way to the relay is gone.
func (c *Conn) lose() {
	if f := c.cfg.OnLost; f != nil {
		f()
	}
	c.want()
}

// answers asks the relay for something that it can only do while the allocation is there.
func (c *Conn) answers(p *path, to netip.AddrPort) bool {
	asked := time.Now().UnixNano()
	refused := make(chan bool, 1)
	c.loops.Go(func() {
		err := p.client.CreatePermission(net.UDPAddrFromAddrPort(to))
		if err != nil && !isRefusal(err) && p.heard.Load() >= asked { // a nonce that is too old: the library has learnt the new one
			err = p.client.CreatePermission(net.UDPAddrFromAddrPort(to))
		}
		refused <- isRefusal(err)
	})
	limit := time.NewTimer(min(max(checkRoundTrips*p.roundTrip, minCheckTime), maxCheckTime))
	defer limit.Stop()
	select {
	case no := <-refused:
		return !no && p.heard.Load() >= asked
	case <-limit.C:
		return p.heard.Load() > asked
	case <-p.done:
		return true // replaced already
	case <-c.life.Done():
		return true
	}
}
