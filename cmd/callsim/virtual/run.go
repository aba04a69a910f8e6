package virtual

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/calls/quality"
	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
	"github.com/taciturn-voice/taciturn/cmd/callsim/scenario"
)

// ErrUnsupported: the scenario asks for what this engine does not have.
var ErrUnsupported = errors.New("virtual: the virtual engine cannot do this")

// Options are not of the scenario.
type Options struct {
	Voice     [][]byte // Opus frames that everybody says, over and over
	Processes int      // 0: one for each core
	// Stderr gets what children say when something breaks. Nil: nobody reads it.
	Stderr io.Writer
	// Done is called after each call, with how many have ended; it must not block.
	Done func(ended, of int)
}

// callWithin is how long a call may take on the wall's clock before its process is given up.
const callWithin = 5 * time.Minute

// check refuses what would be ignored otherwise.
func check(s *scenario.Scenario) error {
	switch {
	case s.Endpoint != scenario.Full:
		return fmt.Errorf("%w: its endpoints are full; set endpoint: full", ErrUnsupported)
	case s.Target.Signaling != scenario.Embedded:
		return fmt.Errorf("%w: it brings its own server; set target.signaling: embedded, or engine: real", ErrUnsupported)
	case s.Load.Closed:
		return fmt.Errorf("%w: a closed load; set load.model: open", ErrUnsupported)
	case s.Audio.Score:
		return fmt.Errorf("%w: STOI; set audio.score: false", ErrUnsupported)
	}
	return nil
}

// Run carries s out and judges it by rules.
func Run(ctx context.Context, s *scenario.Scenario, rules []result.Rule, o Options) (*result.Run, error) {
	if err := check(s); err != nil {
		return nil, err
	}
	if len(o.Voice) == 0 {
		return nil, errors.New("virtual: internal error: there is nothing to say")
	}
	began, cpu := time.Now(), childTime()
	plan := s.Plan()
	r := &run{setting: setting{Scenario: string(s.Lock()), Voice: o.Voice}, options: o, calls: make([]result.Call, len(plan.Calls))}
	for i := range plan.Calls {
		r.calls[i] = begin(&plan.Calls[i])
	}
	if err := r.all(ctx); err != nil {
		return nil, err
	}
	out := &result.Run{
		Scenario: s.Name, Seed: s.Seed, Engine: result.Virtual, Endpoint: result.Full, JitterBuffer: "phone", Config: r.setting.Scenario,
		Target:      result.Target{Server: "embedded", Policy: "relay"},
		Audio:       result.Audio{Source: string(s.Audio.Source), Codec: "opus", Bitrate: 32000, Constant: true, FrameMs: 20, Encoder: "shared", Ceiling: quality.Opus(32000, true).Ceiling().MOS},
		Load:        result.Load{Model: "open", Arrivals: string(s.Load.Arrivals.Process), PerSecond: s.Load.Arrivals.Rate, MaxConcurrent: s.Load.MaxConcurrent},
		Interrupted: ctx.Err() != nil, Calls: r.calls, Events: r.events,
	}
	for _, f := range s.Faults {
		out.Faults = append(out.Faults, result.Fault{At: result.Millis(f.At), Do: string(f.Do), Index: f.Index, For: result.Millis(f.For)})
		out.Events = append(out.Events, result.Event{At: result.Millis(f.At), What: string(f.Do)})
	}
	var talk result.Millis
	for i := range plan.Calls {
		talk += result.Millis(plan.Calls[i].Duration) / result.Millis(len(plan.Calls))
		out.Duration = max(out.Duration, out.Calls[i].Phases[result.Ended])
	}
	out.Load.MeanTalk = talk
	out.Stamp = result.Stamp{
		Started: began.UTC().Format(time.RFC3339), WallSeconds: time.Since(began).Seconds(), CPUSeconds: (childTime() - cpu).Seconds(), Host: result.ThisHost(),
	}
	out.Finish(rules)
	return out, nil
}

// begin is a call that has not been placed.
func begin(c *scenario.Planned) result.Call {
	call := result.Call{
		Number: c.Number, Mix: c.Mix.Name, Seed: c.Seed, Profiles: result.Sides{Caller: c.Caller.Profile, Callee: c.Callee.Profile},
		NATs: result.Sides{Caller: c.Caller.NAT, Callee: c.Callee.NAT}, Intended: intended(c.Mix.Outcome), Outcome: result.OutcomeUnplaced,
	}
	call.Mark(result.Scheduled, result.Millis(c.At))
	return call
}

// run is one run, seen by the process that hands out the calls.
type run struct {
	setting setting
	options Options

	// Guarded by mu.
	mu          sync.Mutex
	calls       []result.Call
	events      []result.Event
	next, ended int
	failed      error
}

// all hands out every call.
func (r *run) all(ctx context.Context) error {
	n := r.options.Processes
	if n <= 0 {
		n = runtime.NumCPU()
	}
	var wg sync.WaitGroup
	for range min(n, len(r.calls)) {
		wg.Go(func() { r.workLoop(ctx) })
	}
	wg.Wait()
	return r.failed
}

// workLoop keeps one child busy, and starts another one when it breaks.
func (r *run) workLoop(ctx context.Context) {
	var c *child
	defer func() { c.close() }()
	for ctx.Err() == nil {
		number, ok := r.take()
		if !ok {
			return
		}
		if c == nil {
			var err error
			if c, err = start(ctx, &r.setting, r.options.Stderr); err != nil {
				r.fail(err)
				return
			}
		}
		a, err := c.call(number)
		if err != nil {
			c.close()
			c = nil
			if ctx.Err() != nil {
				return
			}
		}
		r.give(number, &a, err != nil || a.Broken)
	}
}

func (r *run) take() (number int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil || r.next == len(r.calls) {
		return 0, false
	}
	r.next++
	return r.next, true
}

func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = err
}

// give keeps what became of a call. One that broke its child failed by the simulator's fault.
func (r *run) give(number int, a *answer, broken bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	call := &r.calls[number-1]
	if broken {
		call.Outcome, call.Failure = result.OutcomeFailed, result.FailGenerator
		call.Mark(result.Ended, call.Phases[result.Scheduled])
	} else {
		*call = a.Call
		r.events = append(r.events, a.Events...)
	}
	r.ended++
	if r.options.Done != nil {
		r.options.Done(r.ended, len(r.calls))
	}
}

// child is a process that carries out calls.
type child struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	encoder *json.Encoder
	decoder *json.Decoder
}

func start(ctx context.Context, s *setting, stderr io.Writer) (*child, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("virtual: find this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, path)
	// One thread each: processes are what runs at once.
	cmd.Env = append(os.Environ(), childVariable+"=1", "GOMAXPROCS=1")
	cmd.Stderr = stderr
	c := &child{cmd: cmd}
	if c.in, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("virtual: start a process: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("virtual: start a process: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("virtual: start a process: %w", err)
	}
	c.encoder, c.decoder = json.NewEncoder(c.in), json.NewDecoder(out)
	if err := c.encoder.Encode(s); err != nil {
		c.close()
		return nil, fmt.Errorf("virtual: start a process: %w", err)
	}
	return c, nil
}

// call has one call carried out.
func (c *child) call(number int) (a answer, err error) {
	patience := time.AfterFunc(callWithin, func() { _ = c.cmd.Process.Kill() })
	defer patience.Stop()
	if err := c.encoder.Encode(number); err != nil {
		return a, err
	}
	err = c.decoder.Decode(&a)
	return a, err
}

// close lets the child end, and waits for it.
func (c *child) close() {
	if c == nil {
		return
	}
	_ = c.in.Close()
	patience := time.AfterFunc(10*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer patience.Stop()
	_ = c.cmd.Wait()
}
