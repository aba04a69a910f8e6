package media

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
)

// Conn is one side of the media of one call. Its methods may be called
// concurrently, except that WriteFrame keeps the order of one caller only.
type Conn struct {
	// Static after New.
	cfg     Config
	cert    webrtc.Certificate
	print   [32]byte // of cert
	net     *relayNet
	paths   *paths
	life    context.Context
	end     context.CancelFunc
	track   *track
	inbox   *inbox
	down    chan struct{} // closed with downOnce
	changed chan struct{} // 1 slot: pion's connection state changed
	first   chan struct{} // 1 slot: there is a path
	wanted  chan struct{} // 1 slot: a new path is
	doubt   chan struct{} // 1 slot: the peer is not heard

	// Own locks.
	log      pionLog
	sockets  sockets
	downOnce sync.Once
	junk     atomic.Uint64
	refused  atomic.Uint64
	sent     atomic.Uint64
	unsent   atomic.Uint64
	opened   atomic.Uint64
	setup    atomic.Int64 // time.Duration

	announced atomic.Bool    // Gather has returned: further addresses must be announced
	loops     sync.WaitGroup // everything about paths

	mu sync.Mutex
	// Guarded by mu.
	state   State
	logins  []Relay                // where to allocate next
	login   iceCredentials         // of the ICE session
	pc      *webrtc.PeerConnection // nil before Gather
	sender  *webrtc.RTPSender      // nil before Connect
	running sync.WaitGroup         // Gather, Connect and watchLoop

	candMu sync.Mutex
	// Guarded by candMu, which is held while pion works on them.
	remotes   []Candidate // accepted, at most MaxCandidates
	applied   int         // how many of remotes pion knows; -1 before it has a description
	peer      Description // what it was told last
	restarted bool        // the peer restarts ICE

	closing   atomic.Bool   // somebody does what Close does
	closeDone chan struct{} // and is done
}

// New checks cfg and prepares one side of one call. It does no I/O.
func New(cfg Config) (*Conn, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	cert, fingerprint, err := newCertificate(time.Now())
	if err != nil {
		return nil, ErrInternal
	}
	c := &Conn{
		cfg:       cfg,
		cert:      cert,
		print:     fingerprint,
		track:     newTrack(),
		inbox:     newInbox(),
		down:      make(chan struct{}),
		changed:   make(chan struct{}, 1),
		first:     make(chan struct{}, 1),
		wanted:    make(chan struct{}, 1),
		doubt:     make(chan struct{}, 1),
		closeDone: make(chan struct{}),
		state:     StateNew,
		logins:    cfg.Relays,
		applied:   -1,
	}
	c.life, c.end = context.WithCancel(context.Background())
	c.paths = newPaths()
	c.net = &relayNet{cfg: &c.cfg, life: c.life, sockets: &c.sockets, junk: func() { c.junk.Add(1) }}

	return c, nil
}

// begin moves from one state to the next on behalf of a method that may block.
func (c *Conn) begin(from, to State) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.state == StateClosed:
		return ErrClosed
	case c.state != from:
		return ErrState
	}
	c.state = to
	c.running.Add(1)

	return nil
}

// become moves on from a state, unless something else happened meanwhile.
func (c *Conn) become(from, to State) {
	c.mu.Lock()
	if c.state == from {
		c.state = to
	}
	c.mu.Unlock()
}

// Down is closed when the path is gone for good, and by Close.
func (c *Conn) Down() <-chan struct{} { return c.down }

func (c *Conn) goDown() { c.downOnce.Do(func() { close(c.down) }) }

// WriteFrame sends one sealed frame as one RTP packet. The clock of the stream
// advances by 20 ms with each call, so call it for every frame and in time.
// What the network does not take is counted and forgotten: the next frame may
// pass, and whether the path is gone for good says Down.
func (c *Conn) WriteFrame(frame []byte) error {
	if len(frame) == 0 || len(frame) > MaxFrameBytes {
		return ErrFrameSize
	}
	c.mu.Lock()
	state := c.state
	c.mu.Unlock()
	switch state {
	case StateConnected, StateDisconnected:
	case StateClosed, StateDown:
		return ErrClosed
	default:
		return ErrState
	}
	switch err := c.track.write(frame); {
	case err == nil:
		c.sent.Add(1)
	case errors.Is(err, net.ErrClosed):
		return ErrClosed
	default:
		c.unsent.Add(1)
	}

	return nil
}

// ReadFrame blocks for the next sealed frame and returns its size and RTP
// sequence number. Frames come in the order of arrival. After Close it returns
// an error that is net.ErrClosed. A buffer of MaxFrameBytes is always enough.
func (c *Conn) ReadFrame(buf []byte) (n int, seq uint16, err error) { return c.inbox.read(buf) }

// Stats returns the counters so far.
func (c *Conn) Stats() Stats {
	c.mu.Lock()
	s := Stats{State: c.state}
	sender := c.sender
	c.mu.Unlock()

	c.inbox.mu.Lock()
	s.FramesReceived, s.FramesOverrun = c.inbox.received, c.inbox.overrun
	s.PacketsForeign, s.PacketsRTCP = c.inbox.foreign, c.inbox.rtcp
	c.inbox.mu.Unlock()

	s.FramesSent, s.FramesUnsent = c.sent.Load(), c.unsent.Load()
	s.PacketsDiscard, s.PacketsJunk = c.log.srtpDiscarded.Load(), c.junk.Load()
	s.RefusedRemotes = c.refused.Load()
	s.LibraryErrors, s.LibraryWarnings = c.log.errors.Load(), c.log.warnings.Load()
	s.PathsOpened = c.opened.Load()
	s.SetupTime = time.Duration(c.setup.Load())
	if sender != nil && (s.State == StateConnected || s.State == StateDisconnected) {
		if pair, ok := sender.Transport().ICETransport().GetSelectedCandidatePairStats(); ok {
			s.RoundTrip = time.Duration(pair.CurrentRoundTripTime * float64(time.Second))
		}
	}

	return s
}

// closeGrace is how long Close lets pion hand allocations back to relays
// before the sockets are cut.
const closeGrace = time.Second

// Close ends the media: it hands the allocations back, closes Down, wakes
// every reader and returns when the last goroutine has ended, also when a relay
// is dead. It may be called at any time, also while Gather or Connect blocks,
// and again.
//
// One goroutine is not ours to wait for: if pion's TURN client begins to bind a
// channel at the very moment of closing, it notices by its first
// retransmission, 200 ms later, that its socket is closed.
func (c *Conn) Close() error {
	// Not a sync.Once: a second caller would wait on its mutex, and virtual time stands still while anybody does.
	if c.closing.CompareAndSwap(false, true) {
		c.close()
		close(c.closeDone)
	}
	<-c.closeDone

	return nil
}

func (c *Conn) close() {
	c.mu.Lock()
	c.state = StateClosed
	c.mu.Unlock()
	c.end()
	c.goDown()
	c.inbox.close()
	// From here on: Gather and Connect may be inside pion, which may be waiting for the relay.
	cut := time.AfterFunc(closeGrace, func() {
		c.paths.closeAll()
		c.sockets.closeAll()
	})
	defer cut.Stop()
	c.running.Wait()

	c.mu.Lock()
	pc := c.pc
	c.mu.Unlock()
	if pc != nil {
		_ = pc.GracefulClose() // what it reports is that something was closed before
	}
	c.paths.closeAll()
	c.sockets.closeAll()
	c.loops.Wait()
}
