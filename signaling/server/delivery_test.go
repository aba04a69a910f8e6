package server

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/signaling"
)

func TestAnEnvelopeReachesTheConnectedDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		n := w.node(nodeIP)
		c := w.client(n, phoneIP)
		bob, mailbox := w.online(c)
		must(t, c.Submit(t.Context(), letter(bob.mailbox, 1), bob.delivery))
		must(t, c.Submit(t.Context(), letter(bob.mailbox, 2), bob.delivery))
		wantLetter(t, mailbox, 1)
		wantLetter(t, mailbox, 2)
		wantNothing(t, mailbox)
		if s := n.Stats(); s.Accepted != 2 || s.Refused != 0 {
			t.Errorf("stats %+v", s)
		}
		time.Sleep(10 * time.Minute) // pings keep the connection
		must(t, c.Submit(t.Context(), letter(bob.mailbox, 3), bob.delivery))
		wantLetter(t, mailbox, 3)
		must(t, mailbox.Close())
		time.Sleep(time.Second)
		if err := c.Submit(t.Context(), letter(bob.mailbox, 4), bob.delivery); !errors.Is(err, signaling.ErrRefused) {
			t.Errorf("a mailbox without a connection: %v", err)
		}
		n.mu.Lock()
		boxes := len(n.boxes)
		n.mu.Unlock()
		if n.queued.Load() != 0 || boxes != 0 {
			t.Error("something is left of a mailbox that is gone")
		}
	})
}

func TestAQueueOutlivesItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		n := w.node(nodeIP)
		owner, sender := w.client(n, phoneIP), w.client(n, nodeIP2)
		q, err := owner.OpenQueue(t.Context())
		must(t, err)
		w.Host(phoneIP).SetDown(true)
		time.Sleep(signaling.ServerSilence + time.Second) // now the server knows as well
		for i := range boxSize + 6 {
			must(t, sender.Submit(t.Context(), letter(q.ID(), i), randomKey(t)))
		}
		w.Host(phoneIP).SetDown(false)
		for i := range boxSize {
			d := wantLetter(t, q, i+6)
			if d.Age <= 0 || d.Age > envelopeAge {
				t.Errorf("age %v", d.Age)
			}
		}
		wantNothing(t, q)
		if got := n.Stats().Drops[DropFull]; got != 6 {
			t.Errorf("%d dropped for room, want 6", got)
		}
		must(t, q.Close())
		time.Sleep(time.Second)
		if err := sender.Submit(t.Context(), letter(q.ID(), 1), randomKey(t)); !errors.Is(err, signaling.ErrRefused) {
			t.Errorf("a queue that its owner has left: %v", err)
		}
	})
}

func TestWhatNobodyReadsIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		n := w.node(nodeIP)
		owner, sender := w.client(n, phoneIP), w.client(n, nodeIP2)
		q, err := owner.OpenQueue(t.Context())
		must(t, err)
		w.Host(phoneIP).SetDown(true)
		time.Sleep(signaling.ServerSilence + time.Second)
		must(t, sender.Submit(t.Context(), letter(q.ID(), 1), randomKey(t)))
		time.Sleep(envelopeAge + 2*sweepInterval)
		if n.queued.Load() != 0 || n.Stats().Drops[DropExpired] != 1 {
			t.Errorf("after a minute %d bytes wait, %d expired", n.queued.Load(), n.Stats().Drops[DropExpired])
		}
		time.Sleep(signaling.QueueIdle)
		if err := sender.Submit(t.Context(), letter(q.ID(), 2), randomKey(t)); !errors.Is(err, signaling.ErrRefused) {
			t.Errorf("a queue whose owner does not come back: %v", err)
		}
		n.mu.Lock()
		boxes, queues := len(n.boxes), len(n.queues)
		n.mu.Unlock()
		if boxes+queues != 0 {
			t.Errorf("%d boxes and %d queues are left", boxes, queues)
		}
		// The owner's network comes back: the same secret opens the queue anew.
		w.Host(phoneIP).SetDown(false)
		time.Sleep(time.Minute)
		must(t, sender.Submit(t.Context(), letter(q.ID(), 3), randomKey(t)))
		wantLetter(t, q, 3)
		must(t, q.Close())
	})
}

func TestARepeatedEnvelopeWaitsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		n := w.node(nodeIP)
		owner, sender := w.client(n, phoneIP), w.client(n, nodeIP2)
		q, err := owner.OpenQueue(t.Context())
		must(t, err)
		w.Host(phoneIP).SetDown(true)
		time.Sleep(signaling.ServerSilence + time.Second)
		for range 5 {
			must(t, sender.Submit(t.Context(), letter(q.ID(), 1), randomKey(t)))
		}
		w.Host(phoneIP).SetDown(false)
		wantLetter(t, q, 1)
		wantNothing(t, q)
		if got := n.Stats().Drops[DropDuplicate]; got != 4 {
			t.Errorf("%d duplicates, want 4", got)
		}
		must(t, q.Close())
	})
}

// A node that is killed takes its queue with it; the owner opens it at the next one without noticing.
func TestNodesShareOneBus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		one, two := w.node(nodeIP), w.node(nodeIP2)
		reader, sender := w.client(one, phoneIP), w.client(two, phoneIP)
		bob, mailbox := w.online(reader)
		must(t, sender.Submit(t.Context(), letter(bob.mailbox, 1), bob.delivery))
		wantLetter(t, mailbox, 1)

		// The same device comes in at the other node: its earlier connection ends.
		again, err := sender.OpenMailbox(t.Context(), bob.login())
		must(t, err)
		if _, err := mailbox.Receive(t.Context()); !errors.Is(err, signaling.ErrUnavailable) {
			t.Errorf("the earlier connection: %v", err)
		}
		must(t, reader.Submit(t.Context(), letter(bob.mailbox, 2), bob.delivery))
		wantLetter(t, again, 2)
		wantNothing(t, again)
	})
}

func TestASlowReaderSlowsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		n := w.node(nodeIP)
		slow, fast := w.client(n, phoneIP), w.client(n, nodeIP2)
		sleepy, _ := w.online(slow)
		awake, mailbox := w.online(fast)
		w.Host(phoneIP).SetDown(true) // takes no byte any more, and the server does not know yet
		for i := range 100 {
			must(t, fast.Submit(t.Context(), letter(sleepy.mailbox, i), sleepy.delivery))
			sent := time.Now()
			must(t, fast.Submit(t.Context(), letter(awake.mailbox, i), awake.delivery))
			wantLetter(t, mailbox, i)
			if took := time.Since(sent); took > 100*time.Millisecond {
				t.Fatalf("envelope %d took %v", i, took)
			}
		}
		if n.queued.Load() > (boxSize+1)*4096 {
			t.Errorf("%d bytes wait for one reader", n.queued.Load())
		}
	})
}

func TestCloseEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		n := w.node(nodeIP)
		c := w.client(n, phoneIP)
		bob, mailbox := w.online(c)
		q, err := c.OpenQueue(t.Context())
		must(t, err)
		must(t, n.Close())
		must(t, n.Close())
		if _, err := mailbox.Receive(t.Context()); !errors.Is(err, signaling.ErrUnavailable) {
			t.Errorf("the mailbox: %v", err)
		}
		if err := c.Submit(t.Context(), letter(bob.mailbox, 1), bob.delivery); !errors.Is(err, signaling.ErrUnavailable) {
			t.Errorf("submitting to a closed server: %v", err)
		}
		if _, err := c.OpenQueue(t.Context()); !errors.Is(err, signaling.ErrUnavailable) {
			t.Errorf("opening a queue at a closed server: %v", err)
		}
		must(t, q.Close())
		if len(n.conns)+len(n.boxes)+len(n.queues) != 0 {
			t.Error("something is left of a closed server")
		}
	})
}
