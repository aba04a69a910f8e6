package netsim

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// sample is what a receiver saw of numbered datagrams.
type sample struct {
	sent   int
	order  []int           // as they arrived, twice if duplicated
	delays []time.Duration // of those that arrived, each once
	lost   []bool
}

// measure sends datagrams of so many bytes, one every gap, from a host with the profile to one with none.
func measure(t *testing.T, p Profile, count, size int, gap time.Duration) (s sample) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{Seed: 5})
		n.Host(left).Use(p)
		a, b := socket(t, n.Host(left), ":0"), socket(t, n.Host(right), ":7")
		s = sample{sent: count, lost: make([]bool, count)}
		for i := range s.lost {
			s.lost[i] = true
		}
		sentAt := make([]time.Time, count)
		done := make(chan struct{})
		go func() {
			defer close(done)
			buf := make([]byte, 2000)
			for {
				if _, _, err := b.ReadFrom(buf); err != nil {
					return
				}
				i := int(binary.BigEndian.Uint32(buf[1:]))
				s.order = append(s.order, i)
				if s.lost[i] {
					s.delays = append(s.delays, time.Since(sentAt[i]))
				}
				s.lost[i] = false
			}
		}()
		packet := make([]byte, size)
		for i := range count {
			binary.BigEndian.PutUint32(packet[1:], uint32(i))
			sentAt[i] = time.Now()
			if _, err := a.WriteTo(packet, b.LocalAddr()); err != nil {
				t.Error(err)
			}
			time.Sleep(gap)
		}
		time.Sleep(time.Minute)
		_ = b.SetReadDeadline(time.Now())
		<-done
		up, _ := n.Host(left).Counts()
		if up.Passed != len(s.delays) || up.Duplicated != len(s.order)-len(s.delays) {
			t.Errorf("%+v, but %d arrived, %d times", up, len(s.delays), len(s.order))
		}
	})
	return s
}

func (s sample) loss() float64 { return 1 - float64(len(s.delays))/float64(s.sent) }

func (s sample) bursts() (mean float64) {
	lost, bursts, before := 0, 0, false
	for _, now := range s.lost {
		if now {
			lost++
			if !before {
				bursts++
			}
		}
		before = now
	}
	return float64(lost) / float64(bursts)
}

// moments are mean and deviation in milliseconds.
func (s sample) moments() (mean, deviation float64) {
	for _, d := range s.delays {
		mean += d.Seconds() * 1000 / float64(len(s.delays))
	}
	for _, d := range s.delays {
		x := d.Seconds()*1000 - mean
		deviation += x * x / float64(len(s.delays))
	}
	return mean, math.Sqrt(deviation)
}

func (s sample) quantile(q float64) float64 {
	sorted := slices.Sorted(slices.Values(s.delays))
	return sorted[int(q*float64(len(sorted)-1))].Seconds() * 1000
}

// within says whether a figure is another, to two percent.
func within(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.02*want {
		t.Errorf("%s: %.4f, want %.4f", what, got, want)
	}
}

const patience = 10 * time.Second // longer than any jitter: nothing waits for the one before

// covers N2
func TestLossAndItsBurstsAreThoseOfTheLink(t *testing.T) {
	for _, c := range []struct {
		name        string
		loss        Loss
		mean, burst float64
	}{
		{"random 5 %", Random(0.05), 0.05, 1 / 0.95},
		{"p 3 %, r 25 %", Bursts(0.03, 0.25), 0.03 / 0.28, 4},
		{"p 11 %, r 25 %", Bursts(0.11, 0.25), 0.11 / 0.36, 4},
		{"half of it lost in the bad state", Loss{Enter: 0.1, Leave: 0.2, Bad: 0.5}, 1.0 / 6, 0},
	} {
		within(t, c.name, c.loss.Mean(), c.mean)
		const count = 1000000
		lane, s := newLane(5), sample{sent: count, lost: make([]bool, count)}
		for i := range s.lost {
			_, copies := lane.pass(Link{Loss: c.loss}, time.Time{}, 0, 0, 1, 100)
			s.lost[i] = copies == 0
		}
		within(t, c.name, float64(lane.counts.Lost)/count, c.mean)
		if c.burst > 0 {
			within(t, c.name+": burst", s.bursts(), c.burst)
		}
	}
	// And so it is between two sockets.
	s := measure(t, Profile{Up: Link{Loss: Bursts(0.11, 0.25)}}, 250000, 20, time.Millisecond)
	within(t, "loss", s.loss(), 0.11/0.36)
	within(t, "burst", s.bursts(), 4)
}

func TestDelaysAreDistributedAsTheLinkSays(t *testing.T) {
	const delay, spread = 250, 100
	for _, c := range []struct {
		shape               Shape
		deviation           float64
		early, median, late float64 // 10 %, 50 %, 90 %
	}{
		{Uniform, spread / math.Sqrt(3), delay - 0.8*spread, delay, delay + 0.8*spread},
		{Normal, spread, delay - 1.2816*spread, delay, delay + 1.2816*spread},
		{Pareto, spread, delay - 74.0, delay - 35.7, delay + 117.1},
	} {
		link := Link{Delay: delay * time.Millisecond, Jitter: Jitter{c.shape, spread * time.Millisecond}}
		s := measure(t, Profile{Up: link}, 20000, 20, patience)
		mean, deviation := s.moments()
		within(t, "mean", mean, delay)
		within(t, "deviation", deviation, c.deviation)
		within(t, "10 %", s.quantile(0.1), c.early)
		within(t, "median", s.quantile(0.5), c.median)
		within(t, "90 %", s.quantile(0.9), c.late)
	}
}

// Jitter alone does not change the order: what would be early waits. Nor is any delay negative.
func TestOrderIsKeptUnlessTheLinkReorders(t *testing.T) {
	link := Link{Delay: 10 * time.Millisecond, Jitter: Jitter{Uniform, 30 * time.Millisecond}}
	s := measure(t, Profile{Up: link}, 5000, 20, time.Millisecond)
	if !slices.IsSorted(s.order) || s.loss() > 0 || slices.Min(s.delays) < 0 {
		t.Errorf("loss %v, from %v", s.loss(), slices.Min(s.delays))
	}
	link = Link{Delay: 50 * time.Millisecond, Reorder: 0.2, ReorderCorrelation: 0.5, Duplicate: 0.1}
	s = measure(t, Profile{Up: link}, 60000, 20, 20*time.Millisecond)
	early := 0
	for _, d := range s.delays {
		if d < link.Delay {
			early++
		}
	}
	within(t, "overtook", float64(early)/float64(s.sent), 0.2)
	within(t, "twice", float64(len(s.order)-s.sent)/float64(s.sent), 0.1)
	if slices.IsSorted(s.order) {
		t.Error("nothing is out of order")
	}
}

// A megabit per second and 128 kB of queue: the last that gets in waits a second, the rest is lost.
func TestAFullQueueDropsItsTail(t *testing.T) {
	link := Link{BitsPerSecond: 1e6, QueueBytes: 128000}
	s := measure(t, Profile{Up: link}, 200, 972, 0)
	const fit = 128 // packets of 1000 bytes with their headers
	if len(s.delays) != fit || s.delays[0] != 8*time.Millisecond || s.delays[fit-1] != 1024*time.Millisecond {
		t.Errorf("%d passed, from %v to %v", len(s.delays), s.delays[0], s.delays[len(s.delays)-1])
	}
	if slices.Contains(s.lost[:fit], true) || slices.Contains(s.lost[fit:], false) {
		t.Error("not the tail was dropped")
	}
	// At the rate of the link, nothing is lost and nothing waits.
	s = measure(t, Profile{Up: link}, 500, 972, 8*time.Millisecond)
	if s.loss() > 0 || slices.Max(s.delays) != 8*time.Millisecond {
		t.Errorf("loss %v, up to %v", s.loss(), slices.Max(s.delays))
	}
	// Twice that: half of it is lost, and what passes has waited for the whole queue.
	s = measure(t, Profile{Up: Link{BitsPerSecond: 1e6, QueuePackets: 30}}, 5000, 972, 4*time.Millisecond)
	within(t, "overload", s.loss(), 0.5)
	within(t, "queue", s.quantile(0.5), 30*8)
}

func TestALargePacketPassesAnEmptyQueueButNoSmallMTU(t *testing.T) {
	if s := measure(t, Profile{Up: narrow(25)}, 5, 1172, 2*time.Second); s.loss() > 0 {
		t.Errorf("loss %v", s.loss())
	}
	for _, c := range []struct {
		size int
		loss float64
	}{{1280 - 28, 0}, {1280 - 27, 1}} {
		if s := measure(t, mustProfile(t, "mtu-1280"), 3, c.size, 0); s.loss() != c.loss {
			t.Errorf("%d bytes: loss %v", c.size, s.loss())
		}
	}
}

// An upload fills the queue every other ten seconds. A thin flow waits for all of it, unless the queue is fair.
func TestBufferbloat(t *testing.T) {
	const every = 20 * time.Millisecond
	phase := func(s sample, from, to time.Duration) (most float64) {
		for i, d := range s.delays {
			if at := time.Duration(i) * every; at >= from && at < to {
				most = max(most, d.Seconds())
			}
		}
		return most
	}
	bloat := measure(t, mustProfile(t, "dsl-bufferbloat"), 2000, 100, every)
	if most := phase(bloat, 2*time.Second, 10*time.Second); most < 1 || most > 1.1 {
		t.Errorf("during the upload: %v s", most)
	}
	if most := phase(bloat, 12*time.Second, 19*time.Second); most > 0.013 {
		t.Errorf("after it: %v s", most)
	}
	fair := measure(t, mustProfile(t, "dsl-fq-codel"), 2000, 100, every)
	if most := phase(fair, 0, time.Hour); most < 0.015 || most > 0.025 || fair.loss() > 0 {
		t.Errorf("fair: %v s, loss %v", most, fair.loss())
	}
}

func mustProfile(t *testing.T, name string) Profile {
	t.Helper()
	p, ok := ByName(name)
	if !ok {
		t.Fatal("no profile", name)
	}
	return p
}
