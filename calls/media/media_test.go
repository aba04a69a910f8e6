package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
)

const latency = 5 * time.Millisecond

// frameBytes is the size of a sealed voice frame.
const frameBytes = 115

// talk sends n frames, one each 20 ms exactly, and reads them on the other side.
func talk(t *testing.T, from, to *Conn, n int) {
	t.Helper()
	buf := make([]byte, MaxFrameBytes)
	pace := time.NewTicker(20 * time.Millisecond)
	defer pace.Stop()
	for i := range n {
		<-pace.C
		frame := bytes.Repeat([]byte{byte(i)}, frameBytes)
		if err := from.WriteFrame(frame); err != nil {
			t.Fatal(err)
		}
		k, _, err := to.ReadFrame(buf)
		if err != nil || !bytes.Equal(buf[:k], frame) {
			t.Fatalf("%d bytes: %v", k, err)
		}
	}
}

func TestTwoPhonesExchangeFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		defer w.stop()
		alice, bob := w.connected()
		talk(t, alice, bob, 50)
		talk(t, bob, alice, 50)
		for _, c := range []*Conn{alice, bob} {
			s := c.Stats()
			if s.FramesSent != 50 || s.FramesReceived != 50 || s.State != StateConnected || s.PacketsForeign+s.PacketsDiscard+s.FramesOverrun != 0 {
				t.Errorf("%+v", s)
			}
			if err := c.WriteFrame(nil); !errors.Is(err, ErrFrameSize) {
				t.Errorf("an empty frame: %v", err)
			}
			if err := c.WriteFrame(make([]byte, MaxFrameBytes+1)); !errors.Is(err, ErrFrameSize) {
				t.Errorf("a frame that is too large: %v", err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if _, _, err := c.ReadFrame(nil); !errors.Is(err, ErrClosed) {
				t.Errorf("reading after close: %v", err)
			}
			if err := c.WriteFrame([]byte{1}); !errors.Is(err, ErrClosed) {
				t.Errorf("writing after close: %v", err)
			}
		}
	})
}

func TestAPathIsMadeWithinAFewRoundTrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 20*time.Millisecond) // 80 ms from phone to phone and back
		defer w.stop()
		alice, bob := w.connected()
		// In virtual time this is exact: eight round trips, and no second of waiting hidden in a library.
		if took := alice.Stats().SetupTime; took > 650*time.Millisecond {
			t.Errorf("set-up took %v", took)
		}
		_, _ = alice.Close(), bob.Close()
	})
}

// Some networks let no UDP through: the relay is reached over TCP then, a moment later.
func TestWithoutUDPTheCallGoesOverTCP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		defer w.stop()
		blocked := Relay{URL: "turn:203.0.113.99:3478", Username: relayUser, Password: relayPass}
		stream := Relay{URL: relayURL + "?transport=tcp", Username: relayUser, Password: relayPass}
		cfgA, cfgB := w.config(Caller), w.config(Callee)
		cfgA.Relays = []Relay{blocked, stream}
		start := time.Now()
		alice, dA := w.gathered(cfgA)
		if took := time.Since(start); took < attemptDelay || took > attemptDelay+100*time.Millisecond {
			t.Errorf("an address after %v", took)
		}
		bob, dB := w.gathered(cfgB)
		if errA, errB := connect(alice, bob, dB, dA); errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		talk(t, alice, bob, 10)
		talk(t, bob, alice, 10)
		_, _ = alice.Close(), bob.Close()
		time.Sleep(time.Second) // the relay sees the end of the stream
	})
}

func TestACallOutlivesAShortOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		defer w.stop()
		alice, bob := w.connected()
		talk(t, alice, bob, 3)
		host := w.phone(Caller)
		host.SetDown(true)
		time.Sleep(6 * time.Second)
		if s := bob.Stats().State; s != StateDisconnected {
			t.Errorf("six seconds without a network: %v", s)
		}
		host.SetDown(false)
		time.Sleep(2 * time.Second)
		if a, b := alice.Stats().State, bob.Stats().State; a != StateConnected || b != StateConnected {
			t.Errorf("two seconds with it: %v and %v", a, b)
		}
		talk(t, alice, bob, 3)
		_, _ = alice.Close(), bob.Close()
	})
}

func TestTheOtherSideClosingIsNoticedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		defer w.stop()
		alice, bob := w.connected()
		// DTLS says that it closes, then the allocation is handed back. Both are sent at the same instant, and packets of the
		// same instant may change places here: lose the first of the latter.
		lost := false
		w.SetTap(func(from, to netip.AddrPort, p []byte) bool {
			refresh := !lost && !isRelay(from) && isSTUN(p) && binary.BigEndian.Uint16(p) == stun.NewType(stun.MethodRefresh, stun.ClassRequest).Value()
			lost = lost || refresh
			return refresh
		})
		start := time.Now()
		_ = alice.Close()
		<-bob.Down()
		if took := time.Since(start); took > 200*time.Millisecond {
			t.Errorf("noticed after %v", took)
		}
		_ = bob.Close()
	})
}

func TestARelayThatDoesNotAnswerOrRefusesIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		cfg := w.config(Caller)
		cfg.Relays[0].Password = "wrong"
		c := w.conn(cfg)
		if _, err := c.Gather(context.Background()); !errors.Is(err, ErrRelayRefused) {
			t.Errorf("wrong password: %v", err)
		}
		_ = c.Close()
		w.stop()
		c = w.conn(w.config(Caller))
		if _, err := c.Gather(context.Background()); !errors.Is(err, ErrRelayUnreachable) {
			t.Errorf("no relay: %v", err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		c = w.conn(w.config(Caller))
		if _, err := c.Gather(ctx); !errors.Is(err, ErrRelayUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("no relay, and no patience: %v", err)
		}
	})
}

func TestConfigurationsThatCannotWorkAreRefused(t *testing.T) {
	good := Relay{URL: "turn:203.0.113.1", Username: "u", Password: "p"}
	for name, cfg := range map[string]Config{
		"no role":         {Relays: []Relay{good}},
		"no relay":        {Role: Caller},
		"another scheme":  {Role: Caller, Relays: []Relay{{URL: "http://203.0.113.1", Username: "u", Password: "p"}}},
		"a STUN server":   {Role: Caller, Relays: []Relay{{URL: "stun:203.0.113.1", Username: "u", Password: "p"}}},
		"no credentials":  {Role: Caller, Relays: []Relay{{URL: "turn:203.0.113.1"}}},
		"too many relays": {Role: Caller, Relays: []Relay{good, good, good, good, good, good, good, good, good}},
	} {
		_, err := New(cfg)
		if !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
		if bytes.Contains([]byte(fmt.Sprint(err)), []byte("203.0.113")) {
			t.Errorf("%s: the error names the relay", name)
		}
	}
}
