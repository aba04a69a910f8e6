package bus_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/bus"
	"github.com/taciturn-voice/taciturn/signaling/bus/bustest"
)

func TestCloseMayBeCalledMoreThanOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a goroutine left behind would fail the test: bustest closes last
		b := bustest.Open(t)
		subscribe(t, b, b.Subject(queue('a')), echo)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := b.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
		}
		wg.Wait()
	})
}

func TestCloseWaitsForAHandlerThatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bustest.Open(t)
		left := false
		subscribe(t, b, b.Subject(queue('a')), func([]byte) []byte {
			time.Sleep(time.Second)
			left = true
			return nil
		})
		if err := b.Publish(b.Subject(queue('a')), nil); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		shut(t, b)
		if !left {
			t.Error("Close returned before the handler")
		}
	})
}

func TestCloseEndsRequestsThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bustest.Open(t)
		release := make(chan struct{})
		subscribe(t, b, b.Subject(queue('a')), func([]byte) []byte { <-release; return nil })
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := b.Request(within(t, patience), b.Subject(queue('a')), nil)
			wantError(t, "a request at Close", err, bus.ErrUnavailable)
		})
		synctest.Wait()
		time.AfterFunc(time.Second, func() { close(release) })
		shut(t, b)
		wg.Wait()
	})
}

func TestAClosedBusIsNotAvailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bustest.Open(t)
		k := bucket(t, b)
		sub := subscribe(t, b, b.Subject(queue('a')), echo)
		shut(t, b)
		ctx := within(t, patience)
		_, err := b.Request(ctx, b.Subject(queue('a')), nil)
		wantError(t, "request", err, bus.ErrUnavailable)
		wantError(t, "publish", b.Publish(b.Subject(queue('a')), nil), bus.ErrUnavailable)
		_, err = b.Subscribe(ctx, b.Subject(queue('b')), echo)
		wantError(t, "subscribe", err, bus.ErrUnavailable)
		_, err = b.Bucket(ctx, "things")
		wantError(t, "bucket", err, bus.ErrUnavailable)
		_, _, err = k.Get(ctx, "key")
		wantError(t, "get", err, bus.ErrUnavailable)
		_, err = k.Create(ctx, "key", nil)
		wantError(t, "create", err, bus.ErrUnavailable)
		sub.Close() // harmless
		if got := b.Stats(); got != (bus.Stats{}) {
			t.Errorf("Close counts as a loss: %+v", got)
		}
	})
}

func TestSubscribingGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bustest.Open(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := b.Subscribe(ctx, b.Subject(queue('a')), echo); err == nil {
			t.Fatal("subscribed")
		}
		_, err := b.Request(within(t, patience), b.Subject(queue('a')), nil)
		wantError(t, "a subscription that failed is none", err, bus.ErrNoResponders)
	})
}

// Outside a bubble, with files: what a failed and a successful start leave behind.
func TestNoGoroutineIsLeftBehind(t *testing.T) {
	before := goroutines()
	locked := t.TempDir()
	holder := openDir(t, locked)
	for range 3 {
		b := openDir(t, t.TempDir())
		create(t, bucket(t, b), "key", "value")
		subscribe(t, b, b.Subject(queue('a')), echo)
		wantAnswer(t, b, b.Subject(queue('a')), "hello", "re: hello")
		shut(t, b)
		wantRefused(t, "a locked directory", locked, bus.ErrLocked)
	}
	shut(t, holder)
	for range 100 { // a goroutine needs a moment between its last statement and its end
		if goroutines() <= before {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	all := make([]byte, 1<<20)
	t.Errorf("%d goroutines before, %d after:\n%s", before, goroutines(), all[:runtime.Stack(all, true)])
}

// goroutines counts those that NATS or this package started.
func goroutines() (count int) {
	all := make([]byte, 4<<20)
	all = all[:runtime.Stack(all, true)]
	for _, stack := range strings.Split(string(all), "\n\n") {
		if strings.Contains(stack, "nats-io") || strings.Contains(stack, "signaling/bus.") {
			count++
		}
	}
	return count
}
