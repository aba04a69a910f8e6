package media

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"
)

// gatherPoll is how often Gather looks for a first relayed address. pion keeps
// pooled candidates to itself until there is a local description and signals
// nothing; its statistics list them.
const gatherPoll = 10 * time.Millisecond

// gatherTimeout ends Gather when the caller's context does not.
const gatherTimeout = 10 * time.Second

// Gather allocates an address on the relays and returns what to tell the
// peer. It returns as soon as there is one; further ones are used without
// being announced. When there is none it says why: ErrRelayUnreachable,
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

	timeout := time.NewTimer(gatherTimeout)
	defer timeout.Stop()
	poll := time.NewTicker(gatherPoll)
	defer poll.Stop()
	for {
		complete := pc.ICEGatheringState() == webrtc.ICEGatheringStateComplete
		if found := relayedAddresses(pc); len(found) > 0 {
			close(c.relayed)
			d := c.local
			d.Candidates = found

			return d, nil
		}
		if complete {
			return Description{}, c.log.relayError()
		}
		select {
		case <-poll.C:
		case <-timeout.C:
			return Description{}, c.log.relayError()
		case <-ctx.Done():
			return Description{}, fmt.Errorf("%w: %w", c.log.relayError(), ctx.Err())
		case <-c.life.Done():
			return Description{}, ErrClosed
		}
	}
}

// relayedAddresses lists the relayed addresses that pc has so far.
func relayedAddresses(pc *webrtc.PeerConnection) []Candidate {
	var found []Candidate
	for _, s := range pc.GetStats() {
		local, ok := s.(webrtc.ICECandidateStats)
		if !ok || local.Type != webrtc.StatsTypeLocalCandidate || local.CandidateType != webrtc.ICECandidateTypeRelay {
			continue
		}
		a, err := netip.ParseAddr(local.IP)
		if err != nil || local.Port <= 0 || local.Port > math.MaxUint16 || len(found) == MaxCandidates {
			continue
		}
		if ap, ok := canonical(netip.AddrPortFrom(a, uint16(local.Port))); ok {
			found = append(found, Candidate{Addr: ap, Priority: uint32(local.Priority)})
		}
	}

	return found
}

// allowed says whether the peer may be contacted at this address.
func (c *Conn) allowed(ap netip.AddrPort) bool {
	ap, ok := canonical(ap)
	if ok && c.cfg.AllowedRemote(ap.Addr()) {
		return true
	}
	c.refused.Add(1)

	return false
}

// AddCandidates adds addresses of the peer, before, while or after connecting.
// Addresses that Config.AllowedRemote refuses are never contacted, and at most
// MaxCandidates are kept; then ErrCandidate is returned, the others are used.
func (c *Conn) AddCandidates(candidates []Candidate) error {
	if c.life.Err() != nil {
		return ErrClosed
	}
	c.candMu.Lock()
	defer c.candMu.Unlock()

	return c.addLocked(candidates)
}

func (c *Conn) addLocked(candidates []Candidate) error {
	var err error
	for _, cand := range candidates {
		switch {
		case len(c.remotes) >= MaxCandidates:
			c.refused.Add(1)
			err = ErrCandidate
		case !c.allowed(cand.Addr):
			err = ErrCandidate
		default:
			c.remotes = append(c.remotes, cand)
		}
	}
	if c.applied < 0 {
		return err // Connect puts them into the description
	}
	for ; c.applied < len(c.remotes); c.applied++ {
		if line, ok := c.remotes[c.applied].line(); ok {
			if c.pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: line}) != nil {
				err = c.orClosed(ErrInternal)
			}
		}
	}

	return err
}

// Connect finds the path to the peer and secures it: ICE over the relays, the
// DTLS handshake, the second look at the peer's certificate, SRTP. It blocks
// until frames can be written and read. The errors are ErrDescription, ErrICE,
// ErrDTLS, ErrFingerprint, ErrClosed or that of ctx; after any of them the
// Conn is closed.
func (c *Conn) Connect(ctx context.Context, remote Description) error {
	if err := c.begin(StateGathered, StateConnecting); err != nil {
		return err
	}
	start := time.Now()
	err := c.connect(ctx, remote)
	if err != nil {
		c.running.Done()
		_ = c.Close()
		c.cfg.Log.Debug("media not connected", slog.String("role", c.cfg.Role.String()), slog.Any("reason", err))

		return err
	}
	c.setup.Store(int64(time.Since(start)))
	c.become(StateConnecting, StateConnected)
	go c.watchLoop() // takes over the count in c.running
	c.cfg.Log.Debug("media connected", slog.String("role", c.cfg.Role.String()))

	return nil
}

func (c *Conn) connect(ctx context.Context, remote Description) error {
	if err := remote.check(); err != nil {
		return err
	}
	if err := c.negotiate(remote); err != nil {
		return err
	}
	dtls := c.sender.Transport()
	nudge := time.NewTicker(nudgePoll)
	defer nudge.Stop()
	if c.cfg.Role != Caller {
		nudge.Stop() // only the controlling side nominates
	}
	for {
		switch c.pc.ConnectionState() {
		case webrtc.PeerConnectionStateConnected:
			if !matches(dtls, remote.Fingerprint) {
				return ErrFingerprint
			}
			// Blocks until there are SRTP keys to send with, which is now.
			if c.sender.SetReadDeadline(time.Time{}) != nil {
				return ErrDTLS
			}

			return nil
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			switch {
			case len(dtls.GetRemoteCertificate()) > 0 && !matches(dtls, remote.Fingerprint):
				return ErrFingerprint
			case dtls.State() == webrtc.DTLSTransportStateNew:
				return ErrICE
			default:
				return ErrDTLS
			}
		}
		select {
		case <-c.changed:
		case <-nudge.C:
			if hasWorkingPair(c.pc) {
				nudge.Stop()
				c.nudge()
			}
		case <-ctx.Done():
			return ctx.Err()
		case <-c.life.Done():
			return ErrClosed
		}
	}
}

// nudgePoll is how often the caller looks whether a pair of addresses works.
const nudgePoll = 10 * time.Millisecond

// hasWorkingPair reports whether some check was answered, but nothing is
// nominated yet.
func hasWorkingPair(pc *webrtc.PeerConnection) bool {
	for _, s := range pc.GetStats() {
		if pair, ok := s.(webrtc.ICECandidatePairStats); ok && pair.State == webrtc.StatsICECandidatePairStateSucceeded {
			return true
		}
	}

	return false
}

// nudge makes pion nominate the working pair now instead of at the next tick
// of its check interval, which is 200 ms and not ours to set: a fifth of the
// time that setting up a call may take. pion looks at its pairs when it learns
// of a new candidate, and a known one with another related port is new to it;
// nobody else is contacted.
func (c *Conn) nudge() {
	c.candMu.Lock()
	defer c.candMu.Unlock()
	for _, cand := range c.remotes {
		if line, ok := cand.line(); ok {
			_ = c.pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: strings.TrimSuffix(line, "0") + "9"})

			return
		}
	}
}

// matches is the second look at the certificate the peer really used.
func matches(dtls *webrtc.DTLSTransport, want [32]byte) bool {
	got := sha256.Sum256(dtls.GetRemoteCertificate())

	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// negotiate plays offer and answer with pion, locally: the caller offers and
// is answered by the template, the callee answers the template's offer.
func (c *Conn) negotiate(remote Description) error {
	sender, err := c.pc.AddTrack(c.track)
	if err != nil {
		return c.orClosed(ErrInternal)
	}
	c.mu.Lock()
	c.sender = sender
	c.mu.Unlock()

	c.candMu.Lock()
	defer c.candMu.Unlock()
	_ = c.addLocked(remote.Candidates) // refused ones are counted, the others may do

	remote.Candidates = c.remotes
	text, err := SDP(c.peerRole(), remote)
	if err != nil {
		return err
	}
	if c.cfg.Role == Caller {
		var offer webrtc.SessionDescription
		if offer, err = c.pc.CreateOffer(nil); err == nil {
			err = c.pc.SetLocalDescription(offer)
		}
		if err == nil {
			err = c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text})
		}
	} else {
		var answer webrtc.SessionDescription
		err = c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text})
		if err == nil {
			answer, err = c.pc.CreateAnswer(nil)
		}
		if err == nil {
			err = c.pc.SetLocalDescription(answer)
		}
	}
	if err != nil {
		return c.orClosed(ErrInternal) // pion's text may quote the SDP
	}
	c.applied = len(c.remotes)

	return nil
}

// orClosed explains a failure by the Conn having been closed meanwhile.
func (c *Conn) orClosed(err error) error {
	if c.life.Err() != nil {
		return ErrClosed
	}

	return err
}

func (c *Conn) peerRole() Role {
	if c.cfg.Role == Caller {
		return Callee
	}

	return Caller
}

// watchLoop follows the state of the path after Connect, until Close.
func (c *Conn) watchLoop() {
	defer c.running.Done()
	for {
		select {
		case <-c.changed:
		case <-c.life.Done():
			return
		}
		switch c.pc.ConnectionState() {
		case webrtc.PeerConnectionStateConnected:
			c.become(StateDisconnected, StateConnected)
		case webrtc.PeerConnectionStateDisconnected:
			c.become(StateConnected, StateDisconnected)
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			c.become(StateConnected, StateDown)
			c.become(StateDisconnected, StateDown)
			c.goDown()
			c.cfg.Log.Debug("media path lost", slog.String("role", c.cfg.Role.String()))

			return
		}
	}
}
