package seal

import (
	"log/slog"
	"net/netip"

	"golang.org/x/crypto/cryptobyte"
)

// Limits of what a peer may say.
const (
	MaxCandidates = 16
	maxText       = 255
)

// Candidate is one relayed address: an IP literal by type. It prints as its type name.
type Candidate struct {
	Addr     netip.AddrPort
	Priority uint32 // RFC 8445 section 5.1.2
}

func (Candidate) String() string       { return "seal.Candidate" }
func (Candidate) GoString() string     { return "seal.Candidate" }
func (Candidate) LogValue() slog.Value { return slog.StringValue("seal.Candidate") }

// Transport is what the other side must know to reach this side's media. It prints as its type name.
//
//	fingerprint [32] ‖ u8 len ‖ ufrag ‖ u8 len ‖ pwd ‖ candidates
type Transport struct {
	Fingerprint [32]byte // SHA-256 of the DTLS certificate
	Ufrag, Pwd  string   // ICE credentials, RFC 8445 section 5.3
	Candidates  []Candidate
}

func (Transport) String() string       { return "seal.Transport" }
func (Transport) GoString() string     { return "seal.Transport" }
func (Transport) LogValue() slog.Value { return slog.StringValue("seal.Transport") }

func (t *Transport) add(b *cryptobyte.Builder) {
	b.AddBytes(t.Fingerprint[:])
	addText(b, t.Ufrag)
	addText(b, t.Pwd)
	addCandidates(b, t.Candidates)
}

func (t *Transport) read(s *cryptobyte.String) bool {
	return s.CopyBytes(t.Fingerprint[:]) && readText(s, &t.Ufrag) && readText(s, &t.Pwd) && readCandidates(s, &t.Candidates)
}

// addOptionalTransport writes u8 0, or u8 1 and the transport.
func addOptionalTransport(b *cryptobyte.Builder, t *Transport) {
	if t == nil {
		b.AddUint8(0)
		return
	}
	b.AddUint8(1)
	t.add(b)
}

func readOptionalTransport(s *cryptobyte.String, t **Transport) bool {
	var present uint8
	if !s.ReadUint8(&present) || present > 1 {
		return false
	}
	if present == 0 {
		return true
	}
	*t = new(Transport)
	return (*t).read(s)
}

// addCandidates writes u8 count and for each u8 family (4 or 6) ‖ address ‖ u16 port ‖ u32 priority.
func addCandidates(b *cryptobyte.Builder, candidates []Candidate) {
	if len(candidates) > MaxCandidates {
		b.SetError(ErrTooLarge)
		return
	}
	b.AddUint8(uint8(len(candidates)))
	for _, c := range candidates {
		ip := c.Addr.Addr().Unmap()
		family := uint8(6)
		if ip.Is4() {
			family = 4
		}
		b.AddUint8(family)
		b.AddBytes(ip.AsSlice())
		b.AddUint16(c.Addr.Port())
		b.AddUint32(c.Priority)
	}
}

func readCandidates(s *cryptobyte.String, out *[]Candidate) bool {
	var count uint8
	if !s.ReadUint8(&count) || count > MaxCandidates {
		return false
	}
	for range count {
		var (
			family uint8
			ip     []byte
			c      Candidate
			port   uint16
		)
		if !s.ReadUint8(&family) {
			return false
		}
		size := map[uint8]int{4: 4, 6: 16}[family]
		if size == 0 || !s.ReadBytes(&ip, size) || !s.ReadUint16(&port) || !s.ReadUint32(&c.Priority) {
			return false
		}
		addr, _ := netip.AddrFromSlice(ip)
		if addr.Is4In6() || port == 0 {
			return false // an IPv4 address has one form only
		}
		c.Addr = netip.AddrPortFrom(addr, port)
		*out = append(*out, c)
	}
	return true
}

// addText writes u8 length ‖ bytes.
func addText(b *cryptobyte.Builder, text string) {
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
}

func readText(s *cryptobyte.String, out *string) bool {
	var text cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&text) {
		return false
	}
	*out = string(text)
	return true
}
