package signaling

import (
	"context"
	"math/rand/v2"
	"time"
)

// Full jitter: each wait is uniform between nothing and a bound that doubles. Clients that lost a server together come
// back spread out, all within the largest bound plus one attempt.
const (
	backoffFirst = 500 * time.Millisecond
	backoffMost  = 16 * time.Second
)

// Backoff spaces attempts. The zero value is ready; one goroutine at a time.
type Backoff struct{ bound time.Duration }

// Reset starts over, after a success.
func (b *Backoff) Reset() { b.bound = 0 }

// Wait waits before the next attempt, or until ctx ends, whose error it then returns.
func (b *Backoff) Wait(ctx context.Context) error { return b.WaitOr(ctx, nil) }

// WaitOr is Wait that something which comes from skip cuts short, and starts over.
func (b *Backoff) WaitOr(ctx context.Context, skip <-chan struct{}) error {
	timer := time.NewTimer(b.next())
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-skip:
		b.Reset()
	case <-ctx.Done():
	}
	return ctx.Err()
}

// next draws a wait and doubles the bound.
func (b *Backoff) next() time.Duration {
	b.bound = min(max(backoffFirst, 2*b.bound), backoffMost)
	return rand.N(b.bound)
}
