package turn

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ErrClosed is returned by ServeUDP and ServeTCP after Close.
var ErrClosed = errors.New("turn: server is closed")

// Server is a relay. All methods may be called from any goroutine.
type Server struct {
	// Static after New.
	cfg      Config
	keyIDs   [][keyIDBytes]byte // of cfg.Secrets
	epoch    time.Time          // times inside are since then, on the monotonic clock
	nonceKey [32]byte
	userKey  [32]byte
	table    *table
	budget   *budget
	crowd    *crowd
	work     chan *stream  // to streamLoop
	done     chan struct{} // closed by Close

	wg     sync.WaitGroup // ServeUDP, ServeTCP, expiryLoop, streamLoop
	logged atomic.Int64   // when the last line was, since epoch

	alternates atomic.Pointer[[]netip.AddrPort] // after Drain

	// Guarded by mu.
	mu        sync.Mutex
	closed    bool
	sweeping  bool // expiryLoop runs
	desks     int  // of streamLoop
	sockets   map[*socket]struct{}
	listeners map[*streamListener]struct{}
	groups    map[netip.AddrPort]uint32
	last      uint32 // group
	past      Stats  // of sockets that are gone
}

// New checks cfg. It starts nothing.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, epoch: time.Now(), table: newTable(cfg), budget: newBudget(cfg.UnauthenticatedPerSecond, cfg.UnauthenticatedBurst),
		crowd: newCrowd(cfg.MaxConnections, cfg.MaxConnectionsPerSource), work: make(chan *stream), done: make(chan struct{}),
		sockets: make(map[*socket]struct{}), listeners: make(map[*streamListener]struct{}), groups: make(map[netip.AddrPort]uint32),
		past: Stats{Drops: make(map[Drop]uint64)},
	}
	for _, secret := range cfg.Secrets {
		s.keyIDs = append(s.keyIDs, secret.keyID())
	}
	for _, key := range [][]byte{s.nonceKey[:], s.userKey[:]} {
		if _, err := rand.Read(key); err != nil {
			return nil, fmt.Errorf("turn: draw key: %w", err)
		}
	}
	return s, nil
}

// now is the time since New.
func (s *Server) now() time.Duration { return time.Since(s.epoch) }

// ServeUDP relays on conn until ctx ends or the server is closed, which is no error, or until conn fails. It closes conn.
// Several sockets may be served at once; those with the same local address are shards of one. Any net.PacketConn will do whose
// addresses are *net.UDPAddr.
func (s *Server) ServeUDP(ctx context.Context, conn net.PacketConn) error {
	k, err := s.open(conn)
	if err != nil {
		_ = conn.Close()
		return err
	}
	defer s.wg.Done()
	defer s.forget(k)
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		k.close()
	})
	defer func() {
		k.close()
		if !stop() {
			<-closed
		}
	}()
	err = newWorker(s, k, newTransport(conn), batchPackets).run(ctx)
	if ctx.Err() != nil || s.isClosed() {
		return nil
	}
	return err
}

// open registers conn and starts the expiry loop with the first one.
func (s *Server) open(conn net.PacketConn) (*socket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	k := &socket{conn: conn, group: s.groupLocked(conn.LocalAddr()), counters: new(counters)}
	s.sockets[k] = struct{}{}
	s.wg.Add(1)
	s.sweepLocked()
	return k, nil
}

// sweepLocked starts the expiry loop.
func (s *Server) sweepLocked() {
	if !s.sweeping {
		s.sweeping = true
		s.wg.Go(s.expiryLoop)
	}
}

// mayLog is true once a second: who can make the relay complain can do so a thousand times a second.
func (s *Server) mayLog() bool {
	now, last := int64(s.now()), s.logged.Load()
	return (last == 0 || now-last >= int64(time.Second)) && s.logged.CompareAndSwap(last, max(now, 1))
}

// groupLocked numbers local addresses. They are the server's own, so a map may hold them.
func (s *Server) groupLocked(local net.Addr) uint32 {
	var at netip.AddrPort
	if u, ok := local.(*net.UDPAddr); ok {
		at = u.AddrPort()
	}
	g, ok := s.groups[at]
	if !ok || !at.IsValid() {
		s.last++
		g = s.last
		s.groups[at] = g
	}
	return g
}

// forget drops a socket, and with the last one of a local address the allocations that nobody can reach any more.
func (s *Server) forget(k *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sockets, k)
	k.counters.addTo(&s.past)
	for other := range s.sockets {
		if other.group == k.group {
			return
		}
	}
	scrub()
	s.table.wipeIf(func(a *allocation) bool { return a.group == k.group })
	scrub()
}

func (s *Server) isClosed() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// Stats counts.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := s.past
	sum.Drops = make(map[Drop]uint64, len(s.past.Drops))
	for why, n := range s.past.Drops {
		sum.Drops[why] = n
	}
	for k := range s.sockets {
		k.counters.addTo(&sum)
	}
	for sl := range s.listeners {
		sl.counters.addTo(&sum)
	}
	sum.Allocations, sum.Connections = s.table.allocations(), s.crowd.size()
	return sum
}

// Close stops every ServeUDP and ServeTCP, waits for them and zeroes all slots. It may be called more than once, and the first time without
// either.
func (s *Server) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	for k := range s.sockets {
		k.close()
	}
	listeners := slices.Collect(maps.Keys(s.listeners))
	s.mu.Unlock()
	for _, sl := range listeners {
		sl.close()
	}
	s.wg.Wait()
	scrub()
	s.table.wipeIf(func(*allocation) bool { return true })
	scrub()
	return nil
}
