package media

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
)

// packet is the readable part of one voice packet on the wire.
type packet struct {
	at        time.Time
	first     byte
	kind      byte
	seq       uint16
	timestamp uint32
	ssrc      uint32
	size      int
}

// tapRTP collects what looks like RTP inside ChannelData sent by a phone.
func (w *world) tapRTP(into *[]packet) {
	w.SetTap(func(from, to netip.AddrPort, p []byte) bool {
		if isRelay(from) || !isRelay(to) || len(p) < 16 || p[0] < 0x40 || p[0] > 0x4f || p[4] < 128 || p[4] > 191 {
			return false
		}
		b := p[4:]
		*into = append(*into, packet{
			at: time.Now(), first: b[0], kind: b[1], seq: binary.BigEndian.Uint16(b[2:]),
			timestamp: binary.BigEndian.Uint32(b[4:]), ssrc: binary.BigEndian.Uint32(b[8:]), size: len(p),
		})
		return false
	})
}

// covers M6, and M5 for what media adds to a frame: one packet of one size for each, when it is written.
func TestThePacketHeaderTellsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		defer w.stop()
		seqs, stamps, sources := make(map[uint16]bool), make(map[uint32]bool), make(map[uint32]bool)
		const calls = 4
		for range calls {
			var seen []packet
			alice, bob := w.connected()
			w.tapRTP(&seen)
			talk(t, alice, bob, 50)
			w.SetTap(nil)
			if len(seen) != 50 {
				t.Fatalf("%d packets on the wire for 50 frames", len(seen))
			}
			for i, p := range seen {
				if p.first != 0x80 || p.kind != payloadType || p.size != seen[0].size || p.ssrc != seen[0].ssrc {
					t.Errorf("packet %d: first byte %x, second %x, %d bytes: an extension, a marker, padding or another source", i, p.first, p.kind, p.size)
				}
				if i == 0 {
					continue
				}
				if last := seen[i-1]; p.seq != last.seq+1 || p.timestamp != last.timestamp+frameTicks || p.at.Sub(last.at) != 20*time.Millisecond {
					t.Errorf("packet %d does not follow its predecessor by one frame", i)
				}
			}
			seqs[seen[0].seq], stamps[seen[0].timestamp], sources[seen[0].ssrc] = true, true, true
			_, _ = alice.Close(), bob.Close()
		}
		// Four numbers of 16 bits have two equal ones once in ten thousand runs, all four once in 10^14.
		if len(seqs) < 2 || len(stamps) < 2 || len(sources) < 2 {
			t.Error("sequence, timestamp and source do not start at random")
		}
	})
}

// tapContacts collects who is sent something, directly or through the relay, and what permissions are asked for.
func (w *world) tapContacts(contacts map[netip.Addr]bool) {
	w.SetTap(func(_, to netip.AddrPort, p []byte) bool {
		contacts[to.Addr()] = true
		m := stun.Message{Raw: append([]byte(nil), p...)}
		if !isSTUN(p) || m.Decode() != nil {
			return false
		}
		_ = m.ForEach(stun.AttrXORPeerAddress, func(m *stun.Message) error {
			var peer stun.XORMappedAddress
			if peer.GetFromAs(m, stun.AttrXORPeerAddress) == nil {
				a, _ := netip.AddrFromSlice(peer.IP)
				contacts[a.Unmap()] = true
			}
			return nil
		})
		return false
	})
}

// covers T14. Names instead of addresses cannot be said at all: a candidate is a netip.AddrPort.
func TestOnlyRelaysAreEverContacted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		defer w.stop()
		alice, dA := w.gathered(w.config(Caller))
		bob, dB := w.gathered(w.config(Callee))
		probes := []string{
			"192.168.1.1:80", "10.0.0.1:443", "172.16.0.9:22", "100.64.0.1:80", "127.0.0.1:22", "169.254.169.254:80",
			"[fe80::1]:1", "[fd00::1]:80", "[::1]:80", "[::ffff:10.0.0.1]:9", "224.0.0.1:5000", "[ff02::fb]:5353",
			"255.255.255.255:67", "0.0.0.0:1", "203.0.113.7:0",
		}
		for _, bad := range probes {
			dB.Candidates = append(dB.Candidates, Candidate{Addr: netip.MustParseAddrPort(bad), Priority: 1 << 30})
		}
		contacts := make(map[netip.Addr]bool)
		w.tapContacts(contacts)
		if errA, errB := connect(alice, bob, dB, dA); errA != nil || errB != nil {
			t.Error(errA, errB)
		}
		if got := alice.Stats().RefusedRemotes; got != uint64(len(probes)) {
			t.Errorf("%d of %d addresses were refused", got, len(probes))
		}
		if err := alice.AddCandidates([]Candidate{{Addr: netip.MustParseAddrPort("10.1.2.3:4")}}); !errors.Is(err, ErrCandidate) {
			t.Errorf("a private address during the call: %v", err)
		}
		talk(t, alice, bob, 50)
		w.SetTap(nil)
		for a := range contacts {
			if a.String() != relayIP && a.String() != aliceIP && a.String() != bobIP {
				t.Errorf("%v is neither the relay nor a phone", a)
			}
		}
		_, _ = alice.Close(), bob.Close()
	})
}

// covers T14
func TestAThousandCandidatesAreAProbeAndNotACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		defer w.stop()
		alice, dA := w.gathered(w.config(Caller))
		bob, dB := w.gathered(w.config(Callee))
		addr := netip.MustParseAddr("198.18.0.1")
		for range 1000 {
			dB.Candidates = append(dB.Candidates, Candidate{Addr: netip.AddrPortFrom(addr, 9), Priority: 1})
			addr = addr.Next()
		}
		contacts := make(map[netip.Addr]bool)
		w.tapContacts(contacts)
		if errA, errB := connect(alice, bob, dB, dA); errA != nil || errB != nil {
			t.Error(errA, errB)
		}
		w.SetTap(nil)
		for _, known := range []string{relayIP, aliceIP, bobIP} {
			delete(contacts, netip.MustParseAddr(known))
		}
		if len(contacts) == 0 || len(contacts) >= MaxCandidates {
			t.Errorf("%d were contacted; some must be, or this test sees nothing", len(contacts))
		}
		if got := alice.Stats().RefusedRemotes; got != 1001-MaxCandidates {
			t.Errorf("%d were refused", got)
		}
		_, _ = alice.Close(), bob.Close()
	})
}

// Anybody may send to a phone's socket, if he finds it: that is counted, and the call goes on.
func TestJunkOnTheSocketDoesNotEndTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		defer w.stop()
		victims := make(map[netip.AddrPort]bool)
		w.SetTap(func(from, _ netip.AddrPort, _ []byte) bool {
			if !isRelay(from) {
				victims[from] = true
			}
			return false
		})
		alice, bob := w.connected()
		w.SetTap(nil)
		stranger, err := w.host("203.0.113.66")("udp4", "0.0.0.0:0")
		if err != nil {
			t.Fatal(err)
		}
		for at := range victims {
			for _, junk := range [][]byte{{}, {0}, {0x40, 0, 0, 0}, {0x40, 0, 0xff, 0xff}, make([]byte, 20), make([]byte, 1500)} {
				if _, err := stranger.WriteTo(junk, netUDP(at)); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(time.Second)
		talk(t, alice, bob, 10)
		talk(t, bob, alice, 10)
		if a, b := alice.Stats().PacketsJunk, bob.Stats().PacketsJunk; a != 6 || b != 6 {
			t.Errorf("%d and %d junk packets counted", a, b)
		}
		_ = stranger.Close()
		_, _ = alice.Close(), bob.Close()
	})
}
