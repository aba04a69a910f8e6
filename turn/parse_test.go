package turn

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/pion/stun/v4"
)

// header is a STUN header with any length.
func header(kind uint16, length int) []byte {
	b := binary.BigEndian.AppendUint16(nil, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(length))
	b = binary.BigEndian.AppendUint32(b, stunMagic)
	return append(b, "transaction!"...)
}

// covers T1 (datagrams; a length that wraps around spins other relays)
func TestLengthsNearTheLimitAreRefused(t *testing.T) {
	for length := 0xFFE0; length <= 0xFFFF; length++ {
		for size := range 64 {
			b := append(header(allocateRequest, length), make([]byte, size)...)
			if new(message).parse(b) {
				t.Fatalf("STUN of length %#x taken with %d bytes", length, size)
			}
			b = append(header(allocateRequest, size), make([]byte, size)...)
			if size >= attributeHeader {
				binary.BigEndian.PutUint16(b[stunHeader:], attrData)
				binary.BigEndian.PutUint16(b[stunHeader+2:], uint16(length))
				if new(message).parse(b) {
					t.Fatalf("attribute of length %#x taken with %d bytes", length, size)
				}
			}
			b = binary.BigEndian.AppendUint16(nil, firstChannel)
			b = binary.BigEndian.AppendUint16(b, uint16(length))
			if _, _, ok := parseChannelData(append(b, make([]byte, size)...)); ok {
				t.Fatalf("ChannelData of length %#x taken with %d bytes", length, size)
			}
		}
	}
}

// covers T2 (CVE-2026-54909 and kin: a codec that trusts the length of an address panics)
func TestAddressesOfAnyLengthPanicNobody(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		alice, bob := w.call()
		kinds := []uint16{attrPeerAddress, attrRelayedAddress, attrMappedAddress, 0x0001, 0x8023, 0x802b, 0x802c, 0x8022}
		sent := 0
		for _, method := range []uint16{bindingRequest, allocateRequest, refreshRequest, createPermissionRequest, channelBindRequest, sendIndication, dataIndication} {
			for _, kind := range kinds {
				for size := range 41 {
					for _, total := range []int{20, 24, 28, 32, 48, 64, 128, 256, 512} {
						for _, fam := range []byte{0, 1, 2, 255} {
							v := make([]byte, size)
							if size > 1 {
								v[1] = fam
							}
							b := appendAttribute(header(method, 0), kind, v)
							for len(b)+8 <= total {
								b = appendAttribute(b, attrData, make([]byte, min(100, total-len(b)-4)&^3))
							}
							putLength(b, 0)
							alice.write(b)
							if len(b) > total {
								alice.write(b[:total])
							}
							if sent++; sent%100 == 0 {
								for alice.readNow() != nil {
								}
							}
						}
					}
				}
			}
		}
		for alice.read() != nil {
		}
		alice.send(bob.relayed, "still here")
		bob.wantData(alice.relayed, "still here")
	})
}

func TestParseTakesWhatTheRFCSaysAndNoMore(t *testing.T) {
	attr := func(kind uint16, v ...byte) []byte { return appendAttribute(nil, kind, v) }
	msg := func(attrs ...[]byte) []byte {
		b := header(allocateRequest, 0)
		for _, a := range attrs {
			b = append(b, a...)
		}
		putLength(b, 0)
		return b
	}
	many := func(n int) []byte {
		var all [][]byte
		for range n {
			all = append(all, attr(attrData))
		}
		return msg(all...)
	}
	fingerprinted := appendFingerprint(msg(attr(attrTransport, 17, 0, 0, 0)))
	broken := append([]byte(nil), fingerprinted...)
	broken[len(broken)-1] ^= 1
	after := append(append([]byte(nil), fingerprinted...), attr(attrData)...)
	putLength(after, 0)
	magic := msg()
	magic[4] ^= 1
	for _, tt := range []struct {
		why  string
		b    []byte
		want bool
	}{
		{"nothing but a header", msg(), true},
		{"a transport", msg(attr(attrTransport, 17, 0, 0, 0)), true},
		{"an odd attribute with padding", msg(attr(attrUsername, 'x')), true},
		{"the most attributes", many(maxAttributes), true},
		{"one more", many(maxAttributes + 1), false},
		{"a fingerprint", fingerprinted, true},
		{"a wrong fingerprint", broken, false},
		{"a fingerprint that is not last", after, false},
		{"no magic", magic, false},
		{"an empty username", msg(attr(attrUsername)), false},
		{"a long username", msg(attr(attrUsername, make([]byte, 509)...)), false},
		{"a short transport", msg(attr(attrTransport, 17)), false},
		{"a long lifetime", msg(attr(attrLifetime, 1, 2, 3, 4, 5)), false},
		{"an integrity of 19 bytes", msg(attr(attrIntegrity, make([]byte, 19)...)), false},
		{"a truncated SHA-256", msg(attr(attrIntegritySHA256, make([]byte, 16)...)), true},
		{"a SHA-256 truncated too far", msg(attr(attrIntegritySHA256, make([]byte, 12)...)), false},
		{"an IPv4 peer", msg(attr(attrPeerAddress, 0, 1, 2, 3, 4, 5, 6, 7)), true},
		{"an IPv6 peer of IPv4 length", msg(attr(attrPeerAddress, 0, 2, 2, 3, 4, 5, 6, 7)), false},
		{"bytes after the message", append(msg(), 0, 0, 0, 0), false},
		{"a cut header", msg()[:19], false},
	} {
		if got := new(message).parse(tt.b); got != tt.want {
			t.Errorf("%s: %v", tt.why, got)
		}
	}
}

func TestChannelDataLimits(t *testing.T) {
	for _, tt := range []struct {
		b    string
		want bool
	}{
		{"\x40\x00\x00\x00", true}, {"\x4F\xFF\x00\x01x", true}, {"\x40\x00\x00\x01x\x00\x00\x00", true},
		{"\x40\x00\x00\x01x\x00\x00\x00\x00", false}, {"\x40\x00\x00\x02x", false}, {"\x40\x00\x00", false}, {"", false},
		{"\x3F\xFF\x00\x00", false}, {"\x50\x00\x00\x00", false}, {"\x7F\xFF\x00\x00", false},
	} {
		if _, _, ok := parseChannelData([]byte(tt.b)); ok != tt.want {
			t.Errorf("%x: %v", tt.b, ok)
		}
	}
}

// readNow returns a packet that is there already, or nil.
func (c *client) readNow() []byte { return c.readWithin(0) }

// covers T11
func FuzzMessage(f *testing.F) {
	f.Add(header(bindingRequest, 0))
	for _, setters := range [][]stun.Setter{
		{stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), udp, requested(family6), stun.Fingerprint},
		{stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), peer(at4(5000)), raw(stun.AttrData, []byte("data"))},
		{
			stun.TransactionID, stun.NewType(stun.MethodChannelBind, stun.ClassRequest), peer(at6(5000)), number(0x4000), stun.NewUsername("1:x"),
			stun.NewRealm("r"), stun.NewNonce("n"), stun.NewLongTermIntegrity("1:x", "r", "p"), stun.Fingerprint,
		},
	} {
		m, err := stun.Build(setters...)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(m.Raw)
	}
	h := newBench(f).worker.hasher
	f.Fuzz(func(t *testing.T, b []byte) {
		b = append([]byte(nil), b...)
		fix(b)
		before := string(b)
		var m message
		if !m.parse(b) {
			return
		}
		theirs := &stun.Message{Raw: append([]byte(nil), b...)}
		if err := theirs.Decode(); err != nil {
			t.Fatalf("another codec refuses what is taken here: %v", err)
		}
		if theirs.TransactionID != m.transaction() || theirs.Type.Value() != m.kind {
			t.Error("type or transaction differs")
		}
		for _, a := range m.attrs[:m.n] {
			// Theirs takes old types for new ones (RFC 3489), so ask for the raw one.
			found := false
			for _, r := range theirs.Attributes {
				found = found || string(r.Value) == string(m.value(a))
			}
			if !found {
				t.Errorf("attribute %#x differs", a.kind)
			}
			if a.kind == attrPeerAddress {
				at := parseXORAddress(m.value(a), m.transaction())
				if again := appendXORAddress(nil, at, m.transaction()); string(again[1:]) != string(m.value(a)[1:]) {
					t.Error("an address changes when written again")
				}
			}
		}
		m.lacksUnderstanding()
		if seal, ok := m.integrity(); ok {
			h.sealed(&m, seal, new(integrityKey))
			if seal.kind == attrIntegrity {
				ours, other := h.sealed(&m, seal, new(integrityKey)), stun.MessageIntegrity(make([]byte, 16)).Check(theirs) == nil
				if ours != other && m.firstIntegrity(seal) {
					t.Errorf("seal: %v here, %v there", ours, other)
				}
			}
		}
		if string(b) != before {
			t.Error("reading changes the message")
		}
	})
}

// firstIntegrity is false when a seal is not what the other codec would look at: the first of its type.
func (m *message) firstIntegrity(seal attribute) bool {
	for _, a := range m.attrs[:m.n] {
		if a.kind == attrIntegrity {
			return a == seal
		}
	}
	return false
}

// fix makes most inputs messages, so that the fuzzer need not guess lengths and sums.
func fix(b []byte) {
	if len(b) < stunHeader {
		return
	}
	b[0] &= 0x3F
	putLength(b, 0)
	binary.BigEndian.PutUint32(b[4:], stunMagic)
	if n := len(b); n >= stunHeader+8 && binary.BigEndian.Uint32(b[n-8:]) == attrFingerprint<<16|4 {
		binary.BigEndian.PutUint32(b[n-4:], crc32.ChecksumIEEE(b[:n-8])^fingerprintXOR)
	}
}

func FuzzChannelData(f *testing.F) {
	f.Add(channelData(0x4000, "data"))
	f.Add(append(channelData(0x4FFF, "x"), 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, end, ok := parseChannelData(b)
		if !ok {
			return
		}
		again := channelData(n, string(b[channelHeader:end]))
		if string(again) != string(b[:end]) || len(b)-end > maxPadding {
			t.Errorf("%x is read as %x", b, again)
		}
	})
}
