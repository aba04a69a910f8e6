package server

import (
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

// Server is one node of the service. All methods may be called from any goroutine.
type Server struct {
	// Static after New.
	cfg     Config
	handler http.Handler
	sources *sources
	done    chan struct{} // closed by Close

	counters counters
	queued   atomic.Int64 // bytes in all boxes

	wg sync.WaitGroup // connections and sweepLoop

	// Guarded by mu.
	mu       sync.Mutex
	closed   bool
	sweeping bool // sweepLoop runs
	conns    map[*conn]struct{}
	queues   map[envelope.QueueID]*box // per-call queues; mailboxes belong to their connections
	boxes    map[*box]struct{}         // all, for sweepLoop
}

// New checks cfg. It starts nothing.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg:     cfg,
		sources: newSources(cfg.PerSource),
		done:    make(chan struct{}),
		conns:   make(map[*conn]struct{}),
		queues:  make(map[envelope.QueueID]*box),
		boxes:   make(map[*box]struct{}),
	}
	s.handler = s.routes()
	return s, nil
}

// Handler serves everything below /v1/.
func (s *Server) Handler() http.Handler { return s.handler }

// Close ends all connections and queues and returns after the last goroutine. Requests that come later are answered with
// 503. It may be called more than once.
func (s *Server) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	for c := range s.conns {
		c.close()
	}
	boxes := make([]*box, 0, len(s.boxes))
	for b := range s.boxes {
		boxes = append(boxes, b)
	}
	s.mu.Unlock()
	for _, b := range boxes {
		s.remove(b)
	}
	s.wg.Wait()
	return nil
}

func (s *Server) isClosed() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// enter counts c in, or returns false when the server has no room for it. leave must follow.
func (s *Server) enter(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.cfg.MaxConnections > 0 && len(s.conns) >= s.cfg.MaxConnections {
		return false
	}
	s.conns[c] = struct{}{}
	s.wg.Add(1)
	if !s.sweeping {
		s.sweeping = true
		s.wg.Go(s.sweepLoop)
	}
	return true
}

func (s *Server) leave(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.wg.Done()
}
