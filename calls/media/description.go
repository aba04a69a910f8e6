package media

import (
	"log/slog"
	"net/netip"
	"strings"
)

// MaxCandidates is how many addresses of a peer are kept; a peer naming more
// is probing a network, not placing a call.
const MaxCandidates = 16

// Candidate is one relayed address of a phone. It prints as its type name.
type Candidate struct {
	Addr     netip.AddrPort
	Priority uint32 // RFC 8445 section 5.1.2
}

// String returns the type name.
func (Candidate) String() string { return "media.Candidate" }

// GoString returns the type name.
func (Candidate) GoString() string { return "media.Candidate" }

// LogValue returns the type name.
func (Candidate) LogValue() slog.Value { return slog.StringValue("media.Candidate") }

// Description is all that the two sides tell one another about their media,
// inside sealed envelopes. It prints as its type name.
type Description struct {
	// Fingerprint is the SHA-256 of the DTLS certificate. Exactly one, and no
	// other hash, by type.
	Fingerprint [32]byte
	// Ufrag and Pwd are the ICE credentials (RFC 8445 section 5.3).
	Ufrag, Pwd string
	// Candidates are relayed addresses, at most MaxCandidates.
	Candidates []Candidate
}

// String returns the type name.
func (Description) String() string { return "media.Description" }

// GoString returns the type name.
func (Description) GoString() string { return "media.Description" }

// LogValue returns the type name.
func (Description) LogValue() slog.Value { return slog.StringValue("media.Description") }

// Sizes of ICE credentials, RFC 8445 section 5.3: at least 24 and 128 bits of
// randomness in at least 4 and 22 characters.
const (
	minUfrag   = 4
	minPwd     = 22
	maxICEChar = 256
)

// iceAlphabet is ice-char of RFC 8839 section 5.4.
const iceAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// isICEText reports whether s is made of at least n ICE characters. It is
// what keeps a peer's credentials from adding lines to our SDP.
func isICEText(s string, n int) bool {
	if len(s) < n || len(s) > maxICEChar {
		return false
	}

	return strings.Trim(s, iceAlphabet) == ""
}

// check refuses descriptions that no honest phone makes.
func (d Description) check() error {
	if d.Fingerprint == ([32]byte{}) || !isICEText(d.Ufrag, minUfrag) || !isICEText(d.Pwd, minPwd) {
		return ErrDescription
	}

	return nil
}

// sharedSpace is carrier-grade NAT, RFC 6598, which netip does not call private.
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// isPublic is the default of Config.AllowedRemote.
func isPublic(a netip.Addr) bool {
	a = a.Unmap()

	return a.IsGlobalUnicast() && !a.IsPrivate() && !sharedSpace.Contains(a)
}

// canonical returns the address in its one form, or false if no host could
// have it: ICE must never send a packet to a group, a broadcast or port 0.
func canonical(ap netip.AddrPort) (netip.AddrPort, bool) {
	a := ap.Addr().Unmap()
	if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.Zone() != "" || ap.Port() == 0 {
		return netip.AddrPort{}, false
	}
	if a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return netip.AddrPort{}, false
	}

	return netip.AddrPortFrom(a, ap.Port()), true
}
