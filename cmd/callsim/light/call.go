package light

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v4"
	"github.com/taciturn-voice/taciturn/calls/netsim"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

const (
	ringTimeout = 30 * time.Second
	// connectTimeout is from CONFIRM to a path that works.
	connectTimeout = 15 * time.Second
	// hangupWait is how long the one who hangs up waits to be acknowledged.
	hangupWait = time.Second
	// silenceEnds a call: no frame for so long.
	silenceEnds = 30 * time.Second
)

// call is both sides of one call.
type call struct {
	// Static after newCall.
	engine *Engine
	driver driver
	plan   Plan
	from   *Person
	to     *Person
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	offers chan *seal.Callee // one place
	over   chan struct{}     // closed when the callee has heard the hang-up, or the caller its acknowledgement
	path   [2]chan struct{}
	voice  [2]chan struct{}
	legs   [2]*leg // by direction of what they send; set before they are attached
	gone   [2]chan struct{}

	// Guarded by mu.
	mu       sync.Mutex
	outcome  Outcome
	answered bool // the driver has the leg of the callee
}

// Call places one call and returns when it has ended.
func (e *Engine) Call(ctx context.Context, from, to *Person, plan Plan) Outcome {
	if plan.Scheduled.IsZero() {
		plan.Scheduled = time.Now()
	}
	if plan.RingTimeout == 0 {
		plan.RingTimeout = ringTimeout
	}
	c := &call{engine: e, driver: e.driver(), plan: plan, from: from, to: to, offers: make(chan *seal.Callee, 1), over: make(chan struct{})}
	for i := range c.path {
		c.path[i], c.voice[i], c.gone[i] = make(chan struct{}), make(chan struct{}), make(chan struct{})
		c.legs[i] = newLeg(seal.Direction(i), e.cfg.Voice)
		c.legs[i].traced = plan.Trace
	}
	c.legs[0].other, c.legs[1].other = c.legs[1], c.legs[0]
	c.ctx, c.cancel = context.WithCancel(ctx)
	stop := context.AfterFunc(e.life, c.cancel)
	defer stop()
	c.outcome.Times.Scheduled, c.outcome.Times.Started = plan.Scheduled, time.Now()
	c.caller()
	c.cancel()
	c.wg.Wait()
	if c.answered {
		c.leave(c.legs[seal.CalleeToCaller])
	}
	return c.outcome
}

// fail ends the call; the first reason counts.
func (c *call) fail(step Failure) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.outcome.Result != 0 {
		return
	}
	if c.ctx.Err() != nil {
		c.outcome.Result = ResultInterrupted
		return
	}
	c.outcome.Result, c.outcome.Failure = ResultFailed, step
	c.cancel()
}

func (c *call) end(r Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.outcome.Result == 0 {
		c.outcome.Result = r
	}
}

func (c *call) mark(set func(*Times)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	set(&c.outcome.Times)
}

// both runs two preparations at once and returns the first failure of a first.
func both(a, b func() Failure) Failure {
	var (
		wg   sync.WaitGroup
		x, y Failure
	)
	wg.Go(func() { x = a() })
	wg.Go(func() { y = b() })
	wg.Wait()
	if x != "" {
		return x
	}
	return y
}

// allocate opens the leg's allocation on the first UDP relay of urls.
func (c *call) allocate(l *leg, of Network, urls []string, username, password string) (socket, error) {
	relay, err := relayOf(urls)
	if err != nil {
		return nil, err
	}
	s, err := c.driver.dial(relay, of)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(c.ctx, func() { _ = s.Close() })
	defer stop()
	l.turn = turn{username: username, password: password}
	if err := l.turn.allocate(s); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

var errNoUDPRelay = errors.New("light: the server names no relay that is reached over UDP by address")

// relayOf is the first relay that light endpoints can use.
func relayOf(urls []string) (netip.AddrPort, error) {
	for _, text := range urls {
		u, err := stun.ParseURI(text)
		if err != nil || u.Scheme != stun.SchemeTypeTURN || u.Proto != stun.ProtoTypeUDP {
			continue
		}
		if ip, err := netip.ParseAddr(u.Host); err == nil {
			return netip.AddrPortFrom(ip.Unmap(), uint16(u.Port)), nil
		}
	}
	return netip.AddrPort{}, errNoUDPRelay
}

// connect gives the leg its peer and hands it to the driver: from now on it checks, and answers checks.
func (c *call) connect(l *leg, s socket, peer seal.Transport, link *netsim.Profile, relay []string) Failure {
	if len(peer.Candidates) == 0 {
		_ = s.Close()
		return FailedChannel
	}
	stop := context.AfterFunc(c.ctx, func() { _ = s.Close() })
	err := l.turn.bind(s, peer.Candidates[0].Addr, time.Now())
	if !stop() || err != nil {
		_ = s.Close()
		return FailedChannel
	}
	l.ice.learn(peer.Ufrag, peer.Pwd)
	if link != nil {
		to, _ := relayOf(relay)
		l.edge = &edge{link: netsim.NewEdge(*link, c.plan.Seed<<1|uint64(l.dir), time.Now()), relay: to, self: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1 + byte(l.dir)}), 40000)}
	}
	l.onPath = func(time.Duration) { close(c.path[l.dir]) }
	l.onVoice = func(time.Duration) { close(c.voice[l.dir]) }
	l.onHangup = func(time.Duration) { close(c.gone[l.dir]) }
	if c.driver.attach(l, s) != nil {
		return FailedChannel
	}
	return ""
}

// speak gives the leg its keys. It begins to send at once: the relay holds nobody back, and who is not yet keyed counts it as
// lost, as a phone would.
func (c *call) speak(l *leg, root *seal.MediaRoot, bucket int) error {
	done := make(chan error, 1)
	if !c.driver.do(l, func(time.Time, time.Duration, func([]byte) bool) {
		err := l.key(root, bucket)
		l.talking = err == nil
		done <- err
	}) {
		return errClosed
	}
	return <-done
}

// leave hands the allocation back and takes the leg's figures.
func (c *call) leave(l *leg) {
	done := make(chan struct{})
	if c.driver.do(l, func(_ time.Time, _ time.Duration, send func([]byte) bool) {
		if p, err := l.turn.release(); err == nil {
			send(p)
		}
		heard, sent := l.sum(), l.sent
		l.close()
		c.mu.Lock()
		if l.dir == seal.CallerToCallee {
			c.outcome.Caller, c.outcome.CallerSent, c.outcome.CallerVoice = heard, sent, l.flights
		} else {
			c.outcome.Callee, c.outcome.CalleeSent, c.outcome.CalleeVoice = heard, sent, l.flights
		}
		c.mu.Unlock()
		close(done)
	}) {
		<-done
	}
	c.driver.detach(l)
}

// submit hands in an envelope, again and again until it is taken.
func (c *call) submit(ctx context.Context, to *signaling.Client, env *envelope.Envelope, key envelope.DeliveryKey) error {
	for wait := 250 * time.Millisecond; ; wait = min(2*wait, 4*time.Second) {
		err := to.Submit(ctx, env, key)
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}

// anyKey is what submits to per-call queues carry, so that they look like offers.
func anyKey() envelope.DeliveryKey {
	key, err := envelope.NewDeliveryKey(rand.Reader)
	if err != nil {
		panic("light: internal error: no randomness") // crypto/rand does not fail
	}
	return key
}

// transport is what the leg says about itself. The fingerprint is of nothing: there is no DTLS.
func (l *leg) transport() seal.Transport {
	t := seal.Transport{Ufrag: l.ice.localUfrag, Pwd: l.ice.localPwd, Candidates: []seal.Candidate{{Addr: l.turn.relayed, Priority: peerPriority}}}
	_, _ = rand.Read(t.Fingerprint[:])
	return t
}
