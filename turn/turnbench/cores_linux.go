package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// runCores measures one core and two, with one generator for each core where there are four, else beside the relay.
func (b *bench) runCores(ctx context.Context) error {
	if !b.cores {
		return nil
	}
	for _, r := range b.measured() {
		if k := kind(r.Relay); k != kindOurs && k != kindCoturn {
			continue // one socket, one reader
		}
		r.Cores = &coresStage{Shared: len(b.relay) < 4}
		for round := range b.rounds {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			b.say("cores: round %d of %d: %s", round+1, b.rounds, r.Relay)
			if err := b.coresOnce(r, 1, &r.Cores.One); err != nil {
				return fmt.Errorf("%s: %w", r.Relay, err)
			}
			if err := b.coresOnce(r, 2, &r.Cores.Two); err != nil {
				return fmt.Errorf("%s: %w", r.Relay, err)
			}
		}
		if r.Cores.Shared {
			for _, ratio := range r.Cores.One.CPUMicros.over(r.Cores.Two.CPUMicros) {
				r.Cores.Scaling = append(r.Cores.Scaling, 2*ratio)
			}
		} else {
			r.Cores.Scaling = r.Cores.Two.PacketsPerSecond.over(r.Cores.One.PacketsPerSecond)
		}
	}
	return nil
}

func (b *bench) coresOnce(r *result, cores int, t *traffic) error {
	p := b.start(r, b.order(kind(r.Relay), 2*b.flows, cores), cores)
	if p == nil {
		return fmt.Errorf("turnbench: %s", r.Why)
	}
	defer p.stop()
	generators := b.own
	if len(b.relay) >= 4 {
		generators = b.relay[2 : 2+cores]
	}
	all := make([]*calls, 0, len(generators))
	defer func() {
		for _, c := range all {
			c.close()
		}
	}()
	each := b.flows / len(generators)
	for i := range generators {
		c, err := newCalls(p, b.secret, 2*i*each, each, time.Now())
		if err != nil {
			return err
		}
		all = append(all, c)
		if err := c.open(p); err != nil {
			return err
		}
		if err := c.check(); err != nil {
			return err
		}
	}
	if _, err := fullTogether(all, generators, min(settle, b.full)); err != nil {
		return err
	}
	l, u, err := b.patiently(p, func() (load, error) { return fullTogether(all, generators, b.full) })
	t.add(l, u)
	return err
}

// fullTogether runs one generator on each core and adds up what they saw.
func fullTogether(all []*calls, cores []int, d time.Duration) (sum load, err error) {
	if len(all) == 1 {
		return all[0].full(len(all[0].clients)/2, d), nil
	}
	loads, errs := make([]load, len(all)), make([]error, len(all))
	var wg sync.WaitGroup
	for i, c := range all {
		wg.Go(func() {
			if errs[i] = pinThread(cores[i]); errs[i] == nil {
				loads[i] = c.full(len(c.clients)/2, d)
			}
		})
	}
	wg.Wait()
	for i, l := range loads {
		if errs[i] != nil {
			return sum, errs[i]
		}
		sum.sent += l.sent
		sum.received += l.received
		sum.wall = max(sum.wall, l.wall)
		sum.idle += l.idle / time.Duration(len(all))
		sum.stall = max(sum.stall, l.stall)
	}
	return sum, nil
}
