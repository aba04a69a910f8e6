package media

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pion/webrtc/v4"
)

// gatherTimeout ends Gather when the caller's context does not.
const gatherTimeout = 10 * time.Second

// Gather allocates an address on the relays and returns what to tell the
// peer. It returns as soon as there is one; Config.OnCandidates is told of
// further ones. When there is none it says why: ErrRelayUnreachable,
// ErrRelayRefused, ErrRelayBusy. A Conn whose Gather failed is closed.
func (c *Conn) Gather(ctx context.Context) (Description, error) {
	if err := c.begin(StateNew, StateGathering); err != nil {
		return Description{}, err
	}
	d, err := c.gather(ctx)
	if err == nil {
		c.become(StateGathering, StateGathered)
	}
	c.running.Done()
	if err != nil {
		_ = c.Close()
	}

	return d, err
}

func (c *Conn) gather(ctx context.Context) (Description, error) {
	ended := make(chan error, 1)
	c.loops.Go(func() { ended <- c.obtain(c.life, c.adopt) })
	pc, err := c.newPeer()
	if err != nil {
		return Description{}, ErrInternal
	}
	pc.OnConnectionStateChange(func(webrtc.PeerConnectionState) {
		select {
		case c.changed <- struct{}{}:
		default:
		}
	})
	c.mu.Lock()
	c.pc = pc
	c.mu.Unlock()
	sender, err := pc.AddTrack(c.track)
	if err != nil {
		return Description{}, c.orClosed(ErrInternal)
	}
	// Before ICE is started: afterwards pion reads and writes there without a lock.
	params, err := sender.Transport().ICETransport().GetLocalParameters()
	if err != nil {
		return Description{}, c.orClosed(ErrInternal)
	}
	c.mu.Lock()
	c.sender, c.login = sender, iceCredentials{params.UsernameFragment, params.Password}
	c.mu.Unlock()

	timeout := time.NewTimer(gatherTimeout)
	defer timeout.Stop()
	select {
	case <-c.first:
	case err := <-ended:
		select {
		case <-c.first:
		default:
			return Description{}, c.orClosed(err)
		}
	case <-timeout.C:
		return Description{}, ErrRelayUnreachable
	case <-ctx.Done():
		return Description{}, fmt.Errorf("%w: %w", ErrRelayUnreachable, ctx.Err())
	case <-c.life.Done():
		return Description{}, ErrClosed
	}
	c.loops.Go(c.renewLoop)
	c.loops.Go(c.tendLoop)
	c.announced.Store(true)

	return c.Local()
}

// Local describes this side as it is now: a restart announces it again.
func (c *Conn) Local() (Description, error) {
	c.mu.Lock()
	login, state := c.login, c.state
	c.mu.Unlock()
	switch {
	case state == StateClosed:
		return Description{}, ErrClosed
	case login.ufrag == "":
		return Description{}, ErrState
	}
	d := Description{Fingerprint: c.print, Ufrag: login.ufrag, Pwd: login.pwd}
	for _, p := range c.paths.live() {
		d.Candidates = append(d.Candidates, Candidate{Addr: p.relayed, Priority: p.priority})
	}
	slices.Reverse(d.Candidates) // the newest first
	if len(d.Candidates) > MaxCandidates {
		d.Candidates = d.Candidates[:MaxCandidates]
	}

	return d, nil
}
