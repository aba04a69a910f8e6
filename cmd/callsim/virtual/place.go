package virtual

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/audio"
	"github.com/taciturn-voice/taciturn/calls/netsim"
	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
	"github.com/taciturn-voice/taciturn/cmd/callsim/scenario"
)

const (
	settled  = time.Minute     // from the beginning of a bubble until everybody is online
	leadMost = 2 * time.Second // how long before the press links are those of the plan, at least
	patience = 5 * time.Minute // for what follows the press and the talk
)

// call is one call, in its bubble.
type call struct {
	*world
	plan     *scenario.Planned
	scenario *scenario.Scenario
	wire     *wire
	phones   [2]*phone
	press    time.Time
	people   sync.WaitGroup

	// Guarded by mu.
	mu       sync.Mutex
	legs     [2]*calls.Call
	hungUp   time.Time // by the caller's human, after talking
	gaveUp   bool      // the caller's human, while it rang
	happened []happening
	events   []result.Event
}

// happening is something that may have interrupted the call.
type happening struct {
	what string
	at   time.Time
}

// place carries out one call. It runs in a bubble.
func place(t *testing.T, s *scenario.Scenario, p *scenario.Planned, voice [][]byte) (result.Call, []result.Event) {
	began := time.Now()
	w := newWorld(t, netsim.Config{Delay: s.Network.Between, Seed: p.Seed, Repeatable: true}, max(1, s.Target.Relays))
	c := &call{world: w, plan: p, scenario: s}
	for i, at := range []netip.Addr{callerIP, calleeIP} {
		c.phones[i] = w.phone(at, voice)
	}
	befriend(w, c.phones[0], c.phones[1])
	if p.Mix.Outcome == scenario.Busy {
		c.keepBusy(voice)
	}
	time.Sleep(time.Until(began.Add(settled)))
	c.connect()
	c.wire = &wire{hosts: [2]*netsim.Host{c.phones[0].host, c.phones[1].host}, start: c.press.Add(-p.At), sides: make(map[uint32]int)}
	w.SetWatch(c.wire.see)
	ctx, cancel := context.WithDeadline(t.Context(), c.press.Add(p.Ring+p.Duration+patience))
	defer cancel()
	faulty, stop := context.WithCancel(ctx)
	defer stop()
	var faults sync.WaitGroup
	faults.Go(func() { c.faults(faulty) })
	sleepUntil(ctx, c.press)
	c.people.Go(func() { c.answer(ctx) })
	err := c.dial(ctx)
	cancel()
	c.people.Wait()
	stop()
	faults.Wait()
	w.SetWatch(nil)
	return c.result(err), c.events
}

// connect gives both phones their links, at a random point of the links' cycle, and says when to press.
func (c *call) connect() {
	r := rand.New(rand.NewPCG(c.plan.Seed, 1)) //nolint:gosec // a simulation
	c.press = time.Now().Add(leadMost)
	leads, links := [2]time.Duration{}, [2]netsim.Profile{}
	for i, l := range []scenario.Link{c.plan.Caller, c.plan.Callee} {
		profile, ok := scenario.Access(l.Profile, l.NAT)
		if !ok {
			c.t.Fatal("the plan has a link that does not exist")
		}
		links[i], leads[i] = profile, leadMost+time.Duration(r.Float64()*float64(profile.Every))
		if at := time.Now().Add(leads[i]); at.After(c.press) {
			c.press = at
		}
	}
	for i := range links {
		c.people.Go(func() {
			time.Sleep(time.Until(c.press.Add(-leads[i])))
			c.phones[i].host.Use(links[i])
		})
	}
}

// faults carries out those of the scenario. What was before this call has left its traces, and no more.
func (c *call) faults(ctx context.Context) {
	for _, f := range c.scenario.Faults {
		at := c.wire.start.Add(f.At)
		if !sleepUntil(ctx, at) {
			return
		}
		if f.For > 0 {
			if f.For = time.Until(at.Add(f.For)); f.For <= 0 {
				continue
			}
		}
		c.fault(f)
		c.note(string(f.Do), at)
	}
}

func (c *call) note(what string, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.happened = append(c.happened, happening{what, at})
}

// keepBusy has the callee talk with somebody else, as long as this call lasts.
func (c *call) keepBusy(voice [][]byte) {
	other, callee := c.world.phone(otherIP, voice), c.phones[1]
	befriend(c.world, other, callee)
	contact, _ := other.profile.Contact("other")
	_, err := other.Dial(c.t.Context(), contact, speech())
	must(c.t, err)
	ringing := <-callee.Incoming()
	must(c.t, ringing.Accept(speech()))
}

func speech() calls.Audio { return calls.Audio{Source: audio.NewSilence()} } // the encoder has the words

// dial is the caller's human, until the call has ended.
func (c *call) dial(ctx context.Context) error {
	contact, _ := c.phones[0].profile.Contact("other")
	leg, err := c.phones[0].Dial(ctx, contact, speech())
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.legs[0] = leg
	c.mu.Unlock()
	mix := c.plan.Mix
	var wait time.Duration
	switch {
	case mix.Outcome == scenario.Cancelled:
		wait = c.plan.Ring
	case mix.RingTimeout > 0:
		wait = mix.RingTimeout
	}
	for e := range leg.Events() {
		if e.Kind != calls.EventState {
			continue
		}
		switch e.State {
		case calls.StateRinging:
			if wait > 0 {
				c.people.Go(func() { c.giveUp(ctx, leg, wait) })
			}
		case calls.StateTalking:
			c.people.Go(func() { c.talk(ctx, leg) })
		}
	}
	<-leg.Done()
	return leg.Err()
}

// giveUp hangs up if nobody has answered by then.
func (c *call) giveUp(ctx context.Context, leg *calls.Call, wait time.Duration) {
	if !sleepUntil(ctx, time.Now().Add(wait)) || leg.State() > calls.StateRinging {
		return
	}
	c.mu.Lock()
	c.gaveUp = true
	c.mu.Unlock()
	leg.Hangup()
}

// talk is what happens while both talk, and the hang-up.
func (c *call) talk(ctx context.Context, leg *calls.Call) {
	began := time.Now()
	var going sync.WaitGroup
	defer going.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, e := range c.plan.Mix.Events {
		if e.At < c.plan.Duration {
			going.Go(func() {
				if sleepUntil(ctx, began.Add(e.At)) {
					c.happen(ctx, e)
				}
			})
		}
	}
	if !sleepUntil(ctx, began.Add(c.plan.Duration)) {
		return
	}
	c.mu.Lock()
	c.hungUp = time.Now()
	c.mu.Unlock()
	leg.Hangup()
}

// happen is an event of the mix.
func (c *call) happen(ctx context.Context, e scenario.Event) {
	i, side := 0, result.Caller
	if e.Who == scenario.Callee {
		i, side = 1, result.Callee
	}
	c.mu.Lock()
	leg := c.legs[i]
	c.events = append(c.events, result.Event{At: c.wire.since(time.Now()), Call: result.CallID(c.plan.Number), Side: side, What: string(e.Do), Note: e.To})
	c.mu.Unlock()
	p := c.phones[i]
	switch e.Do {
	case scenario.Mute:
		if leg != nil {
			leg.Mute(true)
			sleepUntil(ctx, time.Now().Add(e.For))
			leg.Mute(false)
		}
	case scenario.Offline:
		p.host.SetDown(true)
		sleepUntil(ctx, time.Now().Add(e.For))
		p.host.SetDown(false)
		c.note(string(e.Do), time.Now())
		p.NetworkChanged()
	case scenario.SwitchNetwork:
		profile, ok := scenario.Access(e.To, scenario.None)
		if !ok {
			return
		}
		// One address for each event: at its time, in ms, so that none is had twice.
		ms := e.At.Milliseconds()
		must(c.t, p.host.Move(netip.AddrFrom4([4]byte{10, byte(100 + i), byte(ms >> 8), byte(ms)}), profile, e.Overlap))
		c.note(string(e.Do), time.Now())
		sleepUntil(ctx, time.Now().Add(max(0, -e.Overlap)))
		p.NetworkChanged()
	}
}

// answer is the callee's human.
func (c *call) answer(ctx context.Context) {
	select {
	case leg, ok := <-c.phones[1].Incoming():
		if !ok {
			return
		}
		c.mu.Lock()
		c.legs[1] = leg
		c.mu.Unlock()
		if c.plan.Mix.Outcome == scenario.NoAnswer || c.plan.Mix.Outcome == scenario.Cancelled || !sleepUntil(ctx, time.Now().Add(c.plan.Ring)) {
			return
		}
		if c.plan.Mix.Outcome == scenario.Rejected {
			_ = leg.Reject() // it may have ended meanwhile, which the caller knows
			return
		}
		if leg.Accept(speech()) == nil {
			<-leg.Done()
		}
	case <-ctx.Done():
	}
}

// sleepUntil is false if ctx ended before.
func sleepUntil(ctx context.Context, at time.Time) bool {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
