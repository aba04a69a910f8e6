package bus

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	subjectPrefix    = "q."
	subjectHashBytes = 20 // 160 bits: no two queues meet, and 32 characters without padding
)

var subjectEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Subject is where the envelopes of one queue travel. It prints as its type name.
type Subject struct{ name string }

func (Subject) String() string       { return "bus.Subject" }
func (Subject) GoString() string     { return "bus.Subject" }
func (Subject) LogValue() slog.Value { return slog.StringValue("bus.Subject") }

// Subject hides a queue id from everybody who listens on the bus.
func (b *Bus) Subject(queue [16]byte) Subject {
	mac := hmac.New(sha256.New, b.subjectKey[:])
	mac.Write(queue[:])
	return Subject{subjectPrefix + subjectEncoding.EncodeToString(mac.Sum(nil)[:subjectHashBytes])}
}

// Key derives a secret that all nodes of this bus share and nobody else knows.
func (b *Bus) Key(label string) [32]byte {
	key, err := hkdf.Expand(sha256.New, b.subjectKey[:], "taciturn/1 bus "+label, 32)
	if err != nil {
		panic("bus: internal error: HKDF refuses 32 bytes")
	}
	return [32]byte(key)
}

// Handler answers one request. It must not block, nor keep data.
type Handler func(data []byte) (reply []byte)

// Subscription ends with Close.
type Subscription struct {
	bus *Bus
	sub *nats.Subscription
}

// Subscribe calls handler for each request to subject until the subscription is closed. When it returns, this bus routes
// requests there; the other nodes of a cluster follow within milliseconds.
func (b *Bus) Subscribe(ctx context.Context, subject Subject, handler Handler) (*Subscription, error) {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil, ErrUnavailable
	}
	// All subscriptions share one channel and one loop: a goroutine for each of ten thousand queues would be the larger
	// part of their memory.
	sub, err := b.conn.ChanSubscribe(subject.name, b.arrivals)
	if err == nil {
		b.handlers[sub] = handler
	}
	b.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("subscribe: %w", cause(err))
	}
	s := &Subscription{b, sub}
	if err := b.conn.FlushWithContext(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("subscribe: %w", cause(err))
	}
	return s, nil
}

// Close ends the subscription. The handler may still be running, but is not called again afterwards.
func (s *Subscription) Close() {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	if _, live := s.bus.handlers[s.sub]; live {
		delete(s.bus.handlers, s.sub)
		_ = s.sub.Unsubscribe() // fails only when the connection is gone, and the subscription with it
	}
}

// dispatchLoop is the one caller of handlers.
func (b *Bus) dispatchLoop() {
	for {
		select {
		case <-b.stop:
			return
		case m := <-b.arrivals:
			b.mu.Lock()
			handler := b.handlers[m.Sub]
			b.mu.Unlock()
			if handler == nil {
				continue // closed while this message was waiting: the sender times out, as if the node had died
			}
			if reply := handler(m.Data); m.Reply != "" {
				_ = m.Respond(reply)
			}
		}
	}
}

// Request asks whoever subscribes to subject and returns the first answer: ErrNoResponders at once if there is nobody,
// ErrTimeout when ctx ends before an answer.
func (b *Bus) Request(ctx context.Context, subject Subject, data []byte) ([]byte, error) {
	if len(data) > maxRequestBytes {
		return nil, errors.New("bus: request too large")
	}
	m, err := b.conn.RequestWithContext(ctx, subject.name, data)
	if err != nil {
		return nil, cause(err)
	}
	return m.Data, nil
}

// Publish tells everybody who subscribes to subject and expects no answer.
func (b *Bus) Publish(subject Subject, data []byte) error {
	if len(data) > maxRequestBytes {
		return errors.New("bus: message too large")
	}
	return cause(b.conn.Publish(subject.name, data))
}

const (
	keyBucket     = "bus"
	subjectKeyKey = "subject-key"
)

// loadSubjectKey draws the secret of an embedded bus, or agrees with the other nodes of a cluster on one.
func (b *Bus) loadSubjectKey(shared bool) error {
	rand.Read(b.subjectKey[:]) // cannot fail since Go 1.24
	if !shared {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*connectTimeout)
	defer cancel()
	bucket, err := b.Bucket(ctx, keyBucket)
	if err != nil {
		return err
	}
	for range 3 { // another node may create the key between our two steps
		stored, _, err := bucket.Get(ctx, subjectKeyKey)
		if err == nil && len(stored) == len(b.subjectKey) {
			b.subjectKey = [32]byte(stored)
			return nil
		}
		if err == nil {
			return ErrDamaged
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		if _, err = bucket.Create(ctx, subjectKeyKey, b.subjectKey[:]); err == nil {
			return nil
		}
		if !errors.Is(err, ErrExists) {
			return err
		}
		time.Sleep(reconnectWait)
	}
	return ErrUnavailable
}
