package turn

import (
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// covers T7 (bandwidth)
func TestAnAllocationAboveItsRateIsCutAndOthersAreNot(t *testing.T) {
	const rate, size = 10_000, 136 // with the overhead, 200 bytes
	inWorld(t, func(c *Config) { c.BytesPerSecond = rate }, func(t *testing.T, w *world) {
		alice, bob := w.call()
		carol, dave := w.call()
		for _, pair := range [][2]*client{{alice, bob}, {bob, alice}, {carol, dave}} {
			pair[0].want(0, stun.MethodChannelBind, number(0x4000), peer(pair[1].relayed))
		}
		start := w.server.Stats()
		for range 1000 { // at 100 times the rate, for a second
			for range 5 {
				alice.sendChannel(0x4000, string(make([]byte, size-channelHeader)))
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Millisecond)
		s := w.server.Stats()
		if got := s.Forwarded - start.Forwarded; got < 95 || got > 105 { // the burst of a second and the second
			t.Errorf("%d forwarded, want 100", got)
		}
		if s.Drops[DropBandwidth] < 4800 {
			t.Errorf("%+v", s)
		}
		for bob.read() != nil {
		}
		bob.sendChannel(0x4000, "the other side has its own")
		alice.wantChannel(0x4000, "the other side has its own")
		carol.sendChannel(0x4000, "and so have others")
		dave.wantData(carol.relayed, "and so have others")
		alice.send(bob.relayed, "by Send as well")
		bob.wantChannel(0x4000, "by Send as well") // after a second of silence
	})
}
