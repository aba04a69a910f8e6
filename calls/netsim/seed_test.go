package netsim

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// rtp looks like voice, for a network that looks.
func rtp(i int) []byte {
	p := make([]byte, 12)
	p[0], p[1] = 0x80, 111
	binary.BigEndian.PutUint16(p[2:], uint16(i))
	return p
}

// fates are what arrives of several flows whose senders run at the same time, in whatever order.
func fates(t *testing.T, seed uint64, keepalives bool) map[string][]time.Duration {
	t.Helper()
	arrived := make(map[string][]time.Duration)
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{Delay: 5 * time.Millisecond, Jitter: 3 * time.Millisecond, Loss: 0.05, Seed: seed})
		n.Host(left).Use(Profile{Up: Link{
			Loss: Bursts(0.05, 0.3), Delay: 20 * time.Millisecond, Jitter: Jitter{Pareto, 5 * time.Millisecond}, Reorder: 0.02, Duplicate: 0.02,
		}})
		start := time.Now()
		var senders, readers sync.WaitGroup
		var mu sync.Mutex
		for f := range 4 {
			a, b := socket(t, n.Host(left), fmt.Sprintf(":%d", 1000+f)), socket(t, n.Host(right), fmt.Sprintf(":%d", 2000+f))
			readers.Go(func() {
				buf := make([]byte, 100)
				for {
					k, _, err := b.ReadFrom(buf)
					if err != nil {
						return
					}
					if k > 4 {
						mu.Lock()
						key := fmt.Sprint(f, " ", binary.BigEndian.Uint16(buf[2:]))
						arrived[key] = append(arrived[key], time.Since(start))
						mu.Unlock()
					}
				}
			})
			senders.Go(func() {
				for i := range 500 {
					_, _ = a.WriteTo(rtp(i), b.LocalAddr())
					if keepalives && i%7 == f {
						_, _ = a.WriteTo([]byte{0, 1, 0, 0}, b.LocalAddr()) // a binding request
					}
					time.Sleep(20 * time.Millisecond)
				}
				time.Sleep(time.Second)
				_ = b.Close()
			})
		}
		senders.Wait()
		readers.Wait()
	})
	return arrived
}

// Whoever runs first, and whatever else is sent beside: with its seed, each datagram of a flow has its fate.
func TestFateDependsOnTheSeedOnly(t *testing.T) {
	same := func(a, b map[string][]time.Duration) bool { return maps.EqualFunc(a, b, slices.Equal[[]time.Duration]) }
	one := fates(t, 1, false)
	if len(one) < 1400 || len(one) > 1800 {
		t.Errorf("%d of 2000 arrived", len(one))
	}
	if !same(one, fates(t, 1, false)) || !same(one, fates(t, 1, true)) {
		t.Error("the same seed, and something else happened")
	}
	if same(one, fates(t, 2, false)) {
		t.Error("another seed changes nothing")
	}
}

// What is sent at the same time arrives in the order of sending.
func TestEqualDelaysKeepTheOrder(t *testing.T) {
	for _, p := range []Profile{{}, even("", "", "", Link{Delay: 3 * time.Millisecond}), even("", "", "", Link{BitsPerSecond: 1e9})} {
		if s := measure(t, p, 300, 50, 0); !slices.IsSorted(s.order) || len(s.order) != 300 {
			t.Errorf("%d arrived, in order: %v", len(s.order), slices.IsSorted(s.order))
		}
	}
}

func TestKindsOfDatagrams(t *testing.T) {
	stun, dtls, voice, report := []byte{0, 1, 0, 0}, []byte{22, 254, 253, 0}, rtp(1), []byte{0x80, 200, 0, 0}
	channel := func(number byte, p []byte) []byte { return append([]byte{0x40, number, 0, byte(len(p))}, p...) }
	kinds := make(map[uint64]bool)
	all := [][]byte{stun, {1, 1, 0, 0}, dtls, voice, report, channel(1, voice), channel(2, voice), channel(1, dtls), {5, 5, 5, 5}}
	for _, p := range all {
		kinds[kindOf(p)] = true
	}
	if len(kinds) != len(all) || kindOf(rtp(1)) != kindOf(rtp(2)) {
		t.Errorf("%d kinds of %d", len(kinds), len(all))
	}
	for n := range 6 { // whatever it is, it is told
		for first := range 256 {
			kindOf(append([]byte{byte(first)}, make([]byte, n)...))
		}
	}
	kindOf(nil)
}
