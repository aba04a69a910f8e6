package turn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// worker serves one socket on one goroutine: reads a batch, decides packet by packet, writes a batch.
type worker struct {
	// Static after newWorker.
	server    *Server
	socket    *socket
	transport transport

	// Owned by run.
	now      time.Duration // of the batch, since the server's start
	hasher   *hasher
	message  message
	in       []datagram
	buffers  [][maxPacketBytes + 1]byte
	scratch  [][scratchBytes]byte
	out      []datagram // each points into buffers or scratch; at most one for each packet read
	failures int        // of read, in a row
}

func newWorker(s *Server, k *socket, t transport, packets int) *worker {
	return &worker{
		server: s, socket: k, hasher: s.newHasher(), transport: t, in: make([]datagram, packets), out: make([]datagram, 0, packets),
		buffers: make([][maxPacketBytes + 1]byte, packets), scratch: make([][scratchBytes]byte, packets),
	}
}

// requestsBetweenFlushes bounds how long voice waits for requests that were read before it: a request takes 3 to 4 µs.
const requestsBetweenFlushes = 8

const (
	maxReadFailures = 20 // in a row
	readRetry       = 50 * time.Millisecond
)

// run serves until the socket is closed or keeps failing.
func (w *worker) run(ctx context.Context) error {
	for {
		n, err := w.read()
		if err != nil {
			if err := w.readFailed(ctx, err); err != nil {
				return err
			}
			continue
		}
		w.failures = 0
		scrub()
		w.batch(n)
		scrub()
	}
}

// read waits for datagrams.
//
//go:noinline
func (w *worker) read() (int, error) {
	for i := range w.in {
		w.in[i].b = w.buffers[i][:]
	}
	return w.transport.read(w.in)
}

// batch handles n datagrams, from decisions to wiping. What it knows stays below run's frame on the stack.
//
//go:noinline
func (w *worker) batch(n int) {
	w.now = w.server.now()
	defer w.survive(n)
	requests := 0
	for i := range w.in[:n] {
		if w.packet(&w.in[i], w.scratch[i][:]) {
			if requests++; requests%requestsBetweenFlushes == 0 {
				w.flush()
			}
		}
	}
	w.flush()
}

// survive ends the work on n packets, whether all went well or not: one packet must not end the calls of everybody. What a panic
// says is not looked at, for it may name somebody.
func (w *worker) survive(n int) {
	if recover() != nil {
		w.out = w.out[:0]
		w.socket.counters.drops[DropPanic].Add(1)
		if w.server.mayLog() {
			w.server.cfg.Log.Error("relay: internal error, packets dropped")
		}
	}
	w.wipe(n)
}

// readFailed decides whether a read is worth another try: one failed datagram must not end the service.
func (w *worker) readFailed(ctx context.Context, err error) error {
	err = cause(err)
	if w.failures++; errors.Is(err, net.ErrClosed) || ctx.Err() != nil || w.server.isClosed() || w.failures > maxReadFailures {
		return fmt.Errorf("turn: read packet: %w", err)
	}
	if w.server.mayLog() {
		w.server.cfg.Log.WarnContext(ctx, "relay socket: read failed", "failures", w.failures, "error", err)
	}
	select {
	case <-time.After(readRetry):
	case <-ctx.Done():
	case <-w.server.done:
	}
	return nil
}

// packet decides about one datagram, and says whether it was a request.
func (w *worker) packet(d *datagram, scratch []byte) (request bool) {
	who := tuple{d.addr, w.socket.group}
	why := DropMalformed
	switch b := d.b; {
	case !d.addr.IsValid() || d.addr.Port() == 0 || len(b) == 0 || len(b) > maxPacketBytes:
	case b[0]>>6 == 1: // RFC 7983: 64 to 127 are channels, 0 to 3 are STUN
		why = w.channelData(b, who, scratch)
	case b[0]>>6 == 0 && w.message.parse(b):
		if w.message.kind == sendIndication {
			why = w.send(&w.message, who, scratch)
		} else {
			why, request = w.control(&w.message, who, scratch), true
		}
	}
	if why != 0 {
		w.socket.counters.drops[why].Add(1)
	}
	return request
}

// forward queues data for the peer's client.
func (w *worker) forward(b []byte, r route) {
	d := datagram{b: b, addr: r.to, data: true}
	if r.via.group == w.socket.group {
		w.out = append(w.out, d)
		return
	}
	d.failed = !r.via.send(b, r.to) // the client must hear from the address that it speaks to
	w.count(d)
}

func (w *worker) flush() {
	if len(w.out) == 0 {
		return
	}
	w.transport.write(w.out)
	for _, d := range w.out {
		w.count(d)
	}
	clear(w.out)
	w.out = w.out[:0]
}

func (w *worker) count(d datagram) {
	switch {
	case d.failed:
		w.socket.counters.drops[DropWrite].Add(1)
	case d.data:
		w.socket.counters.forwarded.Add(1)
	default:
		w.socket.counters.answered.Add(1)
	}
}

// wipe zeroes what a batch left behind: addresses, usernames, payloads.
func (w *worker) wipe(n int) {
	for i, d := range w.in[:n] {
		clear(w.buffers[i][:len(d.b)])
	}
	for i := range w.scratch[:n] {
		if w.scratch[i][4] != 0 { // all that is ever written there has the magic
			clear(w.scratch[i][:])
		}
	}
	clear(w.in)
	w.message.b = nil
	w.hasher.wipe()
	w.transport.wipe()
}
