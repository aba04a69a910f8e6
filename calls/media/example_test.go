package media_test

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/taciturn-voice/taciturn/calls/media"
)

// What a WebRTC stack is told about the other side. No SDP ever leaves a phone.
func ExampleSDP() {
	sdp, err := media.SDP(media.Caller, media.Description{
		Ufrag: "abcdefgh", Pwd: "0123456789abcdef01234567", Fingerprint: [32]byte{1},
		Candidates: []media.Candidate{{Addr: netip.MustParseAddrPort("203.0.113.1:40001"), Priority: 7}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for line := range strings.Lines(sdp) {
		if strings.HasPrefix(line, "a=candidate") || strings.HasPrefix(line, "a=setup") {
			fmt.Println(strings.TrimSpace(line))
		}
	}
	// Output:
	// a=setup:passive
	// a=candidate:1 1 udp 7 203.0.113.1 40001 typ relay raddr 0.0.0.0 rport 0
}
