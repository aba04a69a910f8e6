package directory

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

func TestAnAccountMustBeRegisteredBeforeItPublishes(t *testing.T) {
	story(t, func(w *world) {
		w.wantError("nobody", w.tryPublish(newPerson("alice", "p").change('p', none, 1)), ErrNotFound)
	})
}

func TestADevicesPrekeysReplaceItsOwnAndNobodyElses(t *testing.T) {
	story(t, func(w *world) {
		alice := newPerson("alice", "pt")
		r := w.register(alice, 'p', none).Revision
		r = w.register(alice, 't', r).Revision
		w.wantPrekeys(alice, "pptt")
		r = w.publish(alice.change('p', r, 1, 2)).Revision
		w.wantPrekeys(alice, "ttp\x01p\x02")
		// What a device says of another one's prekeys does not count.
		c := alice.change('p', r, 3)
		c.Published.Prekeys = append(c.Published.Prekeys, alice.prekey('t', 9))
		r = w.publish(c).Revision
		w.wantPrekeys(alice, "ttp\x03")
		w.publish(alice.change('t', r))
		w.wantPrekeys(alice, "p\x03")
		w.wantMailboxes(alice, map[byte]byte{'p': 'p', 't': 't'})
	})
}

func TestExpiredPrekeysOfOthersAreDropped(t *testing.T) {
	story(t, func(w *world) {
		alice := newPerson("alice", "pt")
		r := w.register(alice, 'p', none).Revision
		r = w.register(alice, 't', r).Revision
		w.now = noon.Add(15 * 24 * time.Hour) // a day after all prekeys have ended
		alice.nextAt(w.now, "pt")
		w.wantError("an expired prekey of its own", w.tryPublish(alice.change('p', r, 1)), ErrRecord)
		w.publish(alice.change('p', r))
		w.wantPrekeys(alice, "")
	})
}

func TestAListMustFollowTheOneBefore(t *testing.T) {
	// covers S6
	story(t, func(w *world) {
		alice := newPerson("alice", "p")
		old := *alice
		r := w.register(alice, 'p', none).Revision
		fork := *alice
		fork.list.Issued = noon.Add(time.Minute)
		fork.sign("px")
		w.wantError("another list of the same epoch", w.tryPublish(fork.change('p', r, 1)), ErrRecord)

		alice.next("pt")
		r = w.publish(alice.change('p', r, 1)).Revision
		w.wantError("an older list", w.tryPublish(old.change('p', r, 1)), ErrRecord)
		w.wantError("an older list, by registration", w.tryRegister(&old, 'p', r, 'p'), ErrRecord)

		unchained := *alice
		unchained.next("p")
		unchained.list.Previous[0]++
		unchained.sign("p")
		w.wantError("a list that names another one before", w.tryPublish(unchained.change('p', r, 1)), ErrRecord)
		if w.lookup(alice).Revision != r {
			t.Error("a refused list changed the account")
		}
	})
}

func TestARemovedDeviceLosesMailboxAndPrekeys(t *testing.T) {
	// covers S6
	story(t, func(w *world) {
		alice, bob := newPerson("alice", "pt"), newPerson("bob", "b")
		r := w.register(alice, 'p', none).Revision
		r = w.register(alice, 't', r).Revision
		stolen := *alice
		alice.next("p")
		changed := w.publish(alice.change('p', r, 1))
		if !slices.Equal(changed.Evicted, []envelope.QueueID{mailboxID('t')}) {
			t.Errorf("%d evicted, not the removed device's mailbox", len(changed.Evicted))
		}
		w.wantMailboxes(alice, map[byte]byte{'p': 'p'})
		w.wantPrekeys(alice, "p\x01")
		r = changed.Revision
		w.wantError("the removed device, with the new list", w.tryPublish(alice.change('t', r)), ErrRecord)
		w.wantError("the removed device, with its old list", w.tryPublish(stolen.change('t', r)), ErrRecord)
		w.wantError("its mailbox is free", w.tryRegister(bob, 'b', none, 't'), nil)
	})
}

func TestARequestIsCarriedOutOnce(t *testing.T) {
	// covers N5, S3
	story(t, func(w *world) {
		alice := newPerson("alice", "p")
		recorded := alice.change('p', none, 'p')
		first := w.register(alice, 'p', none)
		_, err := w.dir.Register(w.Context(), w.now, recorded, mailboxID('p'), keyHash('p'), true)
		w.wantStale("the registration, sent again", err, first.Revision)

		c := alice.change('p', first.Revision, 1)
		second := w.publish(c)
		w.wantStale("a publication, sent again", w.tryPublish(c), second.Revision)

		// The account looks as it did, and yet the old request does not fit any more.
		third := w.publish(alice.change('p', second.Revision, 'p'))
		if third.Revision == first.Revision {
			t.Fatal("two states of an account look alike")
		}
		w.wantStale("a publication from before", w.tryPublish(c), third.Revision)
	})
}

func TestTwoDevicesCannotOverwriteEachOther(t *testing.T) {
	// covers N11
	story(t, func(w *world) {
		alice := newPerson("alice", "pt")
		r := w.register(alice, 'p', none).Revision
		r = w.register(alice, 't', r).Revision
		var wg sync.WaitGroup
		var won atomic.Int32
		for _, device := range []byte("pt") {
			for number := range byte(4) {
				c := alice.change(device, r, number)
				wg.Go(func() {
					if err := w.tryPublish(c); err == nil {
						won.Add(1)
					} else {
						w.wantStale("who came later", err, w.lookup(alice).Revision)
					}
				})
			}
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d changes were made for one revision", won.Load())
		}
		// Each signs again and comes through.
		r = w.publish(alice.change('p', w.lookup(alice).Revision, 7)).Revision
		w.publish(alice.change('t', r, 8))
		w.wantPrekeys(alice, "p\x07t\x08")
	})
}

func TestARevisionOfAnotherAccountDoesNotFit(t *testing.T) {
	story(t, func(w *world) {
		alice, bob := newPerson("alice", "p"), newPerson("bob", "b")
		a := w.register(alice, 'p', none).Revision
		b := w.register(bob, 'b', none).Revision
		w.wantStale("bob's revision", w.tryPublish(alice.change('p', b, 1)), a)
		w.wantStale("a revision that never was", w.tryPublish(alice.change('p', signaling.Revision{1}, 1)), a)
		w.wantStale("as if it were new", w.tryPublish(alice.change('p', none, 1)), a)
	})
}
