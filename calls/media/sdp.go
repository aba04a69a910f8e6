package media

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Opus as every Taciturn phone speaks it: constant bitrate, no silence gaps,
// one channel, in-band error correction.
const (
	payloadType = 111
	opusFmtp    = "minptime=10;cbr=1;usedtx=0;stereo=0;useinbandfec=1"
	clockRate   = 48000
	frameTicks  = 960 // 20 ms at 48 kHz
)

// sdpTemplate is the only SDP there is. The verbs are: ufrag, pwd,
// fingerprint, setup, candidate lines.
const sdpTemplate = "v=0\r\n" +
	"o=- 1 1 IN IP4 0.0.0.0\r\n" +
	"s=-\r\n" +
	"t=0 0\r\n" +
	"a=group:BUNDLE 0\r\n" +
	"a=cryptex\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" +
	"c=IN IP4 0.0.0.0\r\n" +
	"a=mid:0\r\n" +
	"a=sendrecv\r\n" +
	"a=rtcp-mux\r\n" +
	"a=rtpmap:111 opus/48000/2\r\n" +
	"a=fmtp:111 " + opusFmtp + "\r\n" +
	"a=ptime:20\r\n" +
	"a=maxptime:20\r\n" +
	"a=ice-ufrag:%s\r\n" +
	"a=ice-pwd:%s\r\n" +
	"a=ice-options:trickle\r\n" +
	"a=fingerprint:sha-256 %s\r\n" +
	"a=setup:%s\r\n" +
	"%s"

// SDP renders d as the session description of the side with the given role,
// for a stack that wants one: pion here, a browser elsewhere. The caller is
// always the offerer and a=setup:passive, the callee the answerer and
// a=setup:active. Candidates that are no host address are left out.
func SDP(role Role, d Description) (string, error) {
	if err := d.check(); err != nil {
		return "", err
	}
	setup := "passive"
	if role == Callee {
		setup = "active"
	}
	var lines strings.Builder
	for i, c := range d.Candidates {
		if i == MaxCandidates {
			break
		}
		if line, ok := c.line(); ok {
			lines.WriteString("a=" + line + "\r\n")
		}
	}

	return fmt.Sprintf(sdpTemplate, d.Ufrag, d.Pwd, fingerprintText(d.Fingerprint), setup, lines.String()), nil
}

// line renders c as a candidate attribute (RFC 8839 section 5.1). It is always
// a relayed one over UDP; the related address is blanked, as it would be the
// phone's own.
func (c Candidate) line() (string, bool) {
	ap, ok := canonical(c.Addr)
	if !ok {
		return "", false
	}
	family := "0.0.0.0"
	if ap.Addr().Is6() {
		family = "::"
	}

	return fmt.Sprintf("candidate:1 1 udp %d %s %d typ relay raddr %s rport 0",
		c.Priority, ap.Addr(), ap.Port(), family), true
}

// fingerprintText renders a fingerprint as in RFC 8122 section 5.
func fingerprintText(f [32]byte) string {
	parts := make([]string, len(f))
	for i, b := range f {
		parts[i] = strings.ToUpper(hex.EncodeToString([]byte{b}))
	}

	return strings.Join(parts, ":")
}
