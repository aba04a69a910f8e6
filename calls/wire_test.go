package calls_test

import (
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/callstate"
)

// One size and one spacing over speech, silence, mute and a hang-up; and not one packet of voice before the key exists.
// covers M1, M5
func TestTheWireShowsNothingOfWhatIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		alice, bob := w.person(aliceIP), w.person(bobIP)
		befriend(alice, bob)
		wire := &capture{}
		w.SetTap(wire.see)
		caller := alice.dial(bob)
		callee := bob.wantRing()
		time.Sleep(3 * time.Second)
		if wire.voice() != 0 {
			t.Errorf("%d packets of voice before anybody accepted", wire.voice())
		}
		must(t, callee.Accept(bob.audio()))
		wantState(t, caller, calls.StateTalking)
		alice.wantVoice()
		time.Sleep(10 * time.Second) // speech
		caller.Mute(true)
		time.Sleep(10 * time.Second)
		caller.Mute(false)
		callee.Mute(true)
		time.Sleep(10 * time.Second)
		callee.Hangup()
		wantResult(t, caller, callstate.HungUp)
		wantResult(t, callee, callstate.HungUp)
		wire.mu.Lock()
		defer wire.mu.Unlock()
		for _, from := range []netip.Addr{aliceIP, bobIP} {
			packets := wire.from[from]
			if len(packets) < 30*50 {
				t.Fatalf("%d packets of voice", len(packets))
			}
			for i, p := range packets {
				if p.size != packets[0].size {
					t.Fatalf("packet %d has %d bytes, the first has %d", i, p.size, packets[0].size)
				}
				if i > 0 && p.at.Sub(packets[i-1].at) != 20*time.Millisecond {
					t.Fatalf("packet %d comes %v after the one before", i, p.at.Sub(packets[i-1].at))
				}
			}
		}
	})
}

// capture is what somebody on the phones' wires sees of voice.
type capture struct {
	mu   sync.Mutex
	from map[netip.Addr][]packet
}

type packet struct {
	at   time.Time
	size int
}

// see keeps RTP inside ChannelData, from the phones to the relay.
func (c *capture) see(from, _ netip.AddrPort, p []byte) bool {
	const channelHeader = 4
	if from.Addr() == relayIP || len(p) < channelHeader+12 || p[0]>>6 != 1 || p[channelHeader]>>6 != 2 || p[channelHeader+1]&0x7F >= 64 && p[channelHeader+1]&0x7F < 96 {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.from == nil {
		c.from = make(map[netip.Addr][]packet)
	}
	c.from[from.Addr()] = append(c.from[from.Addr()], packet{time.Now(), len(p)})
	return false
}

func (c *capture) voice() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, packets := range c.from {
		n += len(packets)
	}
	return n
}
