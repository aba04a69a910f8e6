package real

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/calls/netsim"
	"github.com/taciturn-voice/taciturn/calls/quality"
	"github.com/taciturn-voice/taciturn/cmd/callsim/light"
	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
	"github.com/taciturn-voice/taciturn/cmd/callsim/scenario"
	"github.com/taciturn-voice/taciturn/cmd/callsim/target"
)

// ErrUnsupported: the scenario asks for what this engine does not have.
var ErrUnsupported = errors.New("real: the real engine cannot do this")

// Options are not of the scenario.
type Options struct {
	Voice  [][]byte // Opus frames that everybody says
	Shards int      // threads that carry voice; 0: one for each core
	// Done is called after each call, with how many have ended; it must not block.
	Done func(ended, of int)
}

const (
	// maxTraced is how many frames may be kept for scoring; beyond them no direction is scored, only counted.
	maxTraced = 4_000_000
	// pacerMost: frames that leave later than this make a run invalid.
	pacerMost = time.Millisecond
	// drain is how long calls may take to end after the last was planned to.
	drain = 30 * time.Second
)

// check refuses what would be ignored otherwise.
func check(s *scenario.Scenario) error {
	switch {
	case s.Endpoint != scenario.Light:
		return fmt.Errorf("%w: its endpoints are light; set endpoint: light", ErrUnsupported)
	case len(s.Faults) > 0:
		return fmt.Errorf("%w: faults need the virtual engine", ErrUnsupported)
	case s.Load.Closed:
		return fmt.Errorf("%w: a closed load; set load.model: open", ErrUnsupported)
	}
	for _, n := range s.Network.NAT {
		if n.Name != scenario.None {
			return fmt.Errorf("%w: NATs need the virtual engine", ErrUnsupported)
		}
	}
	for _, m := range s.Calls {
		if len(m.Events) > 0 || m.Outcome == scenario.Cancelled {
			return fmt.Errorf("%w: events in calls and cancelled calls need the virtual engine", ErrUnsupported)
		}
	}
	return nil
}

// run is one run.
type run struct {
	scenario *scenario.Scenario
	options  Options
	engine   *light.Engine
	crowd    *light.Crowd
	started  time.Time
	traced   bool

	// Guarded by mu.
	mu    sync.Mutex
	calls []result.Call
	late  []time.Duration // how much later than planned calls began
}

// Run carries s out and judges it by rules. A server that cannot be reached is a result, not an error.
func Run(ctx context.Context, s *scenario.Scenario, rules []result.Rule, o Options) (*result.Run, error) {
	if err := check(s); err != nil {
		return nil, err
	}
	out := &result.Run{Scenario: s.Name, Seed: s.Seed, Engine: result.Real, Endpoint: result.Light, JitterBuffer: "phone"}
	out.Stamp.Started, out.Stamp.Host = time.Now().UTC().Format(time.RFC3339), result.ThisHost()
	out.Target = result.Target{Server: "given", Policy: "relay"}
	out.Audio = result.Audio{Source: string(s.Audio.Source), Codec: "opus", Bitrate: 32000, Constant: true, FrameMs: 20, Encoder: "shared", Ceiling: quality.Opus(32000, true).Ceiling().MOS}
	url := s.Target.Signaling
	if url == scenario.Embedded {
		e, err := target.Start(ctx, target.Config{})
		if err != nil {
			return nil, fmt.Errorf("start the embedded server: %w", err)
		}
		defer e.Close()
		url, out.Target.Server = e.URL, "embedded"
	}
	r := &run{scenario: s, options: o}
	var err error
	if r.engine, err = light.New(light.Config{Voice: o.Voice, Shards: o.Shards}); err != nil {
		return nil, err
	}
	defer r.engine.Close()
	if r.crowd, err = r.engine.NewCrowd(ctx, url, 4); err != nil {
		out.Unreachable = "no account can be registered at the server"
		out.Finish(rules)
		return out, nil
	}
	meter := newMeter()
	r.place(ctx, s.Plan())
	meter.fill(out, r)
	out.Calls, out.Interrupted = r.calls, ctx.Err() != nil
	out.Duration = result.Since(r.started, time.Now())
	out.Finish(rules)
	return out, nil
}

// place begins each call at its time, and waits for all.
func (r *run) place(ctx context.Context, plan scenario.Plan) {
	frames := 0
	for _, c := range plan.Calls {
		frames += 2 * int(c.Duration/light.FrameDuration)
	}
	r.traced = frames <= maxTraced
	ctx, cancel := context.WithTimeout(ctx, plan.Length+drain)
	defer cancel()
	r.started = time.Now()
	r.calls = make([]result.Call, len(plan.Calls))
	var (
		wg    sync.WaitGroup
		ended int
	)
	defer wg.Wait()
	for i, c := range plan.Calls {
		r.calls[i] = result.Call{Number: i + 1, Mix: c.Mix.Name, Seed: c.Seed, Profiles: result.Sides{Caller: c.Caller.Profile, Callee: c.Callee.Profile},
			NATs: result.Sides{Caller: c.Caller.NAT, Callee: c.Callee.NAT}, Intended: intended(c.Mix.Outcome), Outcome: result.OutcomeUnplaced}
		r.calls[i].Mark(result.Scheduled, result.Millis(c.At))
	}
	for i, c := range plan.Calls {
		select {
		case <-time.After(time.Until(r.started.Add(c.At))):
		case <-ctx.Done():
			return
		}
		wg.Go(func() {
			call := r.one(ctx, r.calls[i], &c)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.calls[i] = call
			ended++
			if r.options.Done != nil {
				r.options.Done(ended, len(plan.Calls))
			}
		})
	}
}

// link is an access link, nil for the perfect one.
func link(l scenario.Link) *netsim.Profile {
	if l.Profile == scenario.Perfect {
		return nil
	}
	p, ok := scenario.Access(l.Profile, scenario.None)
	if !ok {
		return nil
	}
	return &p
}

// one is a call from its press to its end.
func (r *run) one(ctx context.Context, call result.Call, c *scenario.Planned) result.Call {
	scheduled := r.started.Add(c.At)
	r.mu.Lock()
	r.late = append(r.late, time.Since(scheduled))
	r.mu.Unlock()
	from, to, err := r.crowd.Pair(ctx)
	if err != nil {
		call.Outcome, call.Failure = result.OutcomeFailed, result.FailSignaling
		return call
	}
	plan := light.Plan{Scheduled: scheduled, Ring: c.Ring, Talk: c.Duration, RingTimeout: c.Mix.RingTimeout, Seed: c.Seed, Trace: r.traced,
		Caller: link(c.Caller), Callee: link(c.Callee)}
	switch c.Mix.Outcome {
	case scenario.NoAnswer:
		plan.Answer = light.AnswerNothing
	case scenario.Rejected:
		plan.Answer = light.AnswerDecline
	case scenario.Busy:
		plan.Answer = light.AnswerBusy
	}
	o := r.engine.Call(ctx, from, to, plan)
	r.fill(&call, &o)
	return call
}

// meter watches this process.
type meter struct {
	cpu   time.Duration
	began time.Time
	gc    debug.GCStats
	drops uint64
}

func newMeter() *meter {
	m := &meter{cpu: processTime(), began: time.Now(), drops: bufferDrops()}
	debug.ReadGCStats(&m.gc)
	return m
}

// fill judges the simulator.
func (m *meter) fill(out *result.Run, r *run) {
	wall := time.Since(m.began)
	cpu := processTime() - m.cpu
	out.Stamp.WallSeconds, out.Stamp.CPUSeconds = wall.Seconds(), cpu.Seconds()
	g := &out.Generator
	g.CPUShare = cpu.Seconds() / wall.Seconds() / float64(runtime.NumCPU())
	stats := r.engine.Stats()
	pacer := result.NewRecorder(result.UnitMillis)
	stats.Pacing.Each(func(d time.Duration, n uint32) {
		pacer.RecordN(result.Millis(d).Float(), int64(n))
		if d > light.FrameDuration {
			g.LateFrames += uint64(n)
		}
	})
	g.LateFrames += stats.Skipped
	g.Pacer = pacer.Distribution()
	if stats.Sent > 0 {
		g.LateRatio = float64(g.LateFrames) / float64(stats.Sent)
	}
	lag := result.NewRecorder(result.UnitMillis)
	for _, d := range r.late {
		lag.RecordMillis(result.Millis(d))
	}
	g.ArrivalLag = lag.Distribution()
	var gc debug.GCStats
	debug.ReadGCStats(&gc)
	pauses := result.NewRecorder(result.UnitMillis)
	for i := range min(len(gc.Pause), int(gc.NumGC-m.gc.NumGC)) {
		pauses.RecordMillis(result.Millis(gc.Pause[i]))
	}
	g.GCPause = pauses.Distribution()
	g.RxDrops = bufferDrops() - m.drops
	g.PacerMost = pacerMost.Seconds() * 1000
}
