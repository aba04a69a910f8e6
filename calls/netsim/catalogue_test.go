package netsim

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestEveryProfileHasANameAndASource(t *testing.T) {
	seen := make(map[string]bool)
	for _, p := range Profiles() {
		if p.Name == "" || p.Source == "" || seen[p.Name] || p.Name != strings.ToLower(p.Name) {
			t.Errorf("%q from %q, seen before: %v", p.Name, p.Source, seen[p.Name])
		}
		seen[p.Name] = true
		if again, ok := ByName(p.Name); !ok || again.Name != p.Name {
			t.Errorf("%s is not found", p.Name)
		}
		if _, ok := ByName(p.Switch.To); p.Switch.To != "" && !ok {
			t.Errorf("%s switches to nothing", p.Name)
		}
		for i, s := range p.Steps {
			if (i > 0 && s.At <= p.Steps[i-1].At) || (p.Every > 0 && s.At >= p.Every) {
				t.Errorf("%s: step %d is never reached", p.Name, i)
			}
		}
	}
	if _, ok := ByName("perfect"); ok || len(seen) < 40 {
		t.Errorf("%d profiles", len(seen))
	}
}

// What a lane does is measured for each link of the catalogue, as far from one another as it takes for nothing to wait. What
// is rare needs more datagrams than a test has: four standard deviations.
func TestTheLinksOfTheCatalogueDoWhatTheySay(t *testing.T) {
	done := make(map[Link]bool)
	for _, p := range Profiles() {
		links := []Link{p.Up, p.Down}
		for _, s := range p.Steps {
			links = append(links, s.Up, s.Down)
		}
		for _, link := range links {
			if link.Bulk = (Bulk{}); link != (Link{}) && link.MTUBytes == 0 && !done[link] {
				done[link] = true
				checkLane(t, p.Name, link)
			}
		}
	}
}

func checkLane(t *testing.T, name string, link Link) {
	t.Helper()
	const count, size = 40000, 100
	lane, now := newLane(9), time.Unix(1700000000, 0)
	var sum, expected float64
	for i := range count {
		out, copies := lane.pass(link, now, 0, 0, 1, size)
		if copies > 0 && !lane.flows[1].overtakes {
			sum += out.Sub(now).Seconds()
			expected++
		}
		now = now.Add(time.Duration(i%2+1) * patience)
	}
	loss, l := float64(lane.counts.Lost)/count, link.Loss
	memory := 1.0 // of the chain: how much fewer independent datagrams there are
	if l.Enter > 0 {
		memory = (2 - l.Enter - l.Leave) / (l.Enter + l.Leave)
	}
	if margin := 4 * math.Sqrt(l.Mean()*(1-l.Mean())*max(1, memory)/count); math.Abs(loss-l.Mean()) > margin {
		t.Errorf("%s: lost %.4f, want %.4f ± %.4f", name, loss, l.Mean(), margin)
	}
	mean := (link.Delay + link.transmission(size)).Seconds()
	if name == "wifi-congested" {
		mean += 1.25e-3 // what would be negative is 0
	}
	if lane.counts.Overflowed > 0 || math.Abs(sum/expected-mean) > 0.02*mean {
		t.Errorf("%s: delay %.5f s, want %.5f, %+v", name, sum/expected, mean, lane.counts)
	}
}

func TestBurstyProfilesHaveTheLossOfTheirName(t *testing.T) {
	for name, want := range map[string]float64{
		"ringrtc-bursty-10-short": 0.1, "ringrtc-bursty-30-long": 0.3, "ringrtc-bursty-50-very-long": 0.5,
		"ringrtc-international": 0.107, "ringrtc-spiky": 0, "wifi": 0.0099, "lte": 0.0196, "congested": 0.0909,
	} {
		if got := mustProfile(t, name).Up.Loss.Mean(); math.Abs(got-want) > 0.0005 {
			t.Errorf("%s: %v", name, got)
		}
	}
	spiky := mustProfile(t, "ringrtc-spiky")
	for at, want := range map[time.Duration]float64{0: 0, 9 * time.Second: 0, 10 * time.Second: 0.3056, 20 * time.Second: 0} {
		if up, _ := spiky.at(at); math.Abs(up.Loss.Mean()-want) > 0.0001 {
			t.Errorf("at %v: %v", at, up.Loss.Mean())
		}
	}
}

// The cycle of fifteen seconds begins and ends with late datagrams, and in between they are as soon as the sky allows.
func TestStarlinkSpikesEveryFifteenSeconds(t *testing.T) {
	const every = 5 * time.Millisecond
	p := mustProfile(t, "starlink")
	p.Down = Link{}
	s := measure(t, p, 12000, 100, every) // four cycles
	if s.loss() == 0 || s.loss() > 0.01 {
		t.Errorf("loss %v", s.loss())
	}
	for i, lost := range s.lost {
		if at := time.Duration(i) * every % (15 * time.Second); lost && at >= 140*time.Millisecond {
			t.Errorf("lost %v into the cycle", at)
		}
	}
	if late := s.quantile(0.999); late < 80 || s.quantile(0.5) > 31 {
		t.Errorf("median %v, late %v", s.quantile(0.5), late)
	}
}

// Nothing passes in a tunnel, and outside only the loss of the link is lost.
func TestATrainGoesThroughTunnels(t *testing.T) {
	const every = 20 * time.Millisecond
	s := measure(t, mustProfile(t, "train"), 60000, 100, every) // twenty minutes
	var tunnels, run int
	var last time.Duration
	for i, lost := range append(s.lost, false) {
		if lost {
			run++
			continue
		}
		if length := time.Duration(run) * every; length >= 190*time.Millisecond {
			at := time.Duration(i) * every
			if gap := at - last - length; tunnels > 0 && (gap < 19*time.Second || gap > 61*time.Second) {
				t.Errorf("%v after the one before", gap)
			}
			if length > 3*time.Second+100*time.Millisecond {
				t.Errorf("a tunnel of %v", length)
			}
			tunnels, last = tunnels+1, at
		}
		run = 0
	}
	if tunnels < 1200/63 || tunnels > 1200/20 {
		t.Errorf("%d tunnels in twenty minutes", tunnels)
	}
	if _, deviation := s.moments(); deviation < 15 {
		t.Errorf("the delay does not change with them: %v ms", deviation)
	}
}
