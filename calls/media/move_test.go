package media

import (
	"bytes"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/taciturn-voice/taciturn/calls/netsim"
)

// voiceStream is voice from one phone to another: a frame each 20 ms, and when they arrived.
type voiceStream struct {
	mu       sync.Mutex
	last     time.Time
	longest  time.Duration
	received int
	stop     chan struct{}
	wg       sync.WaitGroup
}

func speak(from, to *Conn) *voiceStream {
	s := &voiceStream{last: time.Now(), stop: make(chan struct{})}
	s.wg.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		frame := bytes.Repeat([]byte{7}, frameBytes)
		for {
			select {
			case <-tick.C:
				_ = from.WriteFrame(frame)
			case <-s.stop:
				return
			}
		}
	})
	s.wg.Go(func() {
		buf := make([]byte, MaxFrameBytes)
		for {
			if _, _, err := to.ReadFrame(buf); err != nil {
				return
			}
			s.mu.Lock()
			s.longest, s.last = max(s.longest, time.Since(s.last)), time.Now()
			s.received++
			s.mu.Unlock()
		}
	})
	return s
}

// gap is the longest pause since the last call, the present one included.
func (s *voiceStream) gap() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	longest := max(s.longest, time.Since(s.last))
	s.longest = 0
	return longest
}

// pair is two phones that talk.
type pair struct {
	alice, bob     *Conn
	toBob, toAlice *voiceStream
}

// talking connects two phones that tell one another of new addresses, over signaling that takes so long; 0: there is none.
func (w *world) talking(signaling time.Duration) *pair {
	w.t.Helper()
	p := &pair{}
	cfgA, cfgB := w.config(Caller), w.config(Callee)
	tell := func(to func() *Conn) func([]Candidate) {
		return func(c []Candidate) {
			if signaling > 0 {
				time.AfterFunc(signaling, func() { _ = to().AddCandidates(c) })
			}
		}
	}
	cfgA.OnCandidates = tell(func() *Conn { return p.bob })
	cfgB.OnCandidates = tell(func() *Conn { return p.alice })
	var dA, dB Description
	p.alice, dA = w.gathered(cfgA)
	p.bob, dB = w.gathered(cfgB)
	if errA, errB := connect(p.alice, p.bob, dB, dA); errA != nil || errB != nil {
		w.t.Fatal(errA, errB)
	}
	p.toBob, p.toAlice = speak(p.alice, p.bob), speak(p.bob, p.alice)
	time.Sleep(time.Second)
	p.gaps()
	return p
}

func (p *pair) gaps() time.Duration { return max(p.toBob.gap(), p.toAlice.gap()) }

func (p *pair) close() {
	close(p.toBob.stop)
	close(p.toAlice.stop)
	_, _ = p.alice.Close(), p.bob.Close()
	p.toBob.wg.Wait()
	p.toAlice.wg.Wait()
}

// A phone that leaves its network allocates again from the new one and checks the new path, before the peer has heard of it
// by any other way: the gap is a few round trips, and signaling is not needed. covers N3
func TestAPhoneThatMovesIsHeardAgainWithoutSignaling(t *testing.T) {
	for _, role := range []Role{Caller, Callee} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 20*time.Millisecond)
			defer w.stop()
			p := w.talking(0)
			conn := p.alice
			if role == Callee {
				conn = p.bob
			}
			if err := w.phone(role).Move(netip.MustParseAddr("192.0.2.77"), netsim.Profile{}, 0); err != nil {
				t.Fatal(err)
			}
			conn.NetworkChanged()
			time.Sleep(3 * time.Second)
			if gap := p.gaps(); gap > 400*time.Millisecond {
				t.Errorf("the %v moves: a gap of %v", role, gap)
			}
			time.Sleep(30 * time.Second)
			if gap := p.gaps(); gap > 40*time.Millisecond {
				t.Errorf("and later another of %v, when the old path was given up", gap)
			}
			if n := len(conn.paths.live()); n != 1 {
				t.Errorf("%d paths are left", n)
			}
			p.close()
		})
	}
}

// A phone whose networks overlap moves without a gap: the old path is used until the new one is proven.
func TestMovingBeforeTheOldNetworkIsGoneCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 20*time.Millisecond)
		defer w.stop()
		p := w.talking(0)
		p.bob.NetworkChanged()
		time.Sleep(30 * time.Second)
		if gap := p.gaps(); gap > 40*time.Millisecond {
			t.Errorf("a gap of %v", gap)
		}
		if s := p.bob.Stats(); s.PathsOpened != 2 {
			t.Errorf("%d paths", s.PathsOpened)
		}
		p.close()
	})
}

// Both move at once: neither can reach the other where it was, so signaling has to say where they are.
func TestBothMoveAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 20*time.Millisecond)
		defer w.stop()
		p := w.talking(80 * time.Millisecond)
		for role, to := range map[Role]string{Caller: "192.0.2.77", Callee: "198.51.100.77"} {
			if err := w.phone(role).Move(netip.MustParseAddr(to), netsim.Profile{}, 0); err != nil {
				t.Fatal(err)
			}
		}
		p.alice.NetworkChanged()
		p.bob.NetworkChanged()
		time.Sleep(3 * time.Second)
		if gap := p.gaps(); gap > 600*time.Millisecond {
			t.Errorf("a gap of %v", gap)
		}
		time.Sleep(30 * time.Second)
		if gap := p.gaps(); gap > 40*time.Millisecond {
			t.Errorf("and later another of %v", gap)
		}
		p.close()
	})
}

// The relay dies and comes back knowing nobody. covers N4
func TestARelayThatIsRestartedIsUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 20*time.Millisecond)
		p := w.talking(80 * time.Millisecond)
		w.stop()
		time.Sleep(2 * time.Second)
		w.serve(relayIP)
		defer w.stop()
		back := time.Now()
		for range 20 { // what the layer above does in dead air
			p.alice.Check()
			p.bob.Check()
			time.Sleep(100 * time.Millisecond)
		}
		p.gaps()
		time.Sleep(time.Second)
		if gap := p.gaps(); gap > 40*time.Millisecond {
			t.Errorf("%v after it is back: a gap of %v", time.Since(back), gap)
		}
		p.close()
	})
}

// A browser that moves restarts ICE: new credentials, a new session, the same DTLS and SRTP below the same voice.
func TestAPeerThatRestartsICEIsFollowed(t *testing.T) {
	for _, browser := range []Role{Caller, Callee} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 20*time.Millisecond)
			defer w.stop()
			p := w.talking(80 * time.Millisecond)
			moves, stays := p.alice, p.bob
			if browser == Callee {
				moves, stays = p.bob, p.alice
			}
			// The browser's own restart, played by pion: what it will be told is not known yet.
			before, err := moves.Local()
			if err != nil {
				t.Fatal(err)
			}
			offered := before
			offered.Ufrag, offered.Pwd = "restarted", "restartedrestartedrest"
			if err := stays.Restart(offered); err != nil {
				t.Fatal(err)
			}
			answer, err := stays.Local()
			if err != nil {
				t.Fatal(err)
			}
			if answer.Ufrag == before.Ufrag || answer.Fingerprint == ([32]byte{}) {
				t.Error("the answer to an ICE restart has the old credentials")
			}
			if err := stays.Restart(offered); err != nil {
				t.Errorf("the same again: %v", err)
			}
			if again, _ := stays.Local(); again.Ufrag != answer.Ufrag {
				t.Error("the same credentials again restart nothing")
			}
			if err := stays.Restart(Description{Ufrag: "a\r\nb", Pwd: answer.Pwd}); err == nil {
				t.Error("credentials with a line break are taken")
			}
			p.close()
		})
	}
}

// Two of ours never restart ICE, but they can: both sides have new credentials and voice goes on.
func TestVoiceGoesOnAfterAnICERestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 20*time.Millisecond)
		defer w.stop()
		p := w.talking(80 * time.Millisecond)
		dA, err := p.alice.restartFirst()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.bob.Restart(dA); err != nil {
			t.Fatal(err)
		}
		dB, err := p.bob.Local()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.alice.restartDone(dB); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		p.gaps()
		time.Sleep(time.Second)
		if gap := p.gaps(); gap > 40*time.Millisecond {
			t.Errorf("no voice: a gap of %v", gap)
		}
		p.close()
	})
}

// restartFirst is what a browser's restartIce and createOffer do.
func (c *Conn) restartFirst() (Description, error) {
	offer, err := c.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
	if err == nil {
		err = c.pc.SetLocalDescription(offer)
	}
	if err != nil {
		return Description{}, err
	}
	c.mu.Lock()
	c.login = iceCredentials{attribute(offer.SDP, "ice-ufrag"), attribute(offer.SDP, "ice-pwd")}
	c.mu.Unlock()
	return c.Local()
}

// restartDone takes the answer.
func (c *Conn) restartDone(answer Description) error {
	answer.Fingerprint = c.peer.Fingerprint
	text, err := SDP(c.peerRole(), answer)
	if err != nil {
		return err
	}
	return c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text})
}
