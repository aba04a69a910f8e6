package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

// Messages on the bus.
const (
	busSubmit  = 1
	busReplace = 2

	tokenSize      = 16
	submitBytes    = 1 + sha256.Size + envelope.Size
	replaceBytes   = 1 + tokenSize
	answerRefused  = 0
	answerAccepted = 1

	// busTimeout bounds asking another node, which answers within a millisecond or not at all.
	busTimeout = 2 * time.Second

	sweepInterval = 5 * time.Second

	// boxesPerConnection bounds boxes that wait for their owners to come back.
	boxesPerConnection = 2
)

// token tells one connection to a box from another, across nodes.
type token [tokenSize]byte

func newToken() (t token) {
	rand.Read(t[:]) // cannot fail since Go 1.24
	return t
}

// open puts b on the bus: when it returns, submissions arrive.
func (s *Server) open(ctx context.Context, b *box) error {
	s.mu.Lock()
	full := s.cfg.MaxConnections > 0 && len(s.boxes) >= boxesPerConnection*s.cfg.MaxConnections
	if s.closed || full {
		s.mu.Unlock()
		s.remove(b)
		return errClosed
	}
	s.boxes[b] = struct{}{}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, busTimeout) // the bus wants a deadline
	defer cancel()
	sub, err := s.cfg.Bus.Subscribe(ctx, s.cfg.Bus.Subject(b.queue.Bytes()), b.arrived)
	if err != nil {
		s.remove(b)
		return err
	}
	b.mu.Lock()
	removed := b.removed
	if !removed {
		b.sub = sub
	}
	b.mu.Unlock()
	if removed {
		sub.Close()
		return errClosed
	}
	return nil
}

// remove takes b off the bus and ends its reader.
func (s *Server) remove(b *box) {
	reader, sub := b.end()
	if sub != nil {
		sub.Close()
	}
	if reader != nil {
		reader.close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.boxes, b)
	if s.queues[b.queue] == b {
		delete(s.queues, b.queue)
	}
}

// arrived is the bus's handler: it runs on the one goroutine that serves all boxes and never blocks.
func (b *box) arrived(data []byte) []byte {
	switch {
	case len(data) == submitBytes && data[0] == busSubmit:
		hash, env := data[1:1+sha256.Size], data[1+sha256.Size:]
		if b.accepts(hash) && b.put(time.Now(), env) {
			return []byte{answerAccepted}
		}
	case len(data) == replaceBytes && data[0] == busReplace:
		b.mu.Lock()
		reader := b.reader
		b.mu.Unlock()
		if reader != nil && subtle.ConstantTimeCompare(reader.token[:], data[1:]) == 0 {
			reader.close()
		}
	}
	return []byte{answerRefused}
}

// replace ends all other connections to queue, at every node; the zero token ends all.
func (s *Server) replace(queue envelope.QueueID, t token) {
	data := append([]byte{busReplace}, t[:]...)
	if err := s.cfg.Bus.Publish(s.cfg.Bus.Subject(queue.Bytes()), data); err != nil {
		s.cfg.Log.Warn("an older connection could not be told that it is replaced", "error", err)
	}
}

// sweepLoop removes boxes that are over, and envelopes that are too old, until Close.
func (s *Server) sweepLoop() {
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			return
		case now := <-tick.C:
			s.sweep(now)
		}
	}
}

func (s *Server) sweep(now time.Time) {
	s.mu.Lock()
	boxes := make([]*box, 0, len(s.boxes))
	for b := range s.boxes {
		boxes = append(boxes, b)
	}
	s.mu.Unlock()
	for _, b := range boxes {
		if b.over(now) {
			s.remove(b)
		}
	}
	s.sources.renew(now)
}
