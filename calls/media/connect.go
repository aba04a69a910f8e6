package media

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"
)

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
	var (
		err   error
		fresh []netip.AddrPort
	)
	for _, cand := range candidates {
		switch {
		case c.knowsLocked(cand.Addr):
		case !c.allowed(cand.Addr):
			err = ErrCandidate
		case c.applied >= 0 && !c.restarted && c.isUp():
			// ICE has done its work: what is new is for the paths to find out.
			if at, ok := canonical(cand.Addr); ok {
				fresh = append(fresh, at)
			}
		case len(c.remotes) >= MaxCandidates:
			c.refused.Add(1)
			err = ErrCandidate
		default:
			c.remotes = append(c.remotes, cand)
		}
	}
	if len(fresh) > 0 {
		c.reach(fresh)
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

func (c *Conn) knowsLocked(at netip.AddrPort) bool {
	for _, r := range c.remotes {
		if r.Addr == at {
			return true
		}
	}

	return false
}

// isUp says whether ICE has found its pair.
func (c *Conn) isUp() bool {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.state == StateConnected || c.state == StateDisconnected
}

// reach tries further addresses of the peer from all paths.
func (c *Conn) reach(addrs []netip.AddrPort) {
	c.paths.know(addrs)
	used, _ := c.paths.inUse()
	for _, p := range c.paths.live() {
		p.kick()
		if p != used {
			continue
		}
		var peers []net.Addr
		for _, a := range addrs {
			if a.Addr() != p.relayed.Addr() {
				peers = append(peers, net.UDPAddrFromAddrPort(a))
			}
		}
		if len(peers) > 0 { // let them in, without making the voice wait
			c.loops.Go(func() { _ = p.client.CreatePermission(peers...) })
		}
	}
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
	for _, p := range c.paths.live() {
		p.kick() // one that was found while ICE was at work is proven now
	}
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
	timeout := time.NewTimer(connectTime)
	defer timeout.Stop()
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
		case <-timeout.C:
			if dtls.State() == webrtc.DTLSTransportStateNew {
				return ErrICE
			}

			return ErrDTLS
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
	c.candMu.Lock()
	defer c.candMu.Unlock()
	_ = c.addLocked(remote.Candidates) // refused ones are counted, the others may do

	remote.Candidates = c.remotes
	if err := c.describe(remote, false); err != nil {
		return err
	}
	c.applied = len(c.remotes)
	c.peer = remote

	return nil
}

// describe gives pion both descriptions, and both sides' credentials to the paths.
func (c *Conn) describe(remote Description, restart bool) error {
	text, err := SDP(c.peerRole(), remote)
	if err != nil {
		return err
	}
	var ours webrtc.SessionDescription
	if c.cfg.Role == Caller {
		if ours, err = c.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: restart}); err == nil {
			err = c.pc.SetLocalDescription(ours)
		}
		if err == nil {
			err = c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text})
		}
	} else {
		err = c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text})
		if err == nil {
			ours, err = c.pc.CreateAnswer(nil)
		}
		if err == nil {
			err = c.pc.SetLocalDescription(ours)
		}
	}
	if err != nil {
		return c.orClosed(ErrInternal) // pion's text may quote the SDP
	}
	login := iceCredentials{attribute(ours.SDP, "ice-ufrag"), attribute(ours.SDP, "ice-pwd")}
	c.mu.Lock()
	c.login = login
	c.mu.Unlock()
	c.paths.setCredentials(login, iceCredentials{remote.Ufrag, remote.Pwd})

	return nil
}

// attribute is the value of the first attribute of that name in an SDP.
func attribute(text, name string) string {
	_, after, _ := strings.Cut(text, "\r\na="+name+":")
	value, _, _ := strings.Cut(after, "\r\n")

	return value
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
