package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pion/stun/v4"
)

// Bounds of a run.
const (
	dialTimeout    = 3 * time.Second
	udpTries       = 3
	maxPackets     = 20_000
	floodPackets   = 1_000
	floodPerSecond = 2_000
	runTimeout     = 5 * time.Minute
)

var errTooMany = errors.New("probe: too many packets")

// probe is one row of the table.
type probe struct {
	name, source string
	want         []string // pass; the first is shown
	also         []string // differs
	run          func(*env) string
}

// env is what probes share. One goroutine runs them all.
type env struct {
	ctx     context.Context
	cfg     Config
	realm   string
	users   int
	packets int
	clients []*client // of the probe that runs
	idle    float64   // share of a core that the server takes when it is not probed
}

// skip begins the outcome of a probe that could not be asked.
const skip = "skipped: "

// Run asks everything. It returns what it has if ctx ends.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	if cfg.Wait == 0 {
		cfg.Wait = 500 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	began := time.Now()
	e := &env{ctx: ctx, cfg: cfg}
	if err := e.knock(); err != nil {
		return nil, err
	}
	e.idle, _ = e.busy()
	r := &Report{Version: 1, Transport: cfg.Transport, Realm: e.realm}
	for _, p := range slices.Concat(conformance, addresses(), abuse, streams) {
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		if cfg.Progress != nil {
			cfg.Progress(p.name)
		}
		r.Results = append(r.Results, e.judge(p))
	}
	if cfg.Progress != nil {
		cfg.Progress("costs")
	}
	r.Costs = e.costs()
	r.Results = append(r.Results, amplification(cfg.Transport, r.Costs)...)
	r.Packets, r.Seconds = e.packets, time.Since(began).Seconds()
	return r, ctx.Err()
}

// knock finds out whether anybody is there, and its realm.
func (e *env) knock() error {
	defer e.close()
	c, err := e.client(user{})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	got := c.ask(stun.MethodAllocate, transport(protocolUDP))
	if got == "silence" || got == "closed" {
		return fmt.Errorf("%w: %s", ErrUnreachable, got)
	}
	e.realm = c.realm
	return nil
}

func (e *env) judge(p probe) Result {
	defer e.close()
	got := p.run(e)
	r := Result{Name: p.name, Source: p.source, Want: p.want[0], Got: got, Verdict: Fail}
	switch why, skipped := strings.CutPrefix(got, skip); {
	case skipped:
		r.Got, r.Verdict = why, Skipped
	case slices.Contains(p.want, got):
		r.Verdict = Pass
	case slices.Contains(p.also, got):
		r.Verdict = Differs
	}
	return r
}

func (e *env) close() {
	for _, c := range e.clients {
		c.bye()
	}
	e.clients = nil
}

// newUser mints a user, another one each time if there is a secret.
func (e *env) newUser() user {
	e.users++
	return e.cfg.Login.mint(fmt.Sprintf("probe%d", e.users), time.Now().Add(time.Hour))
}

// challenged is a client that has heard the server's 401, or a reason why there is none.
func (e *env) challenged(u user) (*client, string) {
	if !e.cfg.Login.known() {
		return nil, skip + "no credentials were given"
	}
	c, err := e.client(u)
	if err != nil {
		return nil, "no connection"
	}
	if got := c.once(stun.MethodAllocate, transport(protocolUDP)); got != "401" {
		return nil, got + " instead of a challenge"
	}
	return c, ""
}

// allocated is a client with an allocation.
func (e *env) allocated(u user, setters ...stun.Setter) (*client, string) {
	c, why := e.challenged(u)
	if c == nil {
		return nil, why
	}
	if got := c.ask(stun.MethodAllocate, append(setters, transport(protocolUDP))...); got != "success" {
		return nil, skip + "Allocate: " + got
	}
	return c, ""
}

// several are clients of one user, with allocations that differ.
func (e *env) several(n int) (all []*client, why string) {
	u := e.newUser()
	for range n {
		c, why := e.allocated(u)
		if c == nil {
			return nil, why
		}
		all = append(all, c)
	}
	return all, ""
}

// alone runs a probe that needs one allocation.
func alone(story func(*env, *client) string) func(*env) string {
	return func(e *env) string {
		c, why := e.allocated(e.newUser())
		if c == nil {
			return why
		}
		return story(e, c)
	}
}

// alive asks whether the server still serves, on a connection of its own.
func (e *env) alive(otherwise string) string {
	c, err := e.client(user{})
	if err != nil {
		return "gone: no connection"
	}
	if got := c.ask(stun.MethodBinding); got != "success" {
		return "gone: " + got
	}
	return otherwise
}

func (c *client) permit(p netip.AddrPort) string { return c.ask(stun.MethodCreatePermission, peer(p)) }

func (c *client) bind(number uint16, p netip.AddrPort) string {
	return c.ask(stun.MethodChannelBind, channel(number), peer(p))
}
