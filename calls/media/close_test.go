package media

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// maxClose is closeGrace and one retransmission of pion's TURN client, which notices only then that its socket is cut.
const maxClose = closeGrace + 1600*time.Millisecond

// The bubble of synctest fails if a goroutine is left, and stands still if somebody waits on a mutex for time to pass.
func TestClosingAtAnyMomentWaitsAndLeavesNothing(t *testing.T) {
	for after := time.Duration(0); after < 200*time.Millisecond; after += 3 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, latency)
			defer w.stop()
			alice, dA := w.gathered(w.config(Caller))
			bob, dB := w.gathered(w.config(Callee))
			var callee sync.WaitGroup
			callee.Go(func() { _ = bob.Connect(context.Background(), dA) })
			closed := make(chan time.Duration)
			time.AfterFunc(after, func() {
				start := time.Now()
				_ = alice.Close()
				closed <- time.Since(start)
			})
			err := alice.Connect(context.Background(), dB)
			if err != nil && !errors.Is(err, ErrClosed) {
				t.Errorf("after %v: %v", after, err)
			}
			if took := <-closed; took > maxClose {
				t.Errorf("after %v: Close took %v", after, took)
			}
			_ = bob.Close()
			callee.Wait()
			_, _ = alice.Close(), bob.Close()
		})
	}
}

func TestClosingWhileGathering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		w.stop()
		c := w.conn(w.config(Caller))
		time.AfterFunc(700*time.Millisecond, func() { _ = c.Close() })
		if _, err := c.Gather(context.Background()); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		if _, err := c.Gather(context.Background()); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
}

func TestClosingNeverWaitsForADeadRelay(t *testing.T) {
	for _, after := range []time.Duration{0, time.Second, 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, latency)
			alice, bob := w.connected()
			w.stop()
			time.Sleep(after)
			for _, c := range []*Conn{alice, bob} {
				start := time.Now()
				_ = c.Close()
				if took := time.Since(start); took > maxClose {
					t.Errorf("dead for %v: Close took %v", after, took)
				}
			}
		})
	}
}

func TestClosingWhileTheRelayDiesUnderConnect(t *testing.T) {
	for after := time.Duration(0); after < 3*time.Second; after += 300 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, latency)
			alice, _ := w.gathered(w.config(Caller))
			bob, dB := w.gathered(w.config(Callee))
			w.stop()
			var caller sync.WaitGroup
			caller.Go(func() {
				if err := alice.Connect(context.Background(), dB); !errors.Is(err, ErrClosed) {
					t.Errorf("after %v: %v", after, err)
				}
			})
			time.Sleep(after)
			for _, c := range []*Conn{alice, bob} {
				start := time.Now()
				_ = c.Close()
				if took := time.Since(start); took > maxClose {
					t.Errorf("after %v: Close took %v", after, took)
				}
			}
			caller.Wait()
		})
	}
}

func TestClosingWakesEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		defer w.stop()
		alice, bob := w.connected()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if _, _, err := alice.ReadFrame(make([]byte, MaxFrameBytes)); !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			})
			all.Go(func() { <-alice.Down() })
		}
		synctest.Wait()
		for range 3 {
			all.Go(func() { _ = alice.Close() })
		}
		all.Wait()
		if err := alice.AddCandidates(nil); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		_ = bob.Close()
	})
}

func TestWhatIsCalledOutOfOrderIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, latency)
		defer w.stop()
		fresh := w.conn(w.config(Caller))
		bob, dB := w.gathered(w.config(Callee))
		if err := fresh.Connect(context.Background(), dB); !errors.Is(err, ErrState) {
			t.Errorf("Connect before Gather: %v", err)
		}
		if err := fresh.WriteFrame([]byte{1}); !errors.Is(err, ErrState) {
			t.Errorf("WriteFrame before Connect: %v", err)
		}
		if _, err := bob.Gather(context.Background()); !errors.Is(err, ErrState) {
			t.Errorf("Gather twice: %v", err)
		}
		_, _ = fresh.Close(), bob.Close()
	})
}
