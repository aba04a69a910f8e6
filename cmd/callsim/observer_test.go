package main

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"
)

var (
	alice = netip.MustParseAddrPort("192.0.2.1:1000")
	bob   = netip.MustParseAddrPort("192.0.2.2:2000")
	// spoken stands for an Opus frame.
	spoken = []byte("\x78\x0bthe quick brown fox jumps over it")
)

// channelData wraps payload as RFC 8656 section 12.4 says.
func channelData(payload []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, firstChannel+1)
	b = binary.BigEndian.AppendUint16(b, uint16(len(payload)))
	return append(b, payload...)
}

// indication is a Send or Data indication with payload behind another attribute.
func indication(kind uint16, payload []byte) []byte {
	attribute := func(b []byte, kind uint16, value []byte) []byte {
		b = binary.BigEndian.AppendUint16(b, kind)
		b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
		b = append(b, value...)
		return append(b, make([]byte, -len(value)&3)...)
	}
	body := attribute(nil, 0x0012, []byte{0, 1, 2, 3, 4, 5, 6, 7})
	body = attribute(body, stunAttrData, payload)
	b := binary.BigEndian.AppendUint16(nil, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
	b = append(b, 0x21, 0x12, 0xa4, 0x42)
	b = append(b, "transactions"...)
	return append(b, body...)
}

// rtp is a voice packet of so many bytes.
func rtp(size int) []byte {
	b := make([]byte, size)
	b[0], b[1] = 0x80, 111
	for i := minimumRTP; i < size; i++ {
		b[i] = byte(i)
	}
	return b
}

func TestObserverFindsWhatMustNotBeSeen(t *testing.T) {
	// covers P6
	inside := slices.Concat([]byte("before"), spoken[5:5+needleBytes], []byte("behind"))
	for about, test := range map[string]struct {
		packet []byte
		want   uint64
	}{
		"a frame in ChannelData":             {channelData(append(rtp(minimumRTP), spoken...)), 1},
		"a frame in a Send indication":       {indication(stunSend, spoken), 1},
		"a frame in a Data indication":       {indication(stunData, spoken), 1},
		"a frame as it is":                   {spoken, 1},
		"two frames in one packet":           {slices.Concat(spoken, spoken), 1},
		"eight bytes of it anywhere":         {inside, 1},
		"seven bytes of it":                  {slices.Concat([]byte{0, 0, 0}, spoken[5:5+needleBytes-1], []byte{0, 0, 0}), 0},
		"another frame":                      {channelData(rtp(120)), 0},
		"the counters of a DTLS record":      {slices.Concat([]byte{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 120, 1, 0, 0, 108}, make([]byte, 60)), 0},
		"padding of zeros":                   {channelData(make([]byte, 300)), 0},
		"an empty packet":                    {nil, 0},
		"a packet shorter than it can match": {spoken[:3], 0},
	} {
		o := newObserver()
		o.secret(spoken)
		// Silence is nearly all zeros: it would be found in everything, so it is no secret.
		o.secret([]byte{0xf8, 0xff, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 120, 1, 0, 0, 108})
		o.packet(alice, true, test.packet)
		if got := o.privacy("relay").PlaintextSeen; got != test.want {
			t.Errorf("%s counts %d times, not %d", about, got, test.want)
		}
	}
}

func TestObserverTakesCiphertextForCiphertext(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	o := newObserver()
	frame, packet := make([]byte, 80), make([]byte, 148)
	for range 500 {
		_, _ = random.Read(frame)
		o.secret(frame)
	}
	for range 2000 {
		_, _ = random.Read(packet)
		o.packet(alice, true, packet)
	}
	if got := o.privacy("relay").PlaintextSeen; got != 0 {
		t.Errorf("%d of 2000 random packets hold a secret", got)
	}
}

func TestObserverReadsEnvelopesAndPassesThemOn(t *testing.T) {
	// covers P6
	o := newObserver()
	o.secret(spoken)
	var served [][]byte
	h := o.watchHTTP(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		_, _ = b.ReadFrom(r.Body)
		served = append(served, b.Bytes())
	}))
	clean, open := make([]byte, 4096), make([]byte, 4095)
	copy(open[100:], spoken)
	for _, body := range [][]byte{clean, open, clean} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/v1/envelopes", bytes.NewReader(body)))
	}
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/v1/accounts", bytes.NewReader(spoken)))
	p := o.privacy("relay")
	if p.Envelopes != 3 || p.PlaintextSeen != 1 || !slices.Equal(p.EnvelopeSizes, []int{4095, 4096}) {
		t.Errorf("%d envelopes of sizes %v, %d with plaintext; want 3 of 4095 and 4096, 1", p.Envelopes, p.EnvelopeSizes, p.PlaintextSeen)
	}
	if len(served) != 4 || !bytes.Equal(served[1], open) {
		t.Error("the server did not get what the phones sent")
	}
}

func TestObserverCountsSizesOfVoiceInEachDirection(t *testing.T) {
	// covers M5
	o := newObserver()
	for range 3 {
		o.packet(alice, true, channelData(rtp(140)))
		o.packet(alice, false, channelData(rtp(141)))
		o.packet(bob, true, channelData(rtp(142)))
	}
	p := o.privacy("relay")
	if p.DistinctPacketSizes != 1 || p.VoicePackets != 9 || !slices.Equal(p.PacketSizes, []int{144, 145, 146}) {
		t.Errorf("three flows with a size each are %d sizes, %d packets of %v", p.DistinctPacketSizes, p.VoicePackets, p.PacketSizes)
	}
	// What is not voice may have any size.
	rtcp := rtp(60)
	rtcp[1] = 200
	for _, other := range [][]byte{channelData(rtcp), channelData([]byte{22, 254, 253, 0}), indication(stunSend, rtcp), make([]byte, 20), {0x40}, {0x40, 1, 0, 9, 1}} {
		o.packet(alice, true, other)
	}
	if got := o.privacy("relay"); got.DistinctPacketSizes != 1 || got.VoicePackets != 9 {
		t.Errorf("what is not voice makes it %d sizes, %d packets", got.DistinctPacketSizes, got.VoicePackets)
	}
	o.packet(bob, true, indication(stunSend, rtp(142)))
	if got := o.privacy("relay").DistinctPacketSizes; got != 2 {
		t.Errorf("a second size in one direction makes %d, not 2", got)
	}
}

// The wrapped sockets are looked at in both directions, and pass everything on.
func TestObserverWatchesRealSockets(t *testing.T) {
	for _, where := range []string{"relay", "phone"} {
		o := newObserver()
		o.secret(spoken)
		phone, relay := listen(t), listen(t)
		phoneAddr, relayAddr := phone.LocalAddr(), relay.LocalAddr()
		if where == "relay" {
			relay = o.watchRelay(relay)
		} else {
			phone = o.watchPhone(phone)
		}
		exchange := func(from, to net.PacketConn, at net.Addr, b []byte) {
			t.Helper()
			if _, err := from.WriteTo(b, at); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 1500)
			n, _, err := to.ReadFrom(got)
			if err != nil || !bytes.Equal(got[:n], b) {
				t.Fatalf("received %x, %v; want %x", got[:n], err, b)
			}
		}
		exchange(phone, relay, relayAddr, channelData(rtp(140)))
		exchange(relay, phone, phoneAddr, channelData(rtp(150)))
		exchange(relay, phone, phoneAddr, channelData(spoken))
		exchange(phone, relay, relayAddr, channelData(spoken))
		p := o.privacy(where)
		if p.VoicePackets != 2 || p.DistinctPacketSizes != 1 || p.PlaintextSeen != 2 || p.Observer != where {
			t.Errorf("at the %s: %d voice packets, %d sizes, %d with plaintext; want 2, 1, 2", where, p.VoicePackets, p.DistinctPacketSizes, p.PlaintextSeen)
		}
	}
}

func listen(t *testing.T) net.PacketConn {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}
