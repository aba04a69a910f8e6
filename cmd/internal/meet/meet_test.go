package meet

import (
	"net/netip"
	"slices"
	"testing"
)

func TestURLsOfRelays(t *testing.T) {
	at := netip.MustParseAddrPort("[2001:db8::1]:3478")
	good := []string{URL(at), URLTCP("2001:db8::1", 443), URLTLS("calls.example.org", 443), "turn:203.0.113.1", "turns:calls.example.org:5349"}
	for _, u := range good {
		if !Valid(u) {
			t.Errorf("%s is refused", u)
		}
	}
	if got, want := Hosts(good), []string{"2001:db8::1", "calls.example.org", "203.0.113.1"}; !slices.Equal(got, want) {
		t.Errorf("hosts %v, want %v", got, want)
	}
	for _, u := range []string{
		"", "turn", "turn:", "stun:203.0.113.1", "http://203.0.113.1", "turn://203.0.113.1", "turn:user@203.0.113.1", "turn:a b", "turn:a:0",
		"turn:a:65536", "turn:a:port", "turn:a?transport=sctp", "turns:a?transport=udp", "turn:a?transport=udp&x=y", "turn:2001:db8::1", "turn:a/b",
	} {
		if Valid(u) {
			t.Errorf("%q is taken", u)
		}
	}
}
