package bus_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/bus"
	"github.com/taciturn-voice/taciturn/signaling/bus/bustest"
)

func TestARequestIsAnsweredByWhoeverSubscribes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bustest.Open(t)
		alice, bob := b.Subject(queue('a')), b.Subject(queue('b'))
		subscribe(t, b, alice, echo)
		subscribe(t, b, bob, func([]byte) []byte { return []byte("bob") })
		wantAnswer(t, b, alice, "hello", "re: hello")
		wantAnswer(t, b, bob, "hello", "bob")
		wantAnswer(t, b, alice, "", "re: ")
	})
}

func TestNobodyThereIsAnAnswerAtOnce(t *testing.T) {
	// covers P6
	synctest.Test(t, func(t *testing.T) {
		b := bustest.Open(t)
		subscribe(t, b, b.Subject(queue('a')), echo)
		start := time.Now()
		_, err := b.Request(within(t, patience), b.Subject(queue('b')), []byte("hello"))
		wantError(t, "a queue without reader", err, bus.ErrNoResponders)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("it took %v to learn that nobody is there", waited)
		}
	})
}

func TestAReaderThatDoesNotAnswerTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bustest.Open(t)
		release := make(chan struct{})
		subscribe(t, b, b.Subject(queue('a')), func(data []byte) []byte { <-release; return data })
		start := time.Now()
		_, err := b.Request(within(t, 3*time.Second), b.Subject(queue('a')), []byte("hello"))
		wantError(t, "a reader that hangs", err, bus.ErrTimeout)
		if waited := time.Since(start); waited != 3*time.Second {
			t.Errorf("waited %v, not the three seconds of the context", waited)
		}
		close(release)
		wantAnswer(t, b, b.Subject(queue('a')), "again", "again")
	})
}

func TestACancelledRequestSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bustest.Open(t)
		release := make(chan struct{})
		subscribe(t, b, b.Subject(queue('a')), func(data []byte) []byte { <-release; return nil })
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := b.Request(ctx, b.Subject(queue('a')), nil)
		wantError(t, "a caller who gives up", err, context.Canceled)
		close(release)
	})
}

func TestAClosedSubscriptionIsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bustest.Open(t)
		s := b.Subject(queue('a'))
		called := 0
		sub := subscribe(t, b, s, func(data []byte) []byte { called++; return data })
		wantAnswer(t, b, s, "one", "one")
		sub.Close()
		sub.Close() // idempotent
		_, err := b.Request(within(t, patience), s, []byte("two"))
		wantError(t, "a reader who has left", err, bus.ErrNoResponders)
		if called != 1 {
			t.Errorf("called %d times, not once", called)
		}
		subscribe(t, b, s, echo)
		wantAnswer(t, b, s, "three", "re: three")
	})
}

func TestAMessageThatWaitsForAReaderWhoLeavesIsNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bustest.Open(t)
		release := make(chan struct{})
		subscribe(t, b, b.Subject(queue('a')), func([]byte) []byte { <-release; return nil })
		leaving := subscribe(t, b, b.Subject(queue('b')), func([]byte) []byte {
			t.Error("called after Close")
			return nil
		})
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = b.Request(within(t, patience), b.Subject(queue('a')), nil) }) // keeps the loop busy
		synctest.Wait()
		wg.Go(func() {
			_, err := b.Request(within(t, 3*time.Second), b.Subject(queue('b')), nil)
			wantError(t, "the reader left while the message waited", err, bus.ErrTimeout)
		})
		synctest.Wait()
		leaving.Close()
		close(release)
		wg.Wait()
	})
}

func TestPublishReachesEverySubscriber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bustest.Open(t)
		s := b.Subject(queue('a'))
		got := make(chan string, 4)
		for range 2 {
			subscribe(t, b, s, func(data []byte) []byte { got <- string(data); return []byte("unheard") })
		}
		if err := b.Publish(s, []byte("news")); err != nil {
			t.Fatalf("publish: %v", err)
		}
		synctest.Wait()
		if len(got) != 2 || <-got != "news" || <-got != "news" {
			t.Errorf("%d of two readers were told", len(got))
		}
	})
}

func TestRequestsAreHandledInOrderOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bustest.Open(t)
		s := b.Subject(queue('a'))
		var got []byte // not guarded: there is one loop
		subscribe(t, b, s, func(data []byte) []byte { got = append(got, data...); return nil })
		var want []byte
		for i := range 200 {
			want = append(want, byte(i))
			if err := b.Publish(s, want[i:]); err != nil {
				t.Fatalf("publish: %v", err)
			}
		}
		wantAnswer(t, b, s, "", "")
		if !bytes.Equal(got, want) {
			t.Errorf("arrived as % x", got)
		}
	})
}

func TestWhatIsTooLargeIsNotSent(t *testing.T) {
	// covers N1
	synctest.Test(t, func(t *testing.T) {
		b := bustest.Open(t)
		s := b.Subject(queue('a'))
		subscribe(t, b, s, func(data []byte) []byte { return []byte(fmt.Sprint(len(data))) })
		most := make([]byte, 8<<10)
		wantAnswer(t, b, s, string(most), "8192")
		if _, err := b.Request(within(t, patience), s, append(most, 0)); err == nil {
			t.Error("a request of 8193 bytes went out")
		}
		if err := b.Publish(s, append(most, 0)); err == nil {
			t.Error("a message of 8193 bytes went out")
		}
	})
}

func TestNothingReadableTravelsOnTheBus(t *testing.T) {
	// covers P1, P6
	synctest.Test(t, func(t *testing.T) {
		b, other := bustest.Open(t), bustest.Open(t)
		id := [16]byte([]byte("ALICE-S-MAILBOX!"))
		s := b.Subject(id)
		for _, form := range []string{string(id[:]), "ALICE", hex.EncodeToString(id[:]), strings.ToUpper(hex.EncodeToString(id[:]))} {
			if strings.Contains(s.Name(), form) {
				t.Errorf("the subject contains the queue id as %q", form)
			}
		}
		if len(s.Name()) != len("q.")+32 || !strings.HasPrefix(s.Name(), "q.") || strings.Trim(s.Name()[2:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
			t.Errorf("a subject of another form: %q", s.Name())
		}
		if s != b.Subject(id) {
			t.Error("one queue has two subjects")
		}
		if s == b.Subject(queue('a')) {
			t.Error("two queues have one subject")
		}
		if s == other.Subject(id) {
			t.Error("another bus, which has another key, calls the queue the same")
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(verb, s); got != "bus.Subject" {
				t.Errorf("%s prints %q", verb, got)
			}
		}
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", s)
		if strings.Contains(log.String(), s.Name()) {
			t.Error("the subject can be logged")
		}
	})
}

func TestKeysOfTheBusDependOnTheirLabel(t *testing.T) {
	// covers C9
	synctest.Test(t, func(t *testing.T) {
		b, other := bustest.Open(t), bustest.Open(t)
		one := b.Key("one")
		switch {
		case one != b.Key("one"):
			t.Error("a key changes")
		case one == b.Key("two"):
			t.Error("two labels have one key")
		case one == other.Key("one"):
			t.Error("two buses have one key")
		case one == [32]byte{}:
			t.Error("a key is zero")
		}
	})
}
