package netsim

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// streamWindow bounds what a writer may be ahead of the reader, in bytes.
const streamWindow = 256 << 10

// Listen is net.Listen on this host.
func (h *Host) Listen(_, address string) (net.Listener, error) {
	n := h.network
	n.mu.Lock()
	defer n.mu.Unlock()
	at, _, err := h.bindLocked(address, func(a netip.AddrPort) bool { return n.listeners[a] != nil })
	if err != nil {
		return nil, err
	}
	l := &listener{network: n, addr: at, accept: make(chan net.Conn, 128), closed: make(chan struct{})}
	n.listeners[at] = l
	return l, nil
}

type listener struct {
	network *Network
	addr    netip.AddrPort
	accept  chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (l *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.addr) }

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.network.mu.Lock()
		defer l.network.mu.Unlock()
		delete(l.network.listeners, l.addr)
	})
	return nil
}

// pipe is one direction of a stream.
type pipe struct {
	// Static after newPipe.
	network  *Network
	from, to netip.AddrPort // as bound: behind a NAT that is not what the other end sees

	// Guarded by network.mu.
	key   uint64
	named bool      // by nameLocked
	twin  *pipe     // of the pipe from who dialled: the other direction; else nil
	sent  uint64    // pieces
	free  time.Time // when the rate of the links has carried all of them
	there time.Time // when the last of them arrives

	// Guarded by mu, which comes before network.mu.
	mu      sync.Mutex
	pieces  []piece
	waiting int           // bytes in pieces
	ended   time.Time     // when the writer closed; zero: it has not
	broken  bool          // the reader closed
	changed chan struct{} // closed and replaced at each change
}

type piece struct {
	at time.Time // of arrival
	p  []byte
}

func newPipe(n *Network, from, to netip.AddrPort) *pipe {
	key := mix(n.cfg.Seed, hashAddrPort(from), hashAddrPort(to))
	if n.cfg.Repeatable {
		key = mix(n.cfg.Seed, hashAddr(from.Addr()), hashAddr(to.Addr()), uint64(time.Now().UnixNano()))
	}
	return &pipe{network: n, from: from, to: to, key: key, changed: make(chan struct{})}
}

func (q *pipe) changeLocked() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// reachable says whether bytes move now.
func (q *pipe) reachable() bool {
	q.network.mu.Lock()
	defer q.network.mu.Unlock()
	return q.network.reachableLocked(time.Now(), q.from.Addr(), q.to.Addr())
}

// stream is one end of a connection.
type stream struct {
	local, remote netip.AddrPort
	out, in       *pipe
	read          deadline
	once          sync.Once
}

func (s *stream) LocalAddr() net.Addr                { return net.TCPAddrFromAddrPort(s.local) }
func (s *stream) RemoteAddr() net.Addr               { return net.TCPAddrFromAddrPort(s.remote) }
func (s *stream) SetDeadline(t time.Time) error      { s.read.set(t); return nil }
func (s *stream) SetReadDeadline(t time.Time) error  { s.read.set(t); return nil }
func (s *stream) SetWriteDeadline(t time.Time) error { return nil }

func (s *stream) Write(p []byte) (int, error) {
	q := s.out
	for {
		q.mu.Lock()
		if q.broken || !q.ended.IsZero() {
			q.mu.Unlock()
			return 0, net.ErrClosed
		}
		if q.waiting < streamWindow {
			q.pieces = append(q.pieces, piece{q.arrival(p), append([]byte(nil), p...)})
			q.waiting += len(p)
			q.changeLocked()
			q.mu.Unlock()
			return len(p), nil
		}
		changed := q.changed
		q.mu.Unlock()
		<-changed
	}
}

func (s *stream) Read(p []byte) (int, error) {
	q := s.in
	expired, moved, stop := s.read.wait()
	defer func() { stop() }()
	for {
		reachable := q.reachable()
		q.mu.Lock()
		if q.broken {
			q.mu.Unlock()
			return 0, net.ErrClosed
		}
		now := time.Now()
		wait := time.Duration(-1)
		switch {
		case len(q.pieces) > 0 && !reachable:
			wait = retransmit
		case len(q.pieces) > 0 && !q.pieces[0].at.After(now):
			first := &q.pieces[0]
			n := copy(p, first.p)
			if first.p = first.p[n:]; len(first.p) == 0 {
				q.pieces = q.pieces[1:]
			}
			q.waiting -= n
			q.changeLocked()
			q.mu.Unlock()
			return n, nil
		case len(q.pieces) > 0:
			wait = q.pieces[0].at.Sub(now)
		case !q.ended.IsZero() && !q.ended.After(now):
			q.mu.Unlock()
			return 0, io.EOF
		case !q.ended.IsZero():
			wait = q.ended.Sub(now)
		}
		changed := q.changed
		q.mu.Unlock()
		var arrival <-chan time.Time
		if wait >= 0 {
			timer := time.NewTimer(wait)
			arrival = timer.C
			defer timer.Stop()
		}
		select {
		case <-changed:
		case <-arrival:
		case <-expired:
			return 0, os.ErrDeadlineExceeded
		case <-moved:
			stop()
			expired, moved, stop = s.read.wait()
		}
	}
}

// Close ends both directions: the other side reads what is on the way and then io.EOF.
func (s *stream) Close() error {
	s.once.Do(func() {
		s.out.mu.Lock()
		if s.out.ended.IsZero() {
			s.out.ended = s.out.arrival(nil)
		}
		s.out.changeLocked()
		s.out.mu.Unlock()
		s.in.mu.Lock()
		s.in.broken = true
		s.in.changeLocked()
		s.in.mu.Unlock()
	})
	return nil
}
