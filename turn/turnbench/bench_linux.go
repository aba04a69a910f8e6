package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// plan is what to measure, and for how long.
type plan struct {
	relays   []kind
	rounds   int
	full     time.Duration // 0: not
	flows    int           // calls while full
	voice    time.Duration // for each load
	loads    []int         // calls
	setup    int           // allocations; 0: not
	memory   []int         // allocations
	cores    bool
	nice     int
	patience time.Duration // for measurements that other programs disturb
	profile  string
}

// bench is one run.
type bench struct {
	plan
	machine  machine
	relay    []int // cores
	own      []int // of the generator
	secret   string
	results  []*result
	progress io.Writer
}

var errCores = errors.New("turnbench: it needs two cores, one for the relay and one for the generator")

// newBench moves this process to the generator's core. It must be called on the main thread.
func newBench(p plan, progress io.Writer) (*bench, error) {
	cores, err := allowedCores()
	if err != nil {
		return nil, err
	}
	if len(cores) < 2 {
		return nil, errCores
	}
	b := &bench{plan: p, machine: thisMachine(len(cores)), relay: cores, secret: rand.Text(), progress: progress}
	b.own = cores[1:2]
	if err := pinAll(b.own); err != nil {
		return nil, err
	}
	if p.nice != 0 {
		if err := hurry(p.nice); err != nil {
			return nil, err
		}
	}
	for _, k := range p.relays {
		b.results = append(b.results, &result{Relay: string(k), Voice: make(map[int]*voiceStage)})
	}
	return b, nil
}

func (b *bench) order(k kind, allocations, shards int) order {
	return order{Kind: k, Address: relayAddress, Secret: b.secret, Capacity: allocations, Shards: shards}
}

// run measures all stages.
func (b *bench) run(ctx context.Context) error {
	for _, stage := range []func(context.Context) error{b.runSetup, b.runTraffic, b.runMemory, b.runCores} {
		if err := stage(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// measured are the relays that can be; what cannot is noted once.
func (b *bench) measured() (rs []*result) {
	for _, r := range b.results {
		if r.Why == "" {
			rs = append(rs, r)
		}
	}
	return rs
}

// start starts a relay, or notes why it cannot be.
func (b *bench) start(r *result, o order, cores int) *process {
	p, err := startProcess(o, b.relay[:cores])
	if err != nil {
		r.Why = err.Error()
		return nil
	}
	return p
}

// runSetup opens allocations at fresh processes.
func (b *bench) runSetup(ctx context.Context) error {
	if b.setup == 0 {
		return nil
	}
	for round := range b.rounds {
		for _, r := range rotated(b.measured(), round) {
			if kind(r.Relay) == kindRaw {
				continue
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			b.say("setup: round %d of %d: %s", round+1, b.rounds, r.Relay)
			p := b.start(r, b.order(kind(r.Relay), b.setup, 1), 1)
			if p == nil {
				continue
			}
			err := b.setupOnce(r, p)
			p.stop()
			if err != nil {
				return fmt.Errorf("%s: %w", r.Relay, err)
			}
		}
	}
	return nil
}

func (b *bench) setupOnce(r *result, p *process) error {
	c, err := newCalls(p, b.secret, 0, b.setup/2, time.Now())
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.allocate(p); err != nil {
		return err
	}
	n := float64(len(c.clients))
	r.Setup.Allocations = len(c.clients)
	r.Setup.PerSecond = append(r.Setup.PerSecond, n/c.opened.Seconds())
	r.Setup.PerCore = append(r.Setup.PerCore, n/c.openCPU.Seconds())
	return nil
}

// table is a relay with its calls.
type table struct {
	*result
	process *process
	calls   *calls
}

func (t *table) stop() {
	if t.calls != nil {
		t.calls.close()
	}
	t.process.stop()
}

// seat starts a relay and opens its calls.
func (b *bench) seat(r *result, n int) (*table, error) {
	o := b.order(kind(r.Relay), 2*n, 1)
	if kind(r.Relay) == kindOurs {
		o.Profile = b.profile
	}
	p := b.start(r, o, 1)
	if p == nil {
		return nil, nil
	}
	t := &table{result: r, process: p}
	var err error
	if t.calls, err = newCalls(p, b.secret, 0, n, time.Now()); err == nil {
		if err = t.calls.open(p); err == nil {
			err = t.calls.check()
		}
	}
	if err != nil {
		t.stop()
		return nil, fmt.Errorf("%s: %w", r.Relay, err)
	}
	return t, nil
}

// bindAgain is well before permissions end, after 5 minutes.
const bindAgain = 2 * time.Minute

// runTraffic lets all relays take turns.
func (b *bench) runTraffic(ctx context.Context) error {
	n := slices.Max(append(slices.Clone(b.loads), 0))
	if b.full > 0 {
		n = max(n, b.flows)
	}
	if n == 0 {
		return nil
	}
	var tables []*table
	defer func() {
		for _, t := range tables {
			t.stop()
		}
	}()
	for _, r := range b.measured() {
		b.say("open %d calls: %s", n, r.Relay)
		t, err := b.seat(r, n)
		if err != nil {
			return err
		}
		if t != nil {
			tables = append(tables, t)
			t.process.pause()
		}
	}
	for round := range b.rounds {
		turns := append([]int{0}, b.loads...) // 0: full
		for _, calls := range turns {
			for _, t := range rotated(tables, round) {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err := b.turn(t, round, calls); err != nil {
					return fmt.Errorf("%s: %w", t.Relay, err)
				}
			}
		}
	}
	return nil
}

// settle is measured time that does not count, before each that does, at most.
const settle = 200 * time.Millisecond

// turn measures one relay under one load.
func (b *bench) turn(t *table, round, calls int) error {
	t.process.resume()
	defer t.process.pause()
	if time.Since(t.calls.boundAt) > bindAgain {
		if err := t.calls.bind(); err != nil {
			return err
		}
	}
	runtime.GC()
	if calls == 0 {
		if b.full == 0 {
			return nil
		}
		b.say("full: round %d of %d: %s", round+1, b.rounds, t.Relay)
		t.calls.full(b.flows, min(settle, b.full))
		l, u, err := b.patiently(t.process, func() (load, error) { return t.calls.full(b.flows, b.full), nil })
		t.Full.add(l, u)
		t.calls.collect(min(settle, b.full))
		return err
	}
	b.say("%d calls: round %d of %d: %s", calls, round+1, b.rounds, t.Relay)
	if _, err := t.calls.voice(calls, min(settle, b.voice)); err != nil {
		return err
	}
	v := t.Voice[calls]
	if v == nil {
		v = new(voiceStage)
		t.Voice[calls] = v
	}
	l, u, err := b.patiently(t.process, func() (load, error) { return t.calls.voice(calls, b.voice) })
	v.add(l, u)
	return err
}

const (
	// Others may take so much of a relay's cores, and the generator be without its own so long, before a measurement is
	// taken again.
	mostOthers = 0.10
	mostStall  = 10 * time.Millisecond
)

// patiently measures again what other programs disturbed, as long as there is patience, and returns the best.
func (b *bench) patiently(p *process, measure func() (load, error)) (best load, spent usage, err error) {
	worst := math.Inf(1)
	for {
		before, start := p.usage(), time.Now()
		l, err := measure()
		if err != nil {
			return l, usage{}, err
		}
		u := p.usage().since(before)
		others := (u.cores - u.relay).Seconds() / l.wall.Seconds()
		disturbance := max(others/mostOthers, l.stall.Seconds()/mostStall.Seconds())
		if disturbance < worst {
			worst, best, spent = disturbance, l, u
		}
		if worst <= 1 || b.patience <= 0 {
			return best, spent, nil
		}
		b.patience -= time.Since(start)
	}
}

// runMemory opens more and more allocations.
func (b *bench) runMemory(ctx context.Context) error {
	for _, r := range b.measured() {
		if kind(r.Relay) == kindRaw || len(b.memory) == 0 {
			continue
		}
		for _, n := range b.memory {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			b.say("memory: %d allocations: %s", n, r.Relay)
			m := memoryStage{Allocations: n}
			if files := uint64(n) + 200; kind(r.Relay) != kindOurs && files > b.machine.Files {
				m.Why = fmt.Sprintf("needs %d open files, %d are allowed", files, b.machine.Files)
			} else if kind(r.Relay) != kindOurs && n > 60_000 {
				m.Why = "needs more ports than an address has"
			} else if err := b.memoryOnce(r, &m); err != nil {
				return fmt.Errorf("%s: %w", r.Relay, err)
			}
			r.Memory = append(r.Memory, m)
		}
	}
	return nil
}

// memorySettle lets a relay tidy up.
const memorySettle = 500 * time.Millisecond

func (b *bench) memoryOnce(r *result, m *memoryStage) error {
	p := b.start(r, b.order(kind(r.Relay), m.Allocations, 1), 1)
	if p == nil {
		return errors.New(r.Why)
	}
	defer p.stop()
	c, err := newCalls(p, b.secret, 0, m.Allocations/2, time.Now())
	if err != nil {
		return err
	}
	defer c.close()
	idle, err := rss(p.pid())
	if err != nil {
		return err
	}
	if err := c.open(p); err != nil {
		return err
	}
	time.Sleep(memorySettle)
	if m.TotalBytes, err = rss(p.pid()); err != nil {
		return err
	}
	m.PerAllocation = float64(m.TotalBytes-idle) / float64(len(c.clients))
	return nil
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, format+"\n", args...)
}

// rotated begins with another one each round.
func rotated[T any](s []T, round int) []T {
	if len(s) == 0 {
		return nil
	}
	k := round % len(s)
	return append(slices.Clone(s[k:]), s[:k]...)
}

// pinThread keeps the calling goroutine on one core for good.
func pinThread(core int) error {
	runtime.LockOSThread()
	return unix.SchedSetaffinity(0, setOf([]int{core}))
}
