package server

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/directory"
	"golang.org/x/time/rate"
)

// Relay credentials of one connection: a call needs one pair, and few people place more than one call in ten seconds.
const (
	mintEvery = 10 * time.Second
	mintBurst = 30
)

// mailbox is a device's long-lived connection.
func (s *Server) mailbox(w http.ResponseWriter, r *http.Request) {
	s.accept(w, r, func(ctx context.Context, c *conn) {
		m, refused := s.login(ctx, c)
		switch {
		case refused != 0:
			c.refuse(ctx, refused)
		case m != nil:
			s.serveMailbox(ctx, c, m)
		}
	})
}

// login challenges the phone. Without a mailbox and without a reason the phone has gone, or spoke nonsense.
func (s *Server) login(ctx context.Context, c *conn) (*directory.Mailbox, signaling.Reason) {
	var challenge signaling.Challenge
	rand.Read(challenge.Nonce[:]) // cannot fail since Go 1.24
	if c.write(ctx, challenge) != nil {
		return nil, 0
	}
	f, err := c.read(ctx, signaling.LoginTimeout)
	if err != nil {
		return nil, 0
	}
	login, ok := f.(signaling.Login)
	if !ok {
		return nil, 0
	}
	account, err := s.cfg.Directory.Lookup(ctx, login.Account)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, signaling.ReasonNotFound
	}
	if err != nil {
		s.cfg.Log.Error("the store cannot serve a login", "error", err)
		return nil, signaling.ReasonUnavailable
	}
	device, listed := account.Published.List.Device(login.Device)
	m, held := account.Mailbox(login.Device)
	if !listed || !held {
		return nil, signaling.ReasonNotFound
	}
	message := signaling.LoginMessage(c.host, challenge.Nonce, login.Account, login.Device)
	if !device.Key.Verify(signaling.LabelMailbox, message, login.Signature) {
		return nil, signaling.ReasonRefused
	}
	return &m, 0
}

// serveMailbox delivers until the connection ends, and the box with it.
func (s *Server) serveMailbox(ctx context.Context, c *conn, m *directory.Mailbox) {
	b := &box{server: s, queue: m.ID, keyHash: &m.DeliveryKeyHash}
	if err := s.open(ctx, b); err != nil {
		c.refuse(ctx, signaling.ReasonUnavailable)
		return
	}
	defer s.remove(b)
	if _, ok := b.attach(c); !ok {
		return // the server is closing
	}
	s.replace(m.ID, c.token)
	if c.write(ctx, signaling.Ready{}) != nil {
		return
	}
	pairs := rate.NewLimiter(rate.Every(mintEvery), mintBurst)
	c.serve(ctx, b, func(f signaling.Frame) error {
		request, ok := f.(signaling.RelayRequest)
		if !ok {
			return errFrame
		}
		return c.write(ctx, signaling.Relay{Request: request.Request, Pair: s.mint(pairs)})
	})
}

// mint is nil when no pair can be had.
func (s *Server) mint(limit *rate.Limiter) *signaling.RelayPair {
	if s.cfg.MintRelay == nil || !limit.Allow() {
		return nil
	}
	pair, err := s.cfg.MintRelay(time.Now())
	if err != nil || !pair.Valid() {
		s.cfg.Log.Error("relay credentials cannot be minted")
		return nil
	}
	return &pair
}
