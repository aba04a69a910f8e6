package server

import (
	"context"
	"net/http"
	"time"

	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

// queue is a per-call queue's connection. Nobody says who they are here; whoever knows the read secret is the owner.
func (s *Server) queue(w http.ResponseWriter, r *http.Request) {
	id, err := envelope.ParseQueueID(r.PathValue("id"))
	if err != nil {
		fail(w, http.StatusNotFound)
		return
	}
	s.accept(w, r, func(ctx context.Context, c *conn) {
		f, err := c.read(ctx, signaling.LoginTimeout)
		if err != nil {
			return
		}
		open, ok := f.(signaling.Open)
		if !ok {
			return
		}
		if open.Secret.Queue() != id {
			c.refuse(ctx, signaling.ReasonRefused)
			return
		}
		s.serveQueue(ctx, c, id)
	})
}

// serveQueue delivers until the connection ends. The box stays for its owner's next connection.
func (s *Server) serveQueue(ctx context.Context, c *conn, id envelope.QueueID) {
	b, err := s.queueBox(ctx, id)
	if err != nil {
		c.refuse(ctx, signaling.ReasonUnavailable)
		return
	}
	before, ok := b.attach(c)
	if before != nil {
		before.close()
	}
	if !ok {
		c.refuse(ctx, signaling.ReasonUnavailable) // it ended in this very moment
		return
	}
	defer func() { b.detach(c, time.Now()) }()
	s.replace(id, c.token)
	if c.write(ctx, signaling.Ready{}) != nil {
		return
	}
	c.serve(ctx, b, func(f signaling.Frame) error {
		if _, ok := f.(signaling.Leave); ok {
			s.remove(b)
		}
		return errFrame
	})
}

// queueBox finds the box of a queue, or makes one.
func (s *Server) queueBox(ctx context.Context, id envelope.QueueID) (*box, error) {
	s.mu.Lock()
	b, found := s.queues[id]
	if !found {
		now := time.Now()
		b = &box{server: s, queue: id, ends: now.Add(signaling.QueueLifetime), idle: now}
		s.queues[id] = b
	}
	s.mu.Unlock()
	if found {
		return b, nil
	}
	return b, s.open(ctx, b)
}
