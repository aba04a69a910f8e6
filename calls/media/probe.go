package media

import (
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// attrPath is PATH, a comprehension-optional attribute of our own (RFC 8489
// section 5.14): the number u32 of the path that a connectivity check comes
// over. Whoever does not know it sees an ordinary check.
const attrPath stun.AttrType = 0xC0A7

// Gaps between the checks that prove a path. The first are short: they are the gap in the voice.
const (
	firstProbe = 50 * time.Millisecond
	maxProbe   = time.Second
)

// proveLoop checks p until the peer has answered on it, and again whenever the peer has new addresses.
func (c *Conn) proveLoop(p *path) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	gap := firstProbe
	for {
		select {
		case <-timer.C:
		case <-p.again:
			gap = firstProbe
		case <-p.done:
			return
		}
		if !c.probe(p) {
			timer.Stop() // proven, or not the newest any more: nothing to do but for new addresses
			continue
		}
		timer.Reset(gap)
		gap = min(2*gap, maxProbe)
	}
}

// probe sends one check to each address of the peer; false when no more are needed.
func (c *Conn) probe(p *path) bool {
	s := c.paths
	s.mu.Lock()
	local, remote := s.local, s.remote
	targets := append([]netip.AddrPort(nil), s.known...)
	for _, a := range []netip.AddrPort{s.selected, p.target} {
		if a.IsValid() {
			targets = insertAddr(targets, a)
		}
	}
	used := s.current == p
	more := !p.proven && len(s.all) > 0 && s.all[len(s.all)-1] == p
	s.mu.Unlock()
	if remote.ufrag == "" {
		return false
	}
	if used { // its voice must not wait for the permission of another relay
		targets = slices.DeleteFunc(targets, func(a netip.AddrPort) bool { return a.Addr() != p.relayed.Addr() })
	}
	for _, to := range targets {
		m, err := c.check(p, local, remote)
		if err != nil {
			continue
		}
		s.mu.Lock()
		s.probes[s.nextTry] = probe{m.TransactionID, p, to}
		s.nextTry = (s.nextTry + 1) % maxAsked
		s.mu.Unlock()
		_, _ = p.write(m.Raw, to) // a path that cannot send will not be proven
	}

	return more
}

// check is a connectivity check of RFC 8445 section 7.2.2 that says which path it comes over.
func (c *Conn) check(p *path, local, remote iceCredentials) (*stun.Message, error) {
	var tie [8]byte
	_, _ = rand.Read(tie[:]) // never fails
	setters := []stun.Setter{
		stun.BindingRequest, stun.TransactionID, stun.NewUsername(remote.ufrag + ":" + local.ufrag), ice.PriorityAttr(p.priority),
		stun.RawAttribute{Type: attrPath, Value: binary.BigEndian.AppendUint32(nil, p.number)},
	}
	if c.cfg.Role == Caller {
		setters = append(setters, ice.UseCandidate(), ice.AttrControlling(binary.BigEndian.Uint64(tie[:])))
	} else {
		setters = append(setters, ice.AttrControlled(binary.BigEndian.Uint64(tie[:])))
	}

	return stun.Build(append(setters, stun.NewShortTermIntegrity(remote.pwd), stun.Fingerprint)...)
}

// probed handles what concerns checks of paths; false: it is for pion.
func (c *Conn) probed(p *path, b []byte, from netip.AddrPort) bool {
	if !isSTUN(b) {
		return false
	}
	switch binary.BigEndian.Uint16(b) {
	case stun.BindingRequest.Value():
		return c.peerProbed(p, b, from)
	case stun.BindingSuccess.Value():
		return c.probeAnswered(p, b, from)
	}

	return false
}

// peerProbed answers a check of the peer that says which path it comes over.
func (c *Conn) peerProbed(p *path, b []byte, from netip.AddrPort) bool {
	m := stun.Message{Raw: append([]byte(nil), b...)}
	if m.Decode() != nil {
		return false
	}
	number, err := m.Get(attrPath)
	if err != nil {
		return false
	}
	s := c.paths
	s.mu.Lock()
	local, remote := s.local, s.remote
	s.mu.Unlock()
	var user stun.Username
	if len(number) != 4 || remote.ufrag == "" || user.GetFrom(&m) != nil || string(user) != local.ufrag+":"+remote.ufrag ||
		stun.NewShortTermIntegrity(local.pwd).Check(&m) != nil || !c.allowed(from) {
		return true // whoever it was
	}
	answer, err := stun.Build(&m, stun.BindingSuccess,
		&stun.XORMappedAddress{IP: from.Addr().AsSlice(), Port: int(from.Port())},
		stun.NewShortTermIntegrity(local.pwd), stun.Fingerprint)
	if err != nil {
		return true
	}
	s.moved(p, from, binary.BigEndian.Uint32(number))
	_, _ = p.write(answer.Raw, from) // lost like any datagram: it is asked again

	return true
}

// probeAnswered is the peer's answer to a check of ours.
func (c *Conn) probeAnswered(p *path, b []byte, from netip.AddrPort) bool {
	s := c.paths
	s.mu.Lock()
	remote, ours := s.remote, false
	for i := range s.probes {
		q := &s.probes[i]
		ours = ours || q.path == p && q.to == from && string(q.id[:]) == string(b[8:stunHeaderBytes])
	}
	s.mu.Unlock()
	if !ours {
		return false
	}
	m := stun.Message{Raw: append([]byte(nil), b...)}
	if m.Decode() == nil && stun.NewShortTermIntegrity(remote.pwd).Check(&m) == nil {
		s.proved(p, from)
	}

	return true
}
