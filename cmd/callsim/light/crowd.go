package light

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// What a server gives to one connection: 30 pairs of relay credentials at once, then one in ten seconds (a person places few
// calls). A crowd stays a little below, so that it never meets that limit.
const (
	credentialEvery = 11 * time.Second
	credentialBurst = 28
)

// Crowd is people at one server who call each other. It grows when those it has have called too often of late.
type Crowd struct {
	engine *Engine
	server string

	// Guarded by mu, but for registering.
	mu     sync.Mutex
	people []member
	next   int
}

// member is somebody and how often they may still call.
type member struct {
	*Person
	calls *rate.Limiter
}

// NewCrowd registers the first n people, at least two.
func (e *Engine) NewCrowd(ctx context.Context, server string, n int) (*Crowd, error) {
	c := &Crowd{engine: e, server: server}
	for range max(2, n) {
		if err := c.grow(ctx); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Crowd) grow(ctx context.Context) error {
	p, err := c.engine.Register(ctx, c.server)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.people = append(c.people, member{p, rate.NewLimiter(rate.Every(credentialEvery), credentialBurst)})
	return nil
}

// Pair is two different people, the first of whom may place a call now.
func (c *Crowd) Pair(ctx context.Context) (from, to *Person, err error) {
	for {
		if from, to = c.pick(); from != nil {
			return from, to, nil
		}
		if err := c.grow(ctx); err != nil {
			return nil, nil, err
		}
	}
}

func (c *Crowd) pick() (from, to *Person) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range c.people {
		c.next = (c.next + 1) % len(c.people)
		if c.people[c.next].calls.Allow() {
			return c.people[c.next].Person, c.people[(c.next+1)%len(c.people)].Person
		}
	}
	return nil, nil
}

// Size is how many people there are.
func (c *Crowd) Size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.people)
}

// WaitOnline blocks until all are connected.
func (c *Crowd) WaitOnline(ctx context.Context) error {
	c.mu.Lock()
	people := append([]member(nil), c.people...)
	c.mu.Unlock()
	for _, p := range people {
		if err := p.WaitOnline(ctx); err != nil {
			return err
		}
	}
	return nil
}
