package light

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

// goroutines drives legs on any system and any network: one goroutine reads for each leg, and one sends.
type goroutines struct {
	epoch time.Time
	life  context.Context
	end   context.CancelFunc
	wg    sync.WaitGroup

	// Guarded by mu, which nobody holds while waiting. Legs of all calls share it: this driver is for few calls.
	mu      sync.Mutex
	legs    map[*leg]*seat
	sum     Stats
	scratch scratch
	traffic traffic
	timer   *time.Timer
}

// seat is a leg with its socket.
type seat struct {
	socket socket
	stop   context.CancelFunc
}

func newGoroutines(epoch time.Time) *goroutines {
	g := &goroutines{epoch: epoch, legs: make(map[*leg]*seat)}
	g.life, g.end = context.WithCancel(context.Background())
	return g
}

// dial connects a socket, or one that behaves so.
func (g *goroutines) dial(relay netip.AddrPort, of Network) (socket, error) {
	if of.ListenPacket == nil {
		return net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(relay))
	}
	c, err := of.ListenPacket("udp", "0.0.0.0:0")
	if err != nil {
		return nil, err
	}
	return &connected{c, net.UDPAddrFromAddrPort(relay)}, nil
}

// connected is a PacketConn that knows one peer.
type connected struct {
	net.PacketConn
	peer *net.UDPAddr
}

func (c *connected) Write(p []byte) (int, error) { return c.WriteTo(p, c.peer) }

func (c *connected) Read(p []byte) (int, error) {
	for {
		n, from, err := c.ReadFrom(p)
		if err != nil {
			return n, err
		}
		if u, ok := from.(*net.UDPAddr); ok && u.Port == c.peer.Port && u.IP.Equal(c.peer.IP) {
			return n, nil
		}
	}
}

func (g *goroutines) attach(l *leg, s socket) error {
	ctx, stop := context.WithCancel(g.life)
	g.mu.Lock()
	g.legs[l] = &seat{s, stop}
	g.mu.Unlock()
	g.wg.Go(func() { g.readLoop(l, s) })
	g.wg.Go(func() { g.beatLoop(ctx, l, s) })
	return nil
}

func (g *goroutines) readLoop(l *leg, s socket) {
	buf := make([]byte, maxDatagram)
	for {
		n, err := s.Read(buf)
		if err != nil && !refused(err) {
			return
		}
		now := time.Now()
		g.mu.Lock()
		if l.edge != nil {
			g.traffic.pass(l, false, buf[:n], now)
			g.moveLocked(now)
		} else {
			g.takeLocked(l, buf[:n], now)
		}
		g.mu.Unlock()
	}
}

// takeLocked hands a datagram to its leg.
func (g *goroutines) takeLocked(l *leg, p []byte, now time.Time) {
	seat := g.legs[l]
	if seat == nil {
		return
	}
	before := l.heard.unique
	l.datagram(p, now, now.Sub(g.epoch), &g.scratch, g.sender(l, now))
	if l.heard.unique != before {
		g.sum.Received++
		g.sum.Delay.Add(l.heard.transit)
	}
}

// sender sends for l, now or through its edge.
func (g *goroutines) sender(l *leg, now time.Time) func([]byte) bool {
	return func(p []byte) bool {
		if l.edge != nil {
			g.traffic.pass(l, true, p, now)
			g.moveLocked(now)
			return true
		}
		return g.writeLocked(l, p)
	}
}

func (g *goroutines) writeLocked(l *leg, p []byte) bool {
	seat := g.legs[l]
	if seat == nil {
		return false
	}
	if _, err := seat.socket.Write(p); err != nil {
		g.sum.Unsent++
		return false
	}
	return true
}

// moveLocked lets through what is due, and sets the timer for what comes next.
func (g *goroutines) moveLocked(now time.Time) {
	for {
		d, ok := g.traffic.arrived(now)
		if !ok {
			break
		}
		if d.up {
			g.writeLocked(d.leg, d.p)
		} else {
			g.takeLocked(d.leg, d.p, now)
		}
	}
	if len(g.traffic.waiting) == 0 {
		return
	}
	wait := g.traffic.waiting[0].at.Sub(now)
	if g.timer == nil {
		g.timer = time.AfterFunc(wait, func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.moveLocked(time.Now())
		})
		return
	}
	g.timer.Reset(wait)
}

func (g *goroutines) beatLoop(ctx context.Context, l *leg, _ socket) {
	next := time.Now()
	for {
		next = next.Add(FrameDuration)
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
			return
		}
		now := time.Now()
		g.mu.Lock()
		sent := l.sent
		l.beat(now, now.Sub(g.epoch), &g.scratch, g.sender(l, now))
		if l.sent != sent {
			g.sum.Sent++
			g.sum.Pacing.Add(now.Sub(next))
		}
		g.mu.Unlock()
	}
}

func (g *goroutines) do(l *leg, f func(time.Time, time.Duration, func([]byte) bool)) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.life.Err() != nil {
		return false
	}
	now := time.Now()
	f(now, now.Sub(g.epoch), g.sender(l, now))
	return true
}

func (g *goroutines) detach(l *leg) {
	g.mu.Lock()
	seat := g.legs[l]
	delete(g.legs, l)
	g.mu.Unlock()
	if seat != nil {
		seat.stop()
		_ = seat.socket.Close()
	}
}

func (g *goroutines) stats() Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.sum
	s.Shards, s.Attached = 1, len(g.legs)
	return s
}

func (g *goroutines) close() {
	g.end()
	g.mu.Lock()
	if g.timer != nil {
		g.timer.Stop()
	}
	for l, seat := range g.legs {
		seat.stop()
		_ = seat.socket.Close()
		delete(g.legs, l)
	}
	g.mu.Unlock()
	g.wg.Wait()
}
