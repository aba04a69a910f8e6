package turn

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"
)

// ALPN of RFC 7443, and of what else a Door offers.
const (
	alpnTURN = "stun.turn"
	alpnHTTP = "http/1.1"
)

// maxGuests bounds the connections that a Door has not sorted yet. Sorting takes two round trips, so that who fills this is an attack.
const maxGuests = 1024

// tlsHandshake is what every TLS connection begins with, RFC 8446 section 5.1; maxSTUNByte ends what STUN can begin with here: its
// methods below 0x100.
const (
	tlsHandshake = 0x16
	maxSTUNByte  = 3
)

// plainHTTP is for who speaks HTTP to a port of TLS.
const plainHTTP = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nThis port speaks HTTPS.\n"

// Door is one TCP port for TURN, over TCP and TLS, and whatever else a program serves there, which speaks HTTP/1.1 as a rule:
//
//	first byte    0-3                 TURN over TCP
//	              22, with a config   TLS, and in it: ALPN "stun.turn" or none and a first byte 0-3: TURN; all else: the others
//	              else                the others; with a config: refused
//
// Connections are counted, have 10 s for all this, and make room for one another when there are too many. Nothing is kept of the
// others.
type Door struct {
	// Static after NewDoor, and Others.
	streams *streamListener
	config  *tls.Config // nil: no TLS
	others  *doorway    // nil: refused

	wg sync.WaitGroup // sortLoops

	// Guarded by mu.
	mu     sync.Mutex
	closed bool
	guests map[*guest]struct{}
}

// NewDoor prepares for serving l, which has connections of TCP. Without a config there is no TLS. The protocols of ALPN are the door's.
func (s *Server) NewDoor(l net.Listener, config *tls.Config) *Door {
	d := &Door{guests: make(map[*guest]struct{})}
	if config != nil {
		config = config.Clone()
		config.NextProtos = append(config.NextProtos, alpnHTTP, alpnTURN)
		d.config, l = config, Forgetful(l)
	}
	d.streams = newStreamListener(s, l)
	return d
}

// Others returns the listener for the connections that are not of TURN. It must be called before Serve, or they are refused. Those of
// TLS have made their handshake.
func (d *Door) Others() net.Listener {
	if d.others == nil {
		d.others = &doorway{addr: d.streams.listener.Addr(), conns: make(chan net.Conn), closed: make(chan struct{})}
	}
	return d.others
}

// Serve relays as ServeTCP does. Connections of the others are not closed when it returns, and no more of them come.
func (d *Door) Serve(ctx context.Context) error {
	if d.others != nil {
		defer d.others.Close()
	}
	return d.streams.serve(ctx, d.enter, d.leave)
}

// enter starts to sort a connection.
func (d *Door) enter(conn net.Conn) {
	g := &guest{door: d, conn: conn}
	at := streamAddress(conn)
	ok := at.IsValid()
	if ok {
		g.source, ok = d.streams.server.crowd.enter(at.Addr())
	}
	if !ok {
		d.streams.counters.drops[DropCrowd].Add(1)
		_ = conn.Close()
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		d.streams.server.crowd.leave(g.source)
		_ = conn.Close()
		return
	}
	if len(d.guests) >= maxGuests {
		for other := range d.guests { // any of them
			other.close()
			d.streams.counters.drops[DropCrowd].Add(1)
			break
		}
	}
	d.guests[g] = struct{}{}
	d.wg.Go(g.sortLoop)
}

// leave ends the sorting.
func (d *Door) leave() {
	if d.others != nil {
		_ = d.others.Close() // somebody may wait there
	}
	d.mu.Lock()
	d.closed = true
	for g := range d.guests {
		g.close()
	}
	d.mu.Unlock()
	d.wg.Wait()
}

// guest is a connection that nobody knows yet.
type guest struct {
	door   *Door
	conn   net.Conn // that the kernel gave
	source uint64   // of the crowd
	once   sync.Once
}

func (g *guest) close() { g.once.Do(func() { closeAll(g.conn) }) }

// sortLoop finds out what a connection is for, and hands it over.
func (g *guest) sortLoop() {
	conn, relay := g.sort()
	g.door.mu.Lock()
	delete(g.door.guests, g)
	g.door.mu.Unlock()
	g.door.streams.server.crowd.leave(g.source)
	switch {
	case conn == nil:
		g.close()
		forgetConn(g.conn)
	case relay:
		g.door.admit(conn)
	default:
		release(conn)
		g.door.others.put(conn)
	}
}

// admit leaves an address on its stack only.
//
//go:noinline
func (d *Door) admit(conn net.Conn) {
	scrub()
	d.streams.admit(conn)
	scrub()
}

// sort returns nil when a connection is for nobody.
func (g *guest) sort() (conn net.Conn, relay bool) {
	if g.conn.SetDeadline(time.Now().Add(handshakeTimeout)) != nil {
		return nil, false
	}
	p, ok := peek(g.conn)
	switch {
	case !ok:
		return nil, false
	case p.first <= maxSTUNByte:
		return p, true
	case g.door.config == nil:
		return g.other(p)
	case p.first != tlsHandshake:
		g.drop()
		_, _ = io.WriteString(g.conn, plainHTTP)
		return nil, false
	}
	secure := tls.Server(p, g.door.config)
	if secure.HandshakeContext(context.Background()) != nil { // it has a deadline; and its error would name somebody
		return nil, false
	}
	switch secure.ConnectionState().NegotiatedProtocol {
	case alpnTURN:
		return secure, true
	case alpnHTTP:
		return g.other(secure)
	}
	if p, ok = peek(secure); !ok {
		return nil, false
	}
	if p.first <= maxSTUNByte {
		return p, true
	}
	return g.other(p)
}

func (g *guest) other(conn net.Conn) (net.Conn, bool) {
	if g.door.others == nil || conn.SetDeadline(time.Time{}) != nil {
		g.drop()
		return nil, false
	}
	return conn, false
}

func (g *guest) drop() { g.door.streams.counters.drops[DropFraming].Add(1) }

// peeked is a conn whose first byte was looked at.
type peeked struct {
	net.Conn
	first byte
	taken bool
}

func peek(c net.Conn) (*peeked, bool) {
	b := make([]byte, 1)
	if _, err := io.ReadFull(c, b); err != nil {
		return nil, false
	}
	return &peeked{Conn: c, first: b[0]}, true
}

func (p *peeked) Read(b []byte) (int, error) {
	if !p.taken && len(b) > 0 {
		b[0], p.taken = p.first, true
		return 1, nil
	}
	return p.Conn.Read(b)
}

// NetConn is the connection below, as of *tls.Conn.
func (p *peeked) NetConn() net.Conn { return p.Conn }

// doorway is the listener of the others.
type doorway struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (w *doorway) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *doorway) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

func (w *doorway) Addr() net.Addr { return w.addr }

func (w *doorway) put(c net.Conn) {
	select {
	case w.conns <- c:
	case <-w.closed:
		_ = c.Close()
	}
}
