package interop

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/pion/stun/v4"
)

// difference is intended: both servers answer the same request, and not alike.
type difference struct{ ours, theirs, why string }

// differences are all there are. What is not listed must be the same, and what is listed must be different.
var differences = map[string]difference{
	"a wrong password":                 {"401", "400", "RFC 8489 section 9.2.4: 401"},
	"a user nobody knows":              {"401", "400", "RFC 8489 section 9.2.4: 401, as for a wrong password"},
	"an attribute nobody knows":        {"420", "success for 600 s", "RFC 8489 section 6.3.1: 420"},
	"TCP relaying":                     {"442", "success for 600 s", "RFC 6062 is a way out of the switch; theirs grants UDP and calls it TCP"},
	"EVEN-PORT":                        {"420", "success for 600 s", "nobody needs ports in pairs"},
	"RESERVATION-TOKEN":                {"420", "success for 600 s", "nobody needs ports in pairs; theirs ignores a token that it never gave"},
	"DONT-FRAGMENT":                    {"success for 600 s", "420", "a switch sends nothing that could be fragmented further, so there is nothing to refuse"},
	"refresh for a second":             {"success for 600 s", "success for 1 s", "RFC 8656 section 8.2 lets a server raise it, and a short one only makes work"},
	"refresh for two hours":            {"success for 3600 s", "success for 600 s", "RFC 8656 section 8.2: a server may bound it, to an hour for example"},
	"refresh without an allocation":    {"437", "silence", "RFC 8656 section 8.2: 437"},
	"end without an allocation":        {"437", "success for 0 s", "RFC 8656 section 8.2: 437; clients take it for success"},
	"permission without an allocation": {"437", "silence", "RFC 8656 section 5: 437"},
	"channel without an allocation":    {"437", "silence", "RFC 8656 section 5: 437"},
	"permission for nobody":            {"400", "an error without a code", "RFC 8656 section 10.2: 400"},
	"permission beyond the switch":     {"403", "success", "the switch has no way out"},
	"channel beyond the switch":        {"403", "success", "the switch has no way out"},
	"channel to a port nobody has":     {"403", "success", "nobody may probe which ports live"},
	"channel to another call":          {"403", "success", "one call cannot reach another"},
	"refresh by another user":          {"441", "success for 600 s", "RFC 8656 section 5: 441; theirs lets any user act on another's allocation"},
	"permission by another user":       {"441", "success", "RFC 8656 section 5: 441"},
	"channel by another user":          {"441", "success", "RFC 8656 section 5: 441"},
	"end by another user":              {"441", "success for 0 s", "RFC 8656 section 5: 441"},
	"what is left after another user":  {"success for 600 s", "silence", "because theirs let the other user end it"},
	"channel number 0x3FFF":            {"400", "success", "RFC 8656 section 12: from 0x4000; data on it could not be told from STUN"},
	"channel number 0x5000 (RFC 5766)": {"400", "success", "RFC 8656 section 12: up to 0x4FFF"},
	"refresh after the end":            {"437", "silence", "RFC 8656 section 8.2: 437"},
	"permission for the other family":  {"443", "success", "RFC 8656 section 10.2: 443"},
}

// Both servers hear the same requests. Where they answer differently, the difference is listed, with its reason.
//
// covers T12 (pion's server as reference)
func TestSameRequestsAsAReference(t *testing.T) {
	ours := tellAll(t, serve(t).udp)
	theirs := tellAll(t, servePion(t))
	if len(ours) != len(theirs) {
		t.Fatalf("%d answers of ours, %d of theirs", len(ours), len(theirs))
	}
	told := make(map[string]bool)
	same := 0
	for i := range ours {
		what, mine, _ := strings.Cut(ours[i], ": ")
		other, yours, _ := strings.Cut(theirs[i], ": ")
		if what != other || told[what] {
			t.Fatalf("the stories part: %q, %q", what, other)
		}
		told[what] = true
		d, listed := differences[what]
		switch {
		case !listed && mine != yours:
			t.Errorf("%s: ours %s, theirs %s", what, mine, yours)
		case listed && (mine != d.ours || yours != d.theirs):
			t.Errorf("%s: ours %s, theirs %s; listed are %s and %s", what, mine, yours, d.ours, d.theirs)
		case !listed:
			same++
		}
	}
	for what, d := range differences {
		if !told[what] || d.ours == d.theirs || d.why == "" {
			t.Errorf("the difference %q is not one, or has no reason", what)
		}
	}
	t.Logf("%d answers are the same, %d differ as intended", same, len(differences))
}

// tellAll tells a server every story.
func tellAll(t *testing.T, server netip.AddrPort) []string {
	t.Helper()
	w := &teller{t: t, server: server}
	for _, story := range []func(*teller){
		tellLogin, tellAllocate, tellRefresh, tellPermission, tellChannel, tellData, tellOtherUser, tellEnd,
	} {
		story(w)
	}
	return w.lines
}

func tellLogin(w *teller) {
	c := w.client(newLogin("login"))
	c.ask("Binding", stun.MethodBinding)
	c.ask("no credentials", stun.MethodAllocate, udp)
	c.ask("refresh without credentials", stun.MethodRefresh)
	wrong := newLogin("login")
	wrong.password = "wrong"
	w.challenged(wrong).ask("a wrong password", stun.MethodAllocate, udp)
	w.challenged(login{"nobody", "password"}).ask("a user nobody knows", stun.MethodAllocate, udp)
	c = w.challenged(newLogin("login"))
	c.nonce = stun.NewNonce("0123456789abcdef")
	c.ask("a nonce that was never given", stun.MethodAllocate, udp)
	c = w.challenged(newLogin("login"))
	c.ask("Connect", stun.MethodConnect)
	c.ask("a method that does not exist", stun.Method(0x0F0))
}

func tellAllocate(w *teller) {
	c := w.challenged(newLogin("allocate"))
	c.ask("no transport", stun.MethodAllocate)
	c.ask("a transport nobody knows", stun.MethodAllocate, setter{stun.AttrRequestedTransport, []byte{99, 0, 0, 0}})
	for _, a := range []struct {
		what    string
		setters []stun.Setter
	}{
		{"TCP relaying", []stun.Setter{setter{stun.AttrRequestedTransport, []byte{6, 0, 0, 0}}}},
		{"EVEN-PORT", []stun.Setter{udp, setter{stun.AttrEvenPort, []byte{0}}}},
		{"RESERVATION-TOKEN", []stun.Setter{udp, setter{stun.AttrReservationToken, make([]byte, 8)}}},
		{"DONT-FRAGMENT", []stun.Setter{udp, setter{stun.AttrDontFragment, nil}}},
		{"an attribute nobody knows", []stun.Setter{udp, setter{0x7777, []byte{1, 2, 3, 4}}}},
		{"IPv4 relayed address", []stun.Setter{udp, setter{stun.AttrRequestedAddressFamily, []byte{1, 0, 0, 0}}}},
		{"a lifetime of twenty minutes", []stun.Setter{udp, lasting(1200)}},
	} {
		w.challenged(newLogin("allocate")).ask(a.what, stun.MethodAllocate, a.setters...)
	}
	request := c.build(stun.MethodAllocate, udp)
	w.line("allocate", outcome(c.exchange(request)))
	w.line("the same request again", outcome(c.exchange(request)))
	c.ask("another allocation on a 5-tuple", stun.MethodAllocate, udp)
}

func tellRefresh(w *teller) {
	c := w.challenged(newLogin("refresh"))
	c.ask("refresh without an allocation", stun.MethodRefresh)
	c.ask("end without an allocation", stun.MethodRefresh, lasting(0))
	c.ask("permission without an allocation", stun.MethodCreatePermission, peer(netip.AddrPortFrom(loopback, 5000)))
	c.ask("channel without an allocation", stun.MethodChannelBind, number(0x4000), peer(netip.AddrPortFrom(loopback, 5000)))
	c = w.allocated(newLogin("refresh"))
	c.ask("refresh", stun.MethodRefresh)
	c.ask("refresh for half an hour", stun.MethodRefresh, lasting(1800))
	c.ask("refresh for two hours", stun.MethodRefresh, lasting(7200))
	c.ask("refresh for a second", stun.MethodRefresh, lasting(1))
}

func tellPermission(w *teller) {
	alice, bob := w.call()
	alice.ask("permission for the peer", stun.MethodCreatePermission, peer(bob.relayed))
	alice.ask("permission for nobody", stun.MethodCreatePermission)
	alice.ask("permission beyond the switch", stun.MethodCreatePermission, peer(netip.MustParseAddrPort("192.0.2.7:80")))
	alice.ask("permission for the other family", stun.MethodCreatePermission, peer(netip.MustParseAddrPort("[::1]:5000")))
}

func tellChannel(w *teller) {
	alice, bob := w.call()
	carol := w.allocated(alice.login)
	stranger := w.allocated(newLogin("stranger"))
	alice.ask("channel to the peer", stun.MethodChannelBind, number(0x4000), peer(bob.relayed))
	alice.ask("the same channel again", stun.MethodChannelBind, number(0x4000), peer(bob.relayed))
	alice.ask("the peer's second number", stun.MethodChannelBind, number(0x4001), peer(bob.relayed))
	alice.ask("the number's second peer", stun.MethodChannelBind, number(0x4000), peer(carol.relayed))
	alice.ask("channel without a number", stun.MethodChannelBind, peer(carol.relayed))
	alice.ask("channel without a peer", stun.MethodChannelBind, number(0x4002))
	alice.ask("channel number 0x3FFF", stun.MethodChannelBind, number(0x3FFF), peer(carol.relayed))
	alice.ask("channel number 0x8000", stun.MethodChannelBind, number(0x8000), peer(carol.relayed))
	alice.ask("channel beyond the switch", stun.MethodChannelBind, number(0x4003), peer(netip.MustParseAddrPort("192.0.2.7:80")))
	alice.ask("channel to a port nobody has", stun.MethodChannelBind, number(0x4004), peer(netip.AddrPortFrom(loopback, 1)))
	alice.ask("channel to another call", stun.MethodChannelBind, number(0x4005), peer(stranger.relayed))
	dave := w.allocated(alice.login)
	alice.ask("channel number 0x5000 (RFC 5766)", stun.MethodChannelBind, number(0x5000), peer(dave.relayed))
}

// tellData sends first what must not arrive: what is heard is what comes first.
func tellData(w *teller) {
	alice, bob := w.call()
	bob.must(stun.MethodCreatePermission, peer(alice.relayed))
	alice.indicate(bob.relayed, "without permission")
	alice.channel(0x4000, "without a channel")
	alice.must(stun.MethodCreatePermission, peer(bob.relayed))
	alice.indicate(bob.relayed, "with permission")
	bob.hear("an indication", alice)
	alice.must(stun.MethodChannelBind, number(0x4000), peer(bob.relayed))
	alice.channel(0x4000, "by channel")
	bob.hear("a channel that only the sender has", alice)
	bob.must(stun.MethodChannelBind, number(0x4abc), peer(alice.relayed))
	alice.channel(0x4000, "by channels")
	bob.hear("channels on both sides", alice)
	alice.indicate(bob.relayed, "to a channel")
	bob.hear("an indication to one with a channel", alice)
	bob.channel(0x4abc, "and back")
	alice.hear("the way back", bob)
	alice.channel(0x4000, "")
	bob.hear("an empty message", alice)
}

func tellOtherUser(w *teller) {
	alice, bob := w.call()
	other := newLogin("other")
	mine := alice.login
	alice.login = other
	alice.ask("refresh by another user", stun.MethodRefresh)
	alice.ask("permission by another user", stun.MethodCreatePermission, peer(bob.relayed))
	alice.ask("channel by another user", stun.MethodChannelBind, number(0x4000), peer(bob.relayed))
	alice.ask("allocate by another user", stun.MethodAllocate, udp)
	alice.ask("end by another user", stun.MethodRefresh, lasting(0))
	alice.login = mine
	alice.ask("what is left after another user", stun.MethodRefresh)
}

func tellEnd(w *teller) {
	c := w.allocated(newLogin("end"))
	request := c.build(stun.MethodRefresh, lasting(0))
	w.line("end", outcome(c.exchange(request)))
	w.line("the end once more", outcome(c.exchange(request)))
	c.ask("refresh after the end", stun.MethodRefresh)
	c.ask("allocate after the end", stun.MethodAllocate, udp)
}
