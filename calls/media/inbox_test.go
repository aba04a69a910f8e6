package media

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/pion/stun/v4"
	"github.com/pion/transport/v5/packetio"
)

// arrived is a packet as it comes out of SRTP.
func arrived(first, kind byte, seq uint16, frame ...byte) []byte {
	p := make([]byte, rtpHeaderBytes, rtpHeaderBytes+len(frame))
	p[0], p[1] = first, kind
	binary.BigEndian.PutUint16(p[2:], seq)
	return append(p, frame...)
}

func put(t *testing.T, s io.Writer, p []byte) {
	t.Helper()
	if n, err := s.Write(p); n != len(p) || err != nil {
		t.Fatal(n, err) // pion would stop reading
	}
}

func TestOnlyWhatAPhoneOfOursSendsIsAFrame(t *testing.T) {
	b := newInbox()
	voice := b.buffer(packetio.RTPBufferPacket, 7)
	put(t, voice, arrived(0x80, payloadType, 65535, 1, 2, 3))
	put(t, voice, arrived(0x80, payloadType|0x80, 0, 4)) // browsers set the marker on the first packet
	foreign := [][]byte{
		{}, {0x80}, arrived(0x80, payloadType, 1), // nothing in it
		arrived(0x90, payloadType, 1, 9), // an extension
		arrived(0xa0, payloadType, 1, 9), // padding
		arrived(0x81, payloadType, 1, 9), // a CSRC
		arrived(0x40, payloadType, 1, 9), // another version
		arrived(0x80, 0, 1, 9),           // another codec
		append(arrived(0x80, payloadType, 1), make([]byte, MaxFrameBytes+1)...),
	}
	for _, p := range foreign {
		put(t, voice, p)
	}
	put(t, b.buffer(packetio.RTPBufferPacket, 8), arrived(0x80, payloadType, 2, 9)) // a second source
	put(t, b.buffer(packetio.RTCPBufferPacket, 7), make([]byte, 100))
	if b.received != 2 || b.foreign != uint64(len(foreign))+1 || b.rtcp != 1 {
		t.Errorf("%d frames, %d foreign, %d RTCP", b.received, b.foreign, b.rtcp)
	}
	buf := make([]byte, 3)
	if n, seq, err := b.read(buf); n != 3 || seq != 65535 || err != nil {
		t.Error(n, seq, err)
	}
	if n, seq, err := b.read(nil); n != 0 || seq != 0 || !errors.Is(err, io.ErrShortBuffer) {
		t.Error(n, seq, err)
	}
}

func TestOfTooManyFramesTheOldestGo(t *testing.T) {
	b := newInbox()
	voice := b.buffer(packetio.RTPBufferPacket, 7)
	for i := range 3 * inboxFrames {
		put(t, voice, arrived(0x80, payloadType, uint16(i), byte(i)))
	}
	if b.overrun != 2*inboxFrames {
		t.Errorf("%d dropped", b.overrun)
	}
	buf := make([]byte, MaxFrameBytes)
	for i := 2 * inboxFrames; i < 3*inboxFrames; i++ {
		if n, seq, err := b.read(buf); n != 1 || seq != uint16(i) || buf[0] != byte(i) || err != nil {
			t.Fatal(i, n, seq, err)
		}
	}
	put(t, voice, arrived(0x80, payloadType, 1, 1))
	b.close()
	put(t, voice, arrived(0x80, payloadType, 2, 2))
	if _, _, err := b.read(buf); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after close: %v", err)
	}
}

func netUDP(at netip.AddrPort) *net.UDPAddr { return net.UDPAddrFromAddrPort(at) }

// sunk is a socket whose packets nobody receives.
type sunk struct{ net.PacketConn }

func (sunk) WriteTo(p []byte, _ net.Addr) (int, error) { return len(p), nil }

func TestTheGuardLetsInWhatTheRelayMeantForUs(t *testing.T) {
	relay, other := netUDP(netip.MustParseAddrPort("203.0.113.1:3478")), netUDP(netip.MustParseAddrPort("203.0.113.1:3479"))
	message := func(method stun.Method, class stun.MessageClass, attributes ...stun.Setter) []byte {
		m, err := stun.Build(append([]stun.Setter{stun.TransactionID, stun.NewType(method, class)}, attributes...)...)
		if err != nil {
			t.Fatal(err)
		}
		return m.Raw
	}
	attribute := func(kind stun.AttrType, v ...byte) stun.Setter { return stun.RawAttribute{Type: kind, Value: v} }
	peer := attribute(stun.AttrXORPeerAddress, 0, 1, 1, 2, 3, 4, 5, 6)
	data := attribute(stun.AttrData, 1, 2, 3)
	success := message(stun.MethodAllocate, stun.ClassSuccessResponse)

	g := newGuard(sunk{}, func() {})
	if g.wants(success, relay) {
		t.Error("an answer before anything was asked")
	}
	bind := message(stun.MethodChannelBind, stun.ClassRequest, attribute(stun.AttrChannelNumber, 0x40, 0x02, 0, 0))
	if _, err := g.WriteTo(bind, relay); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		p    []byte
		from *net.UDPAddr
		want bool
	}{
		{"a response", success, relay, true},
		{"an error response", message(stun.MethodRefresh, stun.ClassErrorResponse), relay, true},
		{"data of a peer", message(stun.MethodData, stun.ClassIndication, peer, data), relay, true},
		{"channel data", []byte{0x40, 0x02, 0, 2, 1, 2}, relay, true},
		{"padded channel data", []byte{0x40, 0x02, 0, 2, 1, 2, 0, 0}, relay, true},

		{"a response from another port", success, other, false},
		{"channel data from another port", []byte{0x40, 0x02, 0, 2, 1, 2}, other, false},
		{"a channel that nobody asked for", []byte{0x40, 0x03, 0, 2, 1, 2}, relay, false},
		{"less channel data than announced", []byte{0x40, 0x02, 0, 9, 1, 2}, relay, false},
		{"a request", message(stun.MethodBinding, stun.ClassRequest), relay, false},
		{"data of nobody", message(stun.MethodData, stun.ClassIndication, data), relay, false},
		{"no data of a peer", message(stun.MethodData, stun.ClassIndication, peer), relay, false},
		{"an address that ends early", message(stun.MethodData, stun.ClassIndication, attribute(stun.AttrXORPeerAddress, 0, 1, 1), data), relay, false},
		{"half a response", success[:18], relay, false},
		{"a response with an attribute that ends early", append(append([]byte{}, success[:2]...), append([]byte{0, 4}, append(success[4:], 0, 1, 0, 9)...)...), relay, false},
		{"nothing", nil, relay, false},
		{"noise", []byte{0xff, 1, 2, 3, 4, 5, 6, 7}, relay, false},
	} {
		if got := g.wants(c.p, c.from); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func FuzzGuard(f *testing.F) {
	f.Add([]byte{0x40, 0x02, 0, 2, 1, 2})
	f.Add(make([]byte, 20))
	f.Fuzz(func(t *testing.T, p []byte) {
		relay := netUDP(netip.MustParseAddrPort("203.0.113.1:3478"))
		g := newGuard(sunk{}, func() {})
		_, _ = g.WriteTo(p, relay) // what we send is looked at, too
		if g.wants(p, relay) && len(p) < 4 {
			t.Error("too short to be anything")
		}
	})
}
