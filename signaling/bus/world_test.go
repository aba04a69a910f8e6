package bus_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/bus"
)

// patience is far more than anything here takes.
const patience = 20 * time.Second

var quiet = slog.New(slog.DiscardHandler)

// within is a context that ends a test which would otherwise hang.
func within(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// queue is a queue id that follows from a letter.
func queue(letter byte) (q [16]byte) {
	for i := range q {
		q[i] = letter
	}
	return q
}

func subscribe(t *testing.T, b *bus.Bus, s bus.Subject, h bus.Handler) *bus.Subscription {
	t.Helper()
	sub, err := b.Subscribe(within(t, patience), s, h)
	if err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	return sub
}

// echo answers with what it was asked.
func echo(data []byte) []byte { return append([]byte("re: "), data...) }

func wantAnswer(t *testing.T, b *bus.Bus, s bus.Subject, question, answer string) {
	t.Helper()
	got, err := b.Request(within(t, patience), s, []byte(question))
	if err != nil || string(got) != answer {
		t.Errorf("%q is answered with %q, %v; want %q", question, got, err, answer)
	}
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// openDir opens the store in dir; the caller closes it.
func openDir(t *testing.T, dir string) *bus.Bus {
	t.Helper()
	b, err := bus.Open(bus.Config{Dir: dir, Log: quiet})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return b
}

func shut(t *testing.T, b *bus.Bus) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
}

func bucket(t *testing.T, b *bus.Bus) *bus.Bucket {
	t.Helper()
	k, err := b.Bucket(within(t, patience), "things")
	if err != nil {
		t.Fatalf("bucket: %v", err)
	}
	return k
}

func create(t *testing.T, k *bus.Bucket, key, value string) (revision uint64) {
	t.Helper()
	revision, err := k.Create(within(t, patience), key, []byte(value))
	if err != nil {
		t.Fatalf("create %s: %v", key, err)
	}
	return revision
}

func wantValue(t *testing.T, k *bus.Bucket, key, want string) (revision uint64) {
	t.Helper()
	got, revision, err := k.Get(within(t, patience), key)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", key, got, err, want)
	}
	return revision
}
