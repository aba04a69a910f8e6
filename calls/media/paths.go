package media

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v4"
)

// paths is all allocations of a Conn, in the clothes of one socket: what pion
// calls a UDP mux, with one host candidate. It is where a call moves from one
// path to another without ICE, DTLS or SRTP taking notice; the package
// documentation says how ("Paths").
type paths struct {
	mu sync.Mutex
	// Guarded by mu.
	all     []*path // oldest first
	current *path   // where we send; nil before there is any
	number  uint32  // of the newest path
	local   iceCredentials
	remote  iceCredentials
	session *session // what pion reads and writes; nil before it asks
	closed  bool

	selected netip.AddrPort // where pion sends what is no STUN: the peer's address as far as ICE knows
	peerPath uint32         // the newest path of the peer
	known    []netip.AddrPort
	aliases  []netip.AddrPort // the peer's addresses that ICE has not chosen or does not know
	asked    [maxAsked]question
	nextAsk  int
	probes   [maxAsked]probe
	nextTry  int
}

// iceCredentials are those of one side.
type iceCredentials struct{ ufrag, pwd string }

// maxAsked is how many unanswered questions are remembered, in either direction.
const maxAsked = 32

// question is a request on its way up to pion: the answer goes back where it came from.
type question struct {
	id   [stun.TransactionIDSize]byte
	path *path
	from netip.AddrPort
}

// probe is a question of ours.
type probe struct {
	id   [stun.TransactionIDSize]byte
	path *path
	to   netip.AddrPort
}

func newPaths() *paths { return &paths{} }

// add makes p one of the paths; false if there are none any more. The first is used at once.
func (s *paths) add(p *path, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.number++
	p.number = s.number
	for _, older := range s.all {
		if older.since.IsZero() {
			older.since = now
		}
	}
	s.all = append(s.all, p)
	// Before ICE has found its pair there is nothing to move: it finds out by itself.
	if s.current == nil || !s.selected.IsValid() {
		s.current = p
	}

	return true
}

// remove forgets p, and sends over the newest that is left if it was in use.
func (s *paths) remove(p *path) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, q := range s.all {
		if q == p {
			s.all = append(s.all[:i:i], s.all[i+1:]...)

			break
		}
	}
	if s.current == p && len(s.all) > 0 {
		s.current = s.all[len(s.all)-1]
	}
}

// live lists the paths, oldest first.
func (s *paths) live() []*path {
	s.mu.Lock()
	defer s.mu.Unlock()

	return append([]*path(nil), s.all...)
}

// inUse is the path that we send over, and where to.
func (s *paths) inUse() (*path, netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return nil, netip.AddrPort{}
	}
	to := s.current.target
	if !to.IsValid() {
		to = s.selected
	}

	return s.current, to
}

// know adds addresses of the peer that paths are to be proven to.
func (s *paths) know(addrs []netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range addrs {
		s.known = insertAddr(s.known, a)
	}
}

// insertAddr keeps the newest MaxCandidates.
func insertAddr(list []netip.AddrPort, a netip.AddrPort) []netip.AddrPort {
	for _, b := range list {
		if a == b {
			return list
		}
	}
	if len(list) == MaxCandidates {
		list = append(list[:0:0], list[1:]...)
	}

	return append(list, a)
}

func hasAddr(list []netip.AddrPort, a netip.AddrPort) bool {
	for _, b := range list {
		if a == b {
			return true
		}
	}

	return false
}

// setCredentials tells which ICE session probes belong to.
func (s *paths) setCredentials(local, remote iceCredentials) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.remote.ufrag != "" && s.remote != remote { // another session: its addresses mean nothing in this one
		s.selected, s.aliases, s.known = netip.AddrPort{}, nil, nil
		for _, p := range s.all {
			p.target = netip.AddrPort{}
		}
	}
	s.local, s.remote = local, remote
}

// send is pion's write.
func (s *paths) send(b []byte, to netip.AddrPort) (int, error) {
	s.mu.Lock()
	p, dest := s.current, to
	switch {
	case s.closed:
		p = nil
	case isSTUN(b) && isAnswer(b):
		if q := s.askedLocked(b); q != nil {
			p, dest = q.path, q.from
		}
	default:
		if !isSTUN(b) {
			s.selected = to
		}
		if p != nil && p.target.IsValid() && to == s.selected {
			dest = p.target
		}
	}
	s.mu.Unlock()
	if p == nil {
		return 0, net.ErrClosed
	}

	return p.write(b, dest)
}

// askedLocked finds what b answers, once.
func (s *paths) askedLocked(b []byte) *question {
	for i := range s.asked {
		if q := &s.asked[i]; q.path != nil && string(q.id[:]) == string(b[8:stunHeaderBytes]) {
			return q
		}
	}

	return nil
}

// class bits of a STUN message type, RFC 8489 section 5.
func isAnswer(b []byte) bool  { return b[0]&0x01 != 0 }
func isRequest(b []byte) bool { return binary.BigEndian.Uint16(b) == 0x0001 }

// arrive is one datagram of the peer, or of whoever the relay lets through. It
// returns what pion is to read, if anything: from whom ICE thinks it is.
func (s *paths) arrive(p *path, b []byte, from netip.AddrPort) (netip.AddrPort, *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if isSTUN(b) && isRequest(b) {
		s.asked[s.nextAsk] = question{[stun.TransactionIDSize]byte(b[8:stunHeaderBytes]), p, from}
		s.nextAsk = (s.nextAsk + 1) % maxAsked
	}
	if s.selected.IsValid() && hasAddr(s.aliases, from) {
		from = s.selected
	}

	return from, s.session
}

// moved is an authentic probe of the peer, which has come over p: its path with this number is at from.
func (s *paths) moved(p *path, from netip.AddrPort, number uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if from != s.selected {
		s.aliases = insertAddr(s.aliases, from)
	}
	switch {
	case number < s.peerPath:
		return
	case number == s.peerPath && p.target.IsValid():
		return
	}
	s.peerPath = number
	// On a relay that is a closed switch, every allocation of ours that is there reaches this one of theirs.
	for _, q := range s.all {
		if q.relayed.Addr() == from.Addr() {
			q.target = from
		}
	}
	p.target = from
	if s.current == nil || s.current.target != from {
		s.current = p
	}
}

// proved is an authentic answer of the peer to a probe of ours over p: what is newer is used from now on.
func (s *paths) proved(p *path, from netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if from != s.selected {
		s.aliases = insertAddr(s.aliases, from)
	}
	first := !p.proven
	p.proven = true
	if first || !p.target.IsValid() {
		p.target = from
	}
	if s.current == nil || p.number > s.current.number {
		s.current = p
	}
}

// closeAll closes every path and refuses what comes later.
func (s *paths) closeAll() {
	s.mu.Lock()
	s.closed = true
	all := s.all
	s.all, s.current = nil, nil
	s.mu.Unlock()
	for _, p := range all {
		p.close()
	}
}
