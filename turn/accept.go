package turn

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"time"
)

const (
	// Accept is tried again for ever: running out of descriptors must not end the service.
	firstAcceptRetry = 5 * time.Millisecond
	maxAcceptRetry   = 500 * time.Millisecond

	// evictSample is how many streams are looked at for one that has no allocation, when there are too many.
	evictSample = 64
)

var errListener = errors.New("turn: listener is closed")

// streamListener is a listener that is served.
type streamListener struct {
	server   *Server
	listener net.Listener
	once     sync.Once
	counters counters
	wg       sync.WaitGroup // readLoops

	// Guarded by server.mu.
	closed  bool
	streams map[*stream]struct{}
}

// ServeTCP relays for the clients that l accepts, over TCP, or over TLS when l is a TLS listener, until ctx ends or the server is
// closed, which is no error, or until l is closed. It closes l, and waits for its clients, whose allocations end with their connection.
// Any net.Listener will do whose connections have a *net.TCPAddr for their RemoteAddr, and are not touched by anybody else.
func (s *Server) ServeTCP(ctx context.Context, l net.Listener) error {
	sl := newStreamListener(s, l)
	return sl.serve(ctx, sl.admit, func() {})
}

func newStreamListener(s *Server, l net.Listener) *streamListener {
	return &streamListener{server: s, listener: l, streams: make(map[*stream]struct{})}
}

// serve gives each connection to enter, and calls leave when no more come.
func (sl *streamListener) serve(ctx context.Context, enter func(net.Conn), leave func()) error {
	s := sl.server
	if err := s.openStreams(sl); err != nil {
		_ = sl.listener.Close()
		return err
	}
	defer s.wg.Done()
	stop := context.AfterFunc(ctx, sl.close)
	err := sl.accept(ctx, enter)
	stop()
	sl.close()
	leave()
	sl.wg.Wait()
	s.closeStreams(sl)
	if ctx.Err() != nil || s.isClosed() {
		return nil
	}
	return err
}

func (s *Server) openStreams(sl *streamListener) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.listeners[sl] = struct{}{}
	s.wg.Add(1)
	s.sweepLocked()
	for ; s.desks < runtime.GOMAXPROCS(0); s.desks++ {
		s.wg.Go(s.streamLoop)
	}
	return nil
}

func (s *Server) closeStreams(sl *streamListener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, sl)
	sl.counters.addTo(&s.past)
}

// close ends l and all its streams.
func (sl *streamListener) close() {
	sl.once.Do(func() { _ = sl.listener.Close() })
	sl.server.mu.Lock()
	defer sl.server.mu.Unlock()
	sl.closed = true
	for st := range sl.streams {
		st.close()
	}
}

// accept returns when the listener is closed.
func (sl *streamListener) accept(ctx context.Context, enter func(net.Conn)) error {
	retry := firstAcceptRetry
	for {
		scrub()
		err := sl.acceptOne(enter)
		scrub()
		if err == nil {
			retry = firstAcceptRetry
			continue
		}
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil || sl.server.isClosed() {
			return errListener
		}
		if sl.server.mayLog() {
			sl.server.cfg.Log.WarnContext(ctx, "relay listener: accept failed, trying again", "error", cause(err))
		}
		select {
		case <-time.After(retry):
		case <-ctx.Done():
		case <-sl.server.done:
		}
		retry = min(2*retry, maxAcceptRetry)
	}
}

// acceptOne leaves an address on the stack only.
//
//go:noinline
func (sl *streamListener) acceptOne(enter func(net.Conn)) error {
	conn, err := sl.listener.Accept()
	if err == nil {
		enter(conn)
	}
	return err
}

// admit starts a stream, unless its source has too many. When there are too many in all, one without an allocation makes room.
func (sl *streamListener) admit(conn net.Conn) {
	s := sl.server
	at := streamAddress(conn)
	source, ok := uint64(0), at.IsValid()
	if ok {
		source, ok = s.crowd.enter(at.Addr())
	}
	if !ok {
		sl.counters.drops[DropCrowd].Add(1)
		_ = conn.Close()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if sl.closed || s.crowd.full() && !s.evictLocked() {
		sl.counters.drops[DropCrowd].Add(1)
		s.crowd.leave(source)
		_ = conn.Close()
		return
	}
	s.last++
	st := &stream{
		server: s, listener: sl, conn: conn, who: tuple{at, s.last}, source: source,
		queue: newQueue(), closed: make(chan struct{}), handled: make(chan struct{}),
	}
	st.socket = &socket{stream: st, group: s.last, counters: &sl.counters}
	sl.streams[st] = struct{}{}
	sl.wg.Go(st.readLoop)
}

// evictLocked closes a stream that has no allocation: not the oldest, which would be predictable, but any of a few.
func (s *Server) evictLocked() bool {
	seen := 0
	for sl := range s.listeners {
		for st := range sl.streams {
			if !st.allocated.Load() && !st.isClosed() {
				sl.counters.drops[DropCrowd].Add(1)
				st.close()
				return true
			}
			if seen++; seen == evictSample {
				return false
			}
		}
	}
	return false
}

// forget is the end of a stream.
func (sl *streamListener) forget(st *stream) {
	sl.server.crowd.leave(st.source)
	sl.server.mu.Lock()
	defer sl.server.mu.Unlock()
	delete(sl.streams, st)
}
