package light

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling"
)

// Person is an account with one device that is online. It may have any number of calls.
type Person struct {
	// Static after Register.
	engine  *Engine
	network Network
	id      *identity.Identity
	client  *signaling.Client

	// Guarded by mu.
	mu      sync.Mutex
	mailbox *signaling.Mailbox // nil while offline
	online  chan struct{}      // closed while online
	replay  seal.ReplaySet
	losses  uint64 // of the connection
}

// Register makes an account on server and brings it online.
func (e *Engine) Register(ctx context.Context, server string) (*Person, error) {
	return e.RegisterOn(ctx, server, Network{})
}

// RegisterOn is Register over another network than the kernel's, which needs a Config that is Portable.
func (e *Engine) RegisterOn(ctx context.Context, server string, network Network) (*Person, error) {
	id, err := identity.Generate(time.Now(), server)
	if err != nil {
		return nil, err
	}
	client, err := signaling.New(signaling.Config{Server: id.Server(), DialContext: network.DialContext, Log: e.cfg.Log})
	if err != nil {
		return nil, err
	}
	p := &Person{engine: e, network: network, id: id, client: client, online: make(chan struct{})}
	if err := p.register(ctx); err != nil {
		_ = client.Close()
		return nil, err
	}
	mailbox, err := p.open(ctx)
	if err != nil {
		_ = client.Close()
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		_ = client.Close()
		return nil, errClosed
	}
	e.people = append(e.people, p)
	e.wg.Go(func() { p.mailboxLoop(mailbox) })
	return p, nil
}

var errClosed = errors.New("light: closed")

func (p *Person) register(ctx context.Context) error {
	return p.client.Register(ctx, signaling.RegisterRequest{
		Published: p.id.Published(), Mailbox: p.id.Mailbox(), DeliveryKeyHash: p.id.DeliveryKey().Hash(), Device: p.id.DeviceID(), Sign: p.id.SignDevice,
	})
}

// open connects the mailbox, after registering again at a server that has forgotten.
func (p *Person) open(ctx context.Context) (*signaling.Mailbox, error) {
	cfg := signaling.MailboxConfig{Account: p.id.Account().ID(), Device: p.id.DeviceID(), Sign: p.id.SignDevice}
	m, err := p.client.OpenMailbox(ctx, cfg)
	if errors.Is(err, signaling.ErrNotFound) {
		if err = p.register(ctx); err == nil {
			m, err = p.client.OpenMailbox(ctx, cfg)
		}
	}
	return m, err
}

// mailboxLoop is online, with full jitter between attempts, until the engine closes.
func (p *Person) mailboxLoop(m *signaling.Mailbox) {
	var backoff signaling.Backoff
	for {
		if m != nil {
			backoff.Reset()
			p.set(m)
			p.receive(m)
			p.set(nil)
			_ = m.Close()
		}
		if backoff.Wait(p.engine.life) != nil {
			return
		}
		m, _ = p.open(p.engine.life)
	}
}

func (p *Person) set(m *signaling.Mailbox) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mailbox = m
	if m != nil {
		close(p.online)
		return
	}
	p.online = make(chan struct{})
	p.losses++
}

// receive takes offers until the connection is lost.
func (p *Person) receive(m *signaling.Mailbox) {
	for {
		d, err := m.Receive(p.engine.life)
		if err != nil {
			return
		}
		p.mu.Lock()
		incoming, err := seal.OpenMailbox(p.id, &d.Envelope, time.Now(), d.Age, &p.replay)
		p.mu.Unlock()
		callee, ok := incoming.(*seal.Callee)
		if err != nil || !ok {
			continue // a repetition, or news about a call that has ended
		}
		c := p.engine.find(callee.Offer().CallID)
		if c == nil {
			callee.Wipe()
			continue
		}
		c.offered(callee)
	}
}

// WaitOnline blocks until the person is connected.
func (p *Person) WaitOnline(ctx context.Context) error {
	p.mu.Lock()
	online := p.online
	p.mu.Unlock()
	select {
	case <-online:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Losses counts how often the connection to the server was lost.
func (p *Person) Losses() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.losses
}

// credentials asks for those of one call.
func (p *Person) credentials(ctx context.Context) (signaling.RelayPair, error) {
	if err := p.WaitOnline(ctx); err != nil {
		return signaling.RelayPair{}, err
	}
	p.mu.Lock()
	m := p.mailbox
	p.mu.Unlock()
	if m == nil {
		return signaling.RelayPair{}, signaling.ErrUnavailable
	}
	return m.RelayCredentials(ctx)
}

func (p *Person) close() {
	_ = p.client.Close()
	p.id.Wipe()
}
