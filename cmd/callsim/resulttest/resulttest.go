// Package resulttest makes runs up: sensible ones, for the tests of what reads results. Every figure in them is scored by package
// trace from packets that went over a model of a link, but there is no phone, no server and no network.
package resulttest

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
	"github.com/taciturn-voice/taciturn/cmd/callsim/trace"
)

const ms = time.Millisecond

// Config is what the made-up run is like.
type Config struct {
	Seed  uint64
	Calls int
	Talk  time.Duration // median; default 20 s
	// Slower is added to the time until it rings, and Lossier to the loss of every link.
	Slower  time.Duration
	Lossier float64
	// Kill is when the relay dies; 0: never.
	Kill time.Duration
	// Worst is how many calls keep their packets and their ladder.
	Worst int
}

type link struct {
	name          string
	delay, jitter time.Duration
	enter, leave  float64 // of the bad state, per packet
}

var links = []link{
	{"wifi", 12 * ms, 2 * ms, 0.002, 0.6}, {"lte", 45 * ms, 8 * ms, 0.006, 0.5},
	{"wifi-lossy", 25 * ms, 12 * ms, 0.02, 0.5}, {"starlink", 38 * ms, 10 * ms, 0.008, 0.35},
}

var shares = []float64{0.5, 0.3, 0.12, 0.08}

// Run makes one. It is finished with rules.
func Run(cfg Config, rules []result.Rule) *result.Run {
	if cfg.Talk == 0 {
		cfg.Talk = 20 * time.Second
	}
	r := rand.New(rand.NewPCG(cfg.Seed, 7))
	run := &result.Run{
		Tool: "callsim devel", Scenario: "evening-peak", Seed: cfg.Seed, Engine: result.Real, Endpoint: result.Light, JitterBuffer: "neteq",
		Target:    result.Target{Server: "embedded", Policy: "relay"},
		Audio:     result.Audio{Source: "synthetic", Codec: "opus", Bitrate: 32000, Constant: true, FrameMs: 20, FEC: true, Encoder: "shared", Ceiling: 4.22},
		Config:    "version: 1\nname: evening-peak\nload:\n  model: open\n  arrivals: {poisson: {rate: \"2/s\"}}\n",
		Reproduce: fmt.Sprintf("callsim run evening-peak.yaml --seed %d", cfg.Seed),
		Load:      result.Load{Model: "open", Arrivals: "poisson", PerSecond: 2, MeanTalk: result.Millis(cfg.Talk), MaxConcurrent: 600},
		Privacy: result.Privacy{
			Observer: "relay", DistinctSizes: 1, PacketSizes: []int{148, 152}, EnvelopeSizes: []int{4096}, Envelopes: uint64(6 * cfg.Calls),
			ServerBytes: 612, RelayBytes: 148, ServerItems: []string{"queue", "source address", "time", "size"}, RelayItems: []string{"credential expiry", "source address", "time", "size"},
			Attacks: []result.Attack{{Name: "fingerprint swap", Tries: 20, FailClosed: 20, Took: result.Millis(90 * ms)}},
		},
		Stamp: result.Stamp{Started: "2026-01-02T15:04:05Z", WallSeconds: 120, CPUSeconds: 70, Host: result.Host{OS: "linux", Arch: "amd64", Kernel: "6.12.0", CPUs: 2, CPU: "example", Memory: 24 << 30, Go: "go1.26"}},
	}
	var at time.Duration
	for i := range cfg.Calls {
		at += time.Duration(r.ExpFloat64() * float64(500*ms))
		run.Calls = append(run.Calls, call(cfg, r, i+1, at))
	}
	if cfg.Kill > 0 {
		run.Faults = []result.Fault{{At: result.Millis(cfg.Kill), Do: "relay.kill"}}
	}
	for i := range run.Calls {
		c := &run.Calls[i]
		run.Duration = max(run.Duration, c.Phases[result.Ended])
		for p, t := range c.Phases {
			run.Events = append(run.Events, result.Event{At: t, Call: result.CallID(c.Number), What: string(p)})
		}
		run.Privacy.VoicePackets += uint64(sent(c))
	}
	keepWorst(run, cfg.Worst)
	machines(run, r)
	run.Finish(rules)
	for i := range run.Series {
		s := &run.Series[i]
		s.RelayPPS, s.RelayMbit = float64(200*s.Active), float64(s.Active)*0.24
		s.ServerCPU, s.GenCPU = 0.02+float64(s.Active)*0.0011, 0.05+float64(s.Active)*0.0023
		s.PacerMs = 0.3 + 0.2*r.Float64()
	}
	return run
}

func sent(c *result.Call) (n uint64) {
	for _, d := range c.Directions {
		n += d.Stats.PacketsSent
	}
	return n
}

// machines fills what the generator and the server say of themselves.
func machines(run *result.Run, r *rand.Rand) {
	pacer, sched, lag := result.NewRecorder(result.UnitMillis), result.NewRecorder(result.UnitMillis), result.NewRecorder(result.UnitMillis)
	for range 5000 {
		pacer.Record(0.15 * r.ExpFloat64())
		sched.Record(0.2 * r.ExpFloat64())
		lag.Record(0.1 * r.ExpFloat64())
	}
	run.Generator = result.Generator{Pacer: pacer.Distribution(), Scheduler: sched.Distribution(), ArrivalLag: lag.Distribution(), GCPause: result.Of(result.UnitMillis, 0.1, 0.2, 0.3), CPUShare: 0.38, PeakRSS: 88 << 20}
	run.Server = []result.Process{
		{Name: "signaling", CPUSeconds: 0.0009 * float64(len(run.Calls)), PeakRSS: 61 << 20, Requests: uint64(14 * len(run.Calls)), Goroutines: 90},
		{Name: "relay", CPUSeconds: 3.2e-6 * float64(run.Privacy.VoicePackets), PeakRSS: 44 << 20, Packets: run.Privacy.VoicePackets, Bytes: 148 * run.Privacy.VoicePackets, Sockets: 2 * len(run.Calls), Allocations: uint64(2 * len(run.Calls))},
	}
}

func pick(r *rand.Rand) link {
	x := r.Float64()
	for i, s := range shares {
		if x -= s; x < 0 {
			return links[i]
		}
	}
	return links[0]
}

// call makes one that was scheduled at a time.
func call(cfg Config, r *rand.Rand, number int, at time.Duration) result.Call {
	a, b := pick(r), pick(r)
	c := result.Call{
		Number: number, Mix: "normal", Seed: r.Uint64(), Profiles: result.Sides{Caller: a.name, Callee: b.name}, NATs: result.Sides{Caller: "port-restricted", Callee: "endpoint-independent"},
		Intended: result.OutcomeAnswered, Outcome: result.OutcomeAnswered,
	}
	rtt := a.delay + b.delay
	now := at
	step := func(p result.Phase, mean time.Duration) {
		now += mean/2 + time.Duration(r.ExpFloat64()*float64(mean)/2)
		c.Mark(p, result.Millis(now))
	}
	c.Mark(result.Scheduled, result.Millis(at))
	step(result.Started, ms/5)
	step(result.Connected, rtt/2)
	step(result.Authed, rtt/2)
	step(result.Keys, rtt/2)
	step(result.OfferSent, 2*ms)
	step(result.Candidate, 3*ms)
	step(result.Allocated, rtt)
	step(result.Ringing, rtt/2+cfg.Slower)
	switch x := r.Float64(); {
	case x < 0.08:
		c.Mix, c.Intended, c.Outcome = "no-answer", result.OutcomeNoAnswer, result.OutcomeNoAnswer
		c.Mark(result.Ended, result.Millis(now+30*time.Second))
		return c
	case x < 0.12:
		c.Mix, c.Intended, c.Outcome = "reject-busy", result.OutcomeBusy, result.OutcomeBusy
		c.Mark(result.Ended, result.Millis(now+200*ms))
		return c
	case x < 0.125:
		c.Outcome, c.Failure = result.OutcomeFailed, result.FailAllocate
		c.Mark(result.Ended, result.Millis(now+10*time.Second))
		return c
	}
	now += time.Duration(r.ExpFloat64() * float64(3*time.Second))
	step(result.Answered, ms)
	step(result.Nominated, rtt/2)
	step(result.DTLSDone, rtt)
	step(result.FirstSRTP, rtt/2)
	step(result.FirstPlayed, 30*ms)
	heard, _ := c.Between(result.Answered, result.FirstPlayed)
	c.Clipped = max(0, heard-result.Millis(60*ms))
	talk := min(5*cfg.Talk, time.Duration(float64(cfg.Talk)*math.Exp(0.8*r.NormFloat64())))
	c.Talk = result.Millis(talk)
	c.Mark(result.Ended, result.Millis(now+talk))
	outage := outages(cfg, r, &c, now, talk)
	c.Directions = []result.Direction{
		direction(cfg, r, result.Caller, a, b, now, talk, outage), direction(cfg, r, result.Callee, b, a, now, talk, outage),
	}
	c.Ladder = ladder(&c)
	return c
}

// outages is when the dead relay was missed.
func outages(cfg Config, r *rand.Rand, c *result.Call, from, talk time.Duration) time.Duration {
	if cfg.Kill == 0 || cfg.Kill < from || cfg.Kill > from+talk {
		return 0
	}
	took := 900*ms + time.Duration(r.ExpFloat64()*float64(400*ms))
	c.Recoveries = []result.Recovery{{After: "relay.kill", At: result.Millis(cfg.Kill), Recovered: true, Took: result.Millis(took)}}
	return took
}

func direction(cfg Config, r *rand.Rand, from result.Side, up, down link, begin, talk, outage time.Duration) result.Direction {
	packets := make([]trace.Packet, talk/(20*ms))
	bad := [2]bool{}
	last := time.Duration(0)
	for i := range packets {
		p := &packets[i]
		p.Sent, p.Bytes, p.Speech = begin+time.Duration(i)*20*ms, 148, trace.Silent
		if (i/75+len(from))%2 == 0 {
			p.Speech = trace.Spoken
		}
		delay := up.delay + down.delay + time.Duration((r.ExpFloat64()*float64(up.jitter)+r.ExpFloat64()*float64(down.jitter))/2)
		p.Arrived = max(last, p.Sent+delay)
		last = p.Arrived
		for k, l := range []link{up, down} {
			enter := l.enter + cfg.Lossier
			if bad[k] {
				bad[k] = r.Float64() >= l.leave
			} else {
				bad[k] = r.Float64() < enter
			}
			if bad[k] {
				p.Lost = trace.Network
			}
		}
		if r.Float64() < 0.0004 {
			p.Lost = trace.Relay
		}
		if outage > 0 && p.Sent >= cfg.Kill && p.Sent < cfg.Kill+outage {
			p.Lost = trace.Relay
		}
	}
	d, err := trace.Score(trace.Config{Buffer: "neteq", Copies: 1, Detail: true}, from, packets)
	if err != nil {
		panic("resulttest: internal error: " + err.Error())
	}
	d.Wire.Entropy = 7.998
	stoi := 0.985 - d.Ppl/200
	d.STOI = &stoi
	return d
}

// ladder shows the calls' phases as messages.
func ladder(c *result.Call) (all []result.Message) {
	for _, m := range []struct {
		p        result.Phase
		from, to string
		what     string
		bytes    int
	}{
		{result.Connected, "caller", "signaling", "GET bundle", 320}, {result.Keys, "signaling", "caller", "bundle", 2900},
		{result.OfferSent, "caller", "signaling", "envelope (OFFER)", 4096}, {result.OfferSent, "signaling", "callee", "envelope (OFFER)", 4096},
		{result.Candidate, "caller", "relay", "Allocate", 96}, {result.Allocated, "relay", "caller", "Allocate success", 116},
		{result.Ringing, "callee", "signaling", "envelope (RING)", 4096}, {result.Ringing, "signaling", "caller", "envelope (RING)", 4096},
		{result.Answered, "callee", "signaling", "envelope (ACCEPT)", 4096}, {result.Nominated, "caller", "relay", "Binding, use-candidate", 148},
		{result.DTLSDone, "callee", "relay", "DTLS finished", 210}, {result.FirstSRTP, "relay", "caller", "SRTP", 148},
	} {
		if at, ok := c.Phases[m.p]; ok {
			all = append(all, result.Message{At: at, From: m.from, To: m.to, What: m.what, Bytes: m.bytes})
		}
	}
	return all
}

// keepWorst takes the details off all calls but the worst.
func keepWorst(run *result.Run, n int) {
	worst := make([]int, len(run.Calls))
	for i := range worst {
		worst[i] = i
	}
	slices.SortStableFunc(worst, func(a, b int) int { return cmp.Compare(run.Calls[a].WorstR(), run.Calls[b].WorstR()) })
	for k, i := range worst {
		if k < n {
			continue
		}
		c := &run.Calls[i]
		c.Ladder = nil
		for j := range c.Directions {
			c.Directions[j].Trace = nil
		}
	}
}
