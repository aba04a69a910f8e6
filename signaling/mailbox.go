package signaling

import (
	"context"
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/record"
)

// MailboxConfig says whose mailbox.
type MailboxConfig struct {
	Account record.AccountID
	Device  record.DeviceID
	Sign    Sign // by that device
}

// Mailbox is a device's connection to its server. Receive and RelayCredentials may be called concurrently.
type Mailbox struct {
	// Static after OpenMailbox.
	client *Client
	socket *socket
	inbox  *inbox
	wg     sync.WaitGroup // of readLoop

	// Guarded by mu.
	mu      sync.Mutex
	asked   uint32                  // number of the last request
	answers map[uint32]chan<- Relay // of requests that wait; each has room for one
	ended   bool
	closed  bool
}

// OpenMailbox connects and logs in; ctx bounds only this. It fails with ErrNotFound if the device has to register first.
func (c *Client) OpenMailbox(ctx context.Context, cfg MailboxConfig) (*Mailbox, error) {
	s, err := c.openSocket(ctx, PathMailbox)
	if err != nil {
		return nil, err
	}
	if err = c.login(ctx, s, cfg); err == nil {
		err = s.start(ctx)
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	m := &Mailbox{client: c, socket: s, inbox: newInbox(), answers: make(map[uint32]chan<- Relay)}
	m.wg.Go(m.readLoop)
	if !c.adopt(m) {
		_ = m.Close()
		return nil, ErrClosed
	}
	return m, nil
}

func (c *Client) login(ctx context.Context, s *socket, cfg MailboxConfig) error {
	f, err := s.read(ctx)
	if err != nil {
		return err
	}
	switch f := f.(type) {
	case Challenge:
		msg := LoginMessage(c.base.Host, f.Nonce, cfg.Account, cfg.Device)
		return s.write(ctx, Login{cfg.Account, cfg.Device, cfg.Sign(LabelMailbox, msg)})
	case Refused:
		return f.Reason.err()
	}
	return ErrFormat
}

// readLoop is the one reader of the socket.
func (m *Mailbox) readLoop() {
	err := m.socket.serve(m.handle)
	m.mu.Lock()
	if m.closed {
		err = ErrClosed
	}
	m.ended = true
	for request, answer := range m.answers {
		close(answer)
		delete(m.answers, request)
	}
	m.mu.Unlock()
	m.inbox.end(err)
}

func (m *Mailbox) handle(f Frame) error {
	switch f := f.(type) {
	case Deliver:
		m.inbox.put(waiting{f, m.socket, time.Now()})
	case Relay:
		m.mu.Lock()
		answer, ok := m.answers[f.Request]
		delete(m.answers, f.Request)
		m.mu.Unlock()
		if ok {
			answer <- f
		}
	case Pong:
	default:
		return ErrFormat
	}
	return nil
}

// Receive waits for the next envelope. It fails with ErrUnavailable once the connection is lost, or ErrClosed.
func (m *Mailbox) Receive(ctx context.Context) (*Delivery, error) { return m.inbox.receive(ctx) }

// RelayCredentials asks for a pair of relay credentials, one call's worth.
func (m *Mailbox) RelayCredentials(ctx context.Context) (RelayPair, error) {
	answer := make(chan Relay, 1)
	m.mu.Lock()
	if m.ended || m.closed {
		m.mu.Unlock()
		return RelayPair{}, m.gone()
	}
	m.asked++
	request := m.asked
	m.answers[request] = answer
	m.mu.Unlock()
	defer m.withdraw(request)
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	if err := m.socket.write(context.Background(), RelayRequest{request}); err != nil {
		return RelayPair{}, err
	}
	select {
	case f, ok := <-answer:
		switch {
		case !ok:
			return RelayPair{}, m.gone()
		case f.Pair == nil:
			return RelayPair{}, ErrUnavailable
		}
		return *f.Pair, nil
	case <-ctx.Done():
		return RelayPair{}, cause(ctx, ctx.Err())
	}
}

func (m *Mailbox) withdraw(request uint32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.answers, request)
}

func (m *Mailbox) gone() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	return ErrUnavailable
}

// Close ends the connection and waits for its goroutines. It may be called more than once.
func (m *Mailbox) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.client.forget(m)
	m.socket.stop()
	m.wg.Wait()
	return nil
}
