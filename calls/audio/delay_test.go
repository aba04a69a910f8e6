package audio

import (
	"math/rand/v2"
	"testing"
	"time"
)

// network makes an estimator see packets that are late by what late says.
type network struct {
	delayEstimator
	epoch time.Time
	frame int64
}

func newNetwork() *network {
	n := &network{delayEstimator: newDelayEstimator(), epoch: time.Unix(100, 0)}
	n.restart(0, n.epoch)
	return n
}

func (n *network) run(d time.Duration, late func() time.Duration) {
	for range int(d / FrameDuration) {
		n.frame++
		n.add(n.frame, n.epoch.Add(place(n.frame)+late()), n.epoch)
	}
}

func steady(late time.Duration) func() time.Duration { return func() time.Duration { return late } }

func (n *network) wantTarget(t *testing.T, what string, least, most time.Duration) {
	t.Helper()
	if n.target < least || n.target > most {
		t.Errorf("%s: %v instead of %v to %v", what, n.target, least, most)
	}
}

func TestAQuietNetworkNeedsOneFrame(t *testing.T) {
	n := newNetwork()
	n.run(400*time.Millisecond, steady(0))
	n.wantTarget(t, "before the first half-second is over", 0, 0)
	n.run(time.Second, steady(0))
	n.wantTarget(t, "then", FrameDuration, FrameDuration)
}

// The target covers the jitter within seconds, and is given back within a minute.
func TestTheTargetFollowsTheJitter(t *testing.T) {
	n := newNetwork()
	r := rand.New(rand.NewPCG(1, 1))
	jitter := func(most time.Duration) func() time.Duration {
		return func() time.Duration { return time.Duration(r.Float64() * float64(most)) }
	}
	n.run(20*time.Second, steady(0))
	n.run(5*time.Second, jitter(100*time.Millisecond))
	n.wantTarget(t, "100 ms of jitter", 100*time.Millisecond, 100*time.Millisecond)
	if n.jitter < 15*time.Millisecond || n.jitter > 50*time.Millisecond {
		t.Errorf("RFC 3550 calls it %v", n.jitter)
	}
	n.run(5*time.Second, jitter(200*time.Millisecond))
	n.wantTarget(t, "200 ms of jitter", 200*time.Millisecond, 200*time.Millisecond)
	n.run(2*time.Minute, steady(0))
	n.wantTarget(t, "calm again", FrameDuration, FrameDuration)
}

// A longer route, or a clock that runs differently, is no jitter.
func TestALongerRouteIsNoJitter(t *testing.T) {
	n := newNetwork()
	n.run(10*time.Second, steady(0))
	n.run(30*time.Second, steady(80*time.Millisecond))
	n.run(90*time.Second, steady(80*time.Millisecond))
	n.wantTarget(t, "80 ms longer", FrameDuration, FrameDuration)
	if got := n.fastest(); got != 80*time.Millisecond {
		t.Errorf("the fastest takes %v", got)
	}
	n.run(3*time.Second, steady(0))
	n.wantTarget(t, "short again", FrameDuration, FrameDuration)
	late := time.Duration(0)
	n.run(2*time.Minute, func() time.Duration { late += 2 * time.Microsecond; return late }) // 100 ppm
	n.wantTarget(t, "another clock", FrameDuration, FrameDuration)
}

// Overtaken packets are waited for when there are many, and not for one in a thousand.
func TestReorderingIsWeighed(t *testing.T) {
	n := newNetwork()
	overtake := func(every int, for_ time.Duration) {
		for i := range int(for_ / FrameDuration) {
			n.frame++
			at := n.epoch.Add(place(n.frame))
			if i%every == 0 {
				n.add(n.frame+1, at.Add(FrameDuration), n.epoch)
				n.add(n.frame, at.Add(70*time.Millisecond), n.epoch)
				n.frame++
				continue
			}
			n.add(n.frame, at, n.epoch)
		}
	}
	overtake(10, 20*time.Second)
	n.wantTarget(t, "one in ten, by 70 ms", 60*time.Millisecond, 100*time.Millisecond)
	n = newNetwork()
	overtake(1000, 60*time.Second)
	n.wantTarget(t, "one in a thousand", FrameDuration, FrameDuration)
}

// Whatever it is told, the target is finite and a probability stays one.
func TestTheHistogramStaysOne(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	h := histogram{base: delayForget, start: startForget}
	for range 1000 {
		h.add(bucketOfDelay(time.Duration(r.Int64N(int64(5 * time.Second)))))
		sum := 0.0
		for _, p := range h.p {
			sum += p
		}
		if sum < 0.999999 || sum > 1.000001 {
			t.Fatalf("the sum is %v", sum)
		}
		if q := h.quantile(delayQuantile); q < 0 || q >= delayBuckets {
			t.Fatalf("quantile %d", q)
		}
	}
}
