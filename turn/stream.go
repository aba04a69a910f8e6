package turn

import (
	"context"
	"iter"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	handshakeTimeout = 10 * time.Second // of TLS
	frameTimeout     = 10 * time.Second // from the first byte of a frame to its last
	loginTimeout     = 30 * time.Second // without an allocation
	writeTimeout     = 10 * time.Second // of what waits

	maxEmptyReads = 100 // in a row: a conn that returns nothing and no error
)

// stream is a client on TCP or TLS. Its half of the 5-tuple is a group of its own, so that no connection is ever taken for
// another that has the same addresses.
type stream struct {
	// Static after newStream.
	server   *Server
	listener *streamListener
	conn     net.Conn
	who      tuple
	socket   *socket
	source   uint64 // of the crowd

	queue     queue
	allocated atomic.Bool // has an allocation
	once      sync.Once
	closed    chan struct{}

	// Owned by readLoop, and by a worker between work and handled.
	in       [streamBuffer]byte
	have     int
	handled  chan struct{}
	partial  time.Time // since when in holds a part of a frame; zero: it holds nothing
	until    time.Time // when to give up on a client that says nothing
	deadline time.Time // of conn
	empty    int       // reads in a row
}

// handshaker is *tls.Conn.
type handshaker interface {
	HandshakeContext(context.Context) error
}

// wrapper is *tls.Conn as well, and any conn that says what is below it.
type wrapper interface{ NetConn() net.Conn }

// close ends both directions at once. TLS would wait to say goodbye to a client that may not listen, so it is not asked.
func (st *stream) close() {
	st.once.Do(func() {
		close(st.closed)
		closeAll(st.conn)
	})
}

// closeAll closes what is below all layers.
func closeAll(conn net.Conn) {
	for c := range layers(conn) {
		if _, ok := c.(wrapper); !ok {
			_ = c.Close()
		}
	}
}

// layers are a conn and those below.
func layers(c net.Conn) iter.Seq[net.Conn] {
	return func(yield func(net.Conn) bool) {
		for yield(c) {
			w, ok := c.(wrapper)
			if !ok {
				return
			}
			c = w.NetConn()
		}
	}
}

// readLoop is the stream's life.
func (st *stream) readLoop() {
	var writer sync.WaitGroup
	if st.shakeHands() {
		writer.Go(st.writeLoop)
		for st.read() {
		}
	}
	st.close()
	writer.Wait()
	st.wipe()
	_ = st.conn.Close() // of the layers above: they need not wait any more, and the error that TLS makes names nobody any more
	st.listener.forget(st)
}

func (st *stream) shakeHands() bool {
	now := time.Now()
	st.until = now.Add(loginTimeout)
	if st.conn.SetDeadline(now.Add(handshakeTimeout)) != nil {
		return false
	}
	if h, ok := st.conn.(handshaker); ok && h.HandshakeContext(context.Background()) != nil {
		return false
	}
	return true
}

// read takes in what comes next, and has it handled when that is a frame.
func (st *stream) read() bool {
	deadline := st.until
	if !st.partial.IsZero() && st.partial.Add(frameTimeout).Before(deadline) {
		deadline = st.partial.Add(frameTimeout)
	}
	if deadline != st.deadline {
		if st.conn.SetReadDeadline(deadline) != nil {
			return false
		}
		st.deadline = deadline
	}
	n, err := st.conn.Read(st.in[st.have:])
	st.have += n
	if n == 0 {
		st.empty++
		return err == nil && st.empty < maxEmptyReads
	}
	st.empty = 0
	size, ok := frameSize(st.in[:st.have])
	if !ok {
		st.socket.counters.drops[DropFraming].Add(1)
		return false
	}
	if size != 0 && st.have >= size {
		select {
		case st.server.work <- st:
			<-st.handled
		case <-st.server.done:
			return false
		}
		st.partial = time.Time{}
		if size, ok = frameSize(st.in[:st.have]); !ok {
			st.socket.counters.drops[DropFraming].Add(1)
			return false
		}
		if size != 0 && st.have >= size { // the worker did not survive it
			return false
		}
	}
	if st.have > 0 && st.partial.IsZero() {
		st.partial = time.Now()
	}
	return err == nil
}

// frames calls handle for each frame that is complete, and moves the rest to the front.
func (st *stream) frames(handle func(frame []byte)) {
	at := 0
	for {
		size, ok := frameSize(st.in[at:st.have])
		if !ok || size == 0 || at+size > st.have {
			break
		}
		handle(st.in[at : at+size])
		at += size
	}
	n := copy(st.in[:], st.in[at:st.have])
	clear(st.in[n:st.have])
	st.have = n
}

// stay decides how long the client may be silent, after a request: as long as its allocation lives.
func (st *stream) stay(now time.Duration) {
	end, ok := st.server.table.end(st.who, now)
	switch had := st.allocated.Swap(ok); {
	case ok:
		st.until = st.server.epoch.Add(end + loginTimeout)
	case had:
		st.until = st.server.epoch.Add(now + loginTimeout)
	}
}

// send queues a packet. False: the client reads too slowly.
func (st *stream) send(b []byte, data bool) bool {
	dropped, ok := st.queue.put(b)
	if dropped != 0 {
		st.socket.counters.drops[DropSlow].Add(uint64(dropped))
	}
	if !ok && !data {
		st.close() // who does not read answers will get no more
	}
	return ok
}

func (st *stream) isClosed() bool {
	select {
	case <-st.closed:
		return true
	default:
		return false
	}
}

func (st *stream) writeLoop() {
	for {
		select {
		case <-st.queue.wake:
		case <-st.closed:
			return
		}
		b := st.queue.take()
		err := st.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
		if err == nil && len(b) > 0 {
			_, err = st.conn.Write(b)
		}
		st.queue.give(b)
		if err != nil {
			st.close()
			return
		}
	}
}

// wipe zeroes the allocation and what the stream kept, and the address that the standard library keeps in a conn.
//
//go:noinline
func (st *stream) wipe() {
	scrub()
	st.server.table.forget(st.who)
	scrub()
	clear(st.in[:])
	st.queue.wipe()
	forgetConn(st.conn)
	st.who = tuple{}
}

// end returns when the live allocation of a client ends.
func (t *table) end(who tuple, now time.Duration) (time.Duration, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	a, _ := t.findLocked(who)
	if a == nil || !a.live(now) {
		return 0, false
	}
	return a.expires, true
}

// forget zeroes the slot of a client.
//
//go:noinline
func (t *table) forget(who tuple) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, n := t.findLocked(who); n != 0 {
		t.wipeLocked(n)
		t.dueLocked(0) // for the rest of what a sweep does
	}
}

// streamTransport writes to the stream that its worker serves.
type streamTransport struct{ stream *stream }

func (*streamTransport) read([]datagram) (int, error) { return 0, net.ErrClosed }

func (t *streamTransport) write(out []datagram) {
	for i := range out {
		out[i].failed = !t.stream.send(out[i].b, out[i].data)
	}
}

func (t *streamTransport) wipe() { t.stream = nil }

// streamLoop handles frames of all streams, one stream at a time. There is one for each core, so that the goroutines of streams
// have small stacks, and nothing on them.
func (s *Server) streamLoop() {
	w := newWorker(s, nil, &streamTransport{}, 1)
	for {
		select {
		case st := <-s.work:
			scrub()
			w.frames(st)
			scrub()
			st.handled <- struct{}{}
		case <-s.done:
			return
		}
	}
}

// frames handles what a stream has read.
//
//go:noinline
func (w *worker) frames(st *stream) {
	w.now, w.socket, w.transport.(*streamTransport).stream = w.server.now(), st.socket, st
	defer w.survive(1)
	st.frames(func(frame []byte) {
		if w.packet(&datagram{b: frame, addr: st.who.client}, w.scratch[0][:]) {
			st.stay(w.now) // before the client hears that it has an allocation
		}
		w.flush()
	})
}

// streamAddress is invalid when conn is not of TCP.
func streamAddress(conn net.Conn) netip.AddrPort {
	a, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok || a == nil {
		return netip.AddrPort{}
	}
	return unmapped(a.AddrPort())
}
