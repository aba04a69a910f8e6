package media

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

// path is one allocation on a relay, and the socket or stream by which it is
// reached.
type path struct {
	// Static after allocate.
	number    uint32        // later ones have higher numbers
	stream    bool          // over TCP or TLS
	roundTrip time.Duration // to the relay, as it was when the path was made
	relayed   netip.AddrPort
	priority  uint32
	sock      net.PacketConn // guarded, or a stream in the clothes of one
	client    *turn.Client
	conn      net.PacketConn // the allocation
	heard     *atomic.Int64  // unix nanoseconds: something came from the relay
	again     chan struct{}  // 1 slot: there is something new to prove
	done      chan struct{}  // closed by close
	lost      chan struct{}
	gate      chan struct{} // 1 slot: one writer at a time, see write

	closed atomic.Bool

	// Guarded by paths.mu.
	target netip.AddrPort // where the peer is to be reached from here; invalid: where ICE says
	proven bool           // the peer has answered on it
	since  time.Time      // it is not the newest any more
}

// RFC 8445 section 5.1.2.1: type preference 0 of a relayed address, and datagrams before streams.
const (
	datagramPriority = 2<<8 | 255
	streamPriority   = 1<<8 | 255
)

// attempt is one way to a relay: an address family of one URL.
type attempt struct {
	relay   Relay
	uri     *stun.URI
	network string // udp4, udp6, tcp4, tcp6
}

func (a attempt) stream() bool { return a.network[0] == 't' }

// attempts lists the ways to the relays, in the order in which they are
// tried: as the relays are given, datagrams before streams.
func attempts(relays []Relay) []attempt {
	var datagrams, streams []attempt
	for _, r := range relays {
		u, err := r.uri()
		if err != nil {
			continue
		}
		families := "46"
		if ip, err := netip.ParseAddr(u.Host); err == nil {
			families = "6"
			if ip.Unmap().Is4() {
				families = "4"
			}
		}
		for _, f := range families {
			if u.Scheme == stun.SchemeTypeTURN && u.Proto == stun.ProtoTypeUDP {
				datagrams = append(datagrams, attempt{r, u, "udp" + string(f)})
			} else {
				streams = append(streams, attempt{r, u, "tcp" + string(f)})
			}
		}
	}

	return append(datagrams, streams...)
}

// attemptTime bounds one attempt: a relay that has not answered by then is tried again later, from a fresh socket.
const attemptTime = 3 * time.Second

// allocate makes the path of one attempt. What it holds is released on error.
func (c *Conn) allocate(ctx context.Context, a attempt) (*path, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	p := &path{stream: a.stream(), heard: new(atomic.Int64), again: make(chan struct{}, 1), done: make(chan struct{}), gate: make(chan struct{}, 1)}
	server, err := c.net.resolve(ctx, a.network, net.JoinHostPort(a.uri.Host, strconv.Itoa(a.uri.Port)))
	if err != nil {
		return nil, err
	}
	if p.stream {
		err = c.openStream(ctx, p, a, server)
	} else {
		err = c.openSocket(p, a)
	}
	if err != nil {
		return nil, err
	}
	if err := c.authenticate(ctx, p, a.relay, server); err != nil {
		p.close()

		return nil, err
	}

	return p, nil
}

func (c *Conn) openSocket(p *path, a attempt) error {
	any := "0.0.0.0:0"
	if a.network == "udp6" {
		any = "[::]:0"
	}
	g, err := c.net.listen(a.network, any)
	if err != nil {
		return err
	}
	g.heard = p.heard
	g.alternate = func(at netip.AddrPort) { c.alternate(a.relay, at) }
	p.sock, p.lost = g, make(chan struct{})

	return nil
}

func (c *Conn) openStream(ctx context.Context, p *path, a attempt, server netip.AddrPort) error {
	conn, err := c.net.dial(ctx, a.network, server)
	if err != nil {
		return err
	}
	lost := make(chan struct{})
	conn.heard, conn.lost = p.heard, lost
	var stream net.Conn = conn
	if a.uri.Scheme == stun.SchemeTypeTURNS {
		secured := tls.Client(conn, &tls.Config{ServerName: a.uri.Host, MinVersion: tls.VersionTLS12})
		if err := secured.HandshakeContext(ctx); err != nil {
			_ = conn.Close()

			return err
		}
		stream = secured
	}
	p.sock, p.lost = turn.NewSTUNConn(stream), lost

	return nil
}

// authenticate allocates.
func (c *Conn) authenticate(ctx context.Context, p *path, r Relay, server netip.AddrPort) error {
	cfg := &turn.ClientConfig{
		TURNServerAddr: server.String(), Username: r.Username, Password: r.Password, Conn: p.sock,
		LoggerFactory: &c.log, Net: c.net, RequestedAddressFamily: turn.RequestedAddressFamilyIPv4,
	}
	if p.stream {
		cfg.TURNServerAddr = "" // the other end of the stream
	}
	var err error
	if p.client, err = turn.NewClient(cfg); err != nil {
		return err
	}
	if err = p.client.Listen(); err != nil {
		return err
	}
	start := time.Now()
	if p.conn, err = p.client.AllocateWithContext(ctx); err != nil {
		return err
	}
	p.roundTrip = time.Since(start) / 2 // it is asked twice, once without the nonce
	at, ok := addrPort(p.conn.LocalAddr())
	if ok {
		p.relayed, ok = canonical(at)
	}
	if !ok {
		return errNoAddress
	}
	p.priority = datagramPriority
	if p.stream {
		p.priority = streamPriority
	}

	return nil
}

// isRefusal tells an answer that says no from a relay that does not answer.
func isRefusal(err error) bool {
	var refused *stun.TurnError

	return errors.As(err, &refused)
}

// close hands the allocation back, without waiting for the relay, and frees the socket.
func (p *path) close() {
	if !p.closed.CompareAndSwap(false, true) {
		return
	}
	close(p.done)
	if p.conn != nil {
		_ = p.conn.Close()
	}
	if p.client != nil {
		p.client.Close()
	}
	if p.sock != nil {
		_ = p.sock.Close()
	}
}

// write sends to the peer. Not a mutex: the first datagram to an address waits for the relay's permission, and virtual time
// stands still while anybody waits on a mutex; pion's own is one.
func (p *path) write(b []byte, to netip.AddrPort) (int, error) {
	select {
	case p.gate <- struct{}{}:
	case <-p.done:
		return 0, net.ErrClosed
	}
	defer func() { <-p.gate }()

	return p.conn.WriteTo(b, net.UDPAddrFromAddrPort(to))
}

// kick makes the path prove itself again, to addresses that are new.
func (p *path) kick() {
	select {
	case p.again <- struct{}{}:
	default:
	}
}

// relayError says in our words why an attempt gave us no address.
func relayError(err error) error {
	var refused *stun.TurnError
	switch {
	case errors.Is(err, ErrClosed):
		return ErrClosed
	case !errors.As(err, &refused):
		return ErrRelayUnreachable
	case refused.ErrorCodeAttr.Code == stun.CodeAllocQuotaReached, refused.ErrorCodeAttr.Code == stun.CodeInsufficientCapacity,
		refused.ErrorCodeAttr.Code == stun.CodeTryAlternate:
		return ErrRelayBusy
	default:
		return ErrRelayRefused
	}
}
