package light

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
)

// Config is what an Engine is made of. It must not be changed after New.
type Config struct {
	// Voice is what everybody says over and over: Opus frames of 20 ms. Without any, frames are empty and as large.
	Voice [][]byte
	// Shards is how many threads carry voice. 0: one for each core.
	Shards int
	// Portable drives calls by goroutines, as on systems without epoll; so do networks other than the kernel's.
	Portable bool
	// Log receives states and counts. Default: slog.Default().
	Log *slog.Logger
}

// Network replaces the operating system's, for one person; its functions may run concurrently.
type Network struct {
	DialContext  func(ctx context.Context, network, address string) (net.Conn, error)
	ListenPacket func(network, address string) (net.PacketConn, error)
}

// Engine carries light calls. All methods may be called from any goroutine.
type Engine struct {
	// Static after New.
	cfg     Config
	epoch   time.Time
	drivers []driver
	restore func()
	life    context.Context
	end     context.CancelFunc
	next    atomic.Uint32
	wg      sync.WaitGroup

	// Guarded by mu.
	mu     sync.Mutex
	calls  map[seal.CallID]*call
	people []*Person
	closed bool
}

// New starts the threads. Close ends them.
func New(cfg Config) (*Engine, error) {
	if cfg.Shards < 0 {
		return nil, errors.New("light: Config.Shards is negative")
	}
	if cfg.Shards == 0 {
		cfg.Shards = runtime.NumCPU()
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	e := &Engine{cfg: cfg, epoch: time.Now(), restore: func() {}, calls: make(map[seal.CallID]*call)}
	e.life, e.end = context.WithCancel(context.Background())
	if cfg.Portable {
		e.drivers = []driver{newGoroutines(e.epoch)}
		return e, nil
	}
	var err error
	e.drivers, e.restore, err = newDrivers(cfg.Shards, e.epoch)
	return e, err
}

// Epoch is when the engine began.
func (e *Engine) Epoch() time.Time { return e.epoch }

// driver is the next in turn.
func (e *Engine) driver() driver { return e.drivers[int(e.next.Add(1))%len(e.drivers)] }

// Stats are of all calls so far.
func (e *Engine) Stats() Stats {
	var s Stats
	for _, d := range e.drivers {
		s.add(d.stats())
	}
	return s
}

// Live is how many calls there are, from being placed to their end.
func (e *Engine) Live() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.calls)
}

// expect says which call an offer with this id belongs to.
func (e *Engine) expect(id seal.CallID, c *call) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls[id] = c
}

func (e *Engine) forget(id seal.CallID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.calls, id)
}

func (e *Engine) find(id seal.CallID) *call {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.calls[id]
}

// Close ends calls, people and threads, and waits for them.
func (e *Engine) Close() error {
	e.mu.Lock()
	closed := e.closed
	e.closed = true
	people := e.people
	e.people = nil
	e.mu.Unlock()
	if closed {
		return nil
	}
	e.end()
	e.wg.Wait()
	for _, p := range people {
		p.close()
	}
	for _, d := range e.drivers {
		d.close()
	}
	e.restore()
	return nil
}
