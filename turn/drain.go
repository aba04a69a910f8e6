package turn

import (
	"net/netip"
	"time"
)

// Drain takes no new calls from now on, and lets those that are here come to their end, with both their sides: a call has to meet
// on one relay. Stats tells when the last allocation has gone. Clients on UDP are sent to the first of the alternates that is of
// their address family (300, RFC 8489 section 10), which must know the same secrets, and those that are here already read of it beside every other answer
// (ALTERNATE-SERVER, RFC 8489 section 14.15), so that they can move before the end; others hear 508, and try the next relay that they
// know: a client on TLS could not tell whether it reaches the right one, since addresses are all that is sent.
func (s *Server) Drain(alternates ...netip.AddrPort) {
	kept := append([]netip.AddrPort(nil), alternates...)
	s.alternates.Store(&kept)
	s.table.mu.Lock()
	defer s.table.mu.Unlock()
	s.table.draining = true
}

// alternate is invalid when there is none for a client.
func (s *Server) alternate(client netip.AddrPort) netip.AddrPort {
	if all := s.alternates.Load(); all != nil {
		for _, a := range *all {
			if a = unmapped(a); a.Addr().Is4() == client.Addr().Is4() {
				return a
			}
		}
	}
	return netip.AddrPort{}
}

// calledLocked says whether the other side of a call is here.
func (t *table) calledLocked(tag pairTag, now time.Duration) bool {
	for n := *t.tags.head(tag[:]); n != 0; n = t.slot(n).nextTag {
		if a := t.slot(n); a.tag == tag && a.live(now) {
			return true
		}
	}
	return false
}

// appendAlternate writes ALTERNATE-SERVER: zero(1) family(1) port(2) address, RFC 8489 section 14.15.
func appendAlternate(b []byte, a netip.AddrPort) []byte {
	v := append(make([]byte, 0, maxAddressBytes), 0, byte(familyOf(a.Addr())), byte(a.Port()>>8), byte(a.Port()))
	return appendAttribute(b, attrAlternate, append(v, a.Addr().AsSlice()...))
}
