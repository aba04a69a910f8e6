package directory

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

var none signaling.Revision // of an account that does not exist

func TestAPhoneRegistersAndIsFound(t *testing.T) {
	story(t, func(w *world) {
		alice := newPerson("alice", "p")
		_, err := w.dir.Lookup(w.Context(), alice.id())
		w.wantError("nobody yet", err, ErrNotFound)
		changed := w.register(alice, 'p', none)
		if changed.Revision == none || changed.Evicted != nil {
			t.Errorf("registered with %d evicted", len(changed.Evicted))
		}
		a := w.lookup(alice)
		if a.Revision != changed.Revision || a.Published.List.Hash() != alice.list.Hash() || a.Published.Verify(w.now) != nil {
			t.Error("something else than what was registered is found")
		}
		w.wantMailboxes(alice, map[byte]byte{'p': 'p'})
		w.wantPrekeys(alice, "pp")
		_, err = w.dir.Lookup(w.Context(), newPerson("bob", "p").id())
		w.wantError("somebody else", err, ErrNotFound)
	})
}

func TestRegisteringAgainChangesNothing(t *testing.T) {
	story(t, func(w *world) {
		alice := newPerson("alice", "p")
		first := w.register(alice, 'p', none)
		again := w.register(alice, 'p', first.Revision)
		if again.Revision != first.Revision || len(again.Evicted) != 0 {
			t.Error("the same registration is a change")
		}
	})
}

func TestClosedRegistrationKeepsStrangersOutAndOwnDevicesIn(t *testing.T) {
	story(t, func(w *world) {
		alice, bob := newPerson("alice", "pt"), newPerson("bob", "q")
		first := w.register(alice, 'p', none)
		_, err := w.dir.Register(w.Context(), w.now, bob.change('q', none), mailboxID('q'), keyHash('q'), false)
		w.wantError("a stranger", err, ErrClosed)
		_, err = w.dir.Register(w.Context(), w.now, alice.change('t', first.Revision), mailboxID('t'), keyHash('t'), false)
		w.wantError("a second device of an account", err, nil)
		w.wantMailboxes(alice, map[byte]byte{'p': 'p', 't': 't'})
		_, err = w.dir.Register(w.Context(), w.now, bob.change('q', none), mailboxID('q'), keyHash('q'), true)
		w.wantError("the stranger's mailbox was not taken by the attempt", err, nil)
	})
}

func TestTheFirstOwnerOfAMailboxKeepsIt(t *testing.T) {
	// covers S1
	story(t, func(w *world) {
		alice, mallory := newPerson("alice", "pt"), newPerson("mallory", "m")
		first := w.register(alice, 'p', none)
		w.wantError("somebody else's mailbox", w.tryRegister(mallory, 'm', none, 'p'), ErrTaken)
		w.wantError("another device's mailbox", w.tryRegister(alice, 't', first.Revision, 'p'), ErrTaken)
		_, err := w.dir.Lookup(w.Context(), mallory.id())
		w.wantError("an account came of the attempt", err, ErrNotFound)
		if got := w.lookup(alice); got.Revision != first.Revision {
			t.Error("the attempt changed the account")
		}
		w.wantMailboxes(alice, map[byte]byte{'p': 'p'})
	})
}

func TestOneOfManyWhoWantAMailboxGetsIt(t *testing.T) {
	// covers N11
	story(t, func(w *world) {
		var wg sync.WaitGroup
		var got atomic.Int32
		for i := range 8 {
			p := newPerson("person "+string(rune('a'+i)), "p")
			wg.Go(func() {
				if err := w.tryRegister(p, 'p', none, 'x'); err == nil {
					got.Add(1)
				} else {
					w.wantError("a loser", err, ErrTaken)
				}
			})
		}
		wg.Wait()
		if got.Load() != 1 {
			t.Errorf("%d receive at one mailbox", got.Load())
		}
	})
}

func TestAMovedMailboxIsGivenBack(t *testing.T) {
	story(t, func(w *world) {
		alice, bob := newPerson("alice", "p"), newPerson("bob", "b")
		first := w.register(alice, 'p', none)
		changed, err := w.dir.Register(w.Context(), w.now, alice.change('p', first.Revision), mailboxID('n'), keyHash('n'), true)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(changed.Evicted, []envelope.QueueID{mailboxID('p')}) {
			t.Errorf("%d evicted, not the old mailbox", len(changed.Evicted))
		}
		w.wantMailboxes(alice, map[byte]byte{'p': 'n'})
		w.wantError("the mailbox that was given up", w.tryRegister(bob, 'b', none, 'p'), nil)
	})
}

func TestANewDeliveryKeyEvictsButKeepsTheMailbox(t *testing.T) {
	story(t, func(w *world) {
		alice, bob := newPerson("alice", "p"), newPerson("bob", "b")
		first := w.register(alice, 'p', none)
		changed, err := w.dir.Register(w.Context(), w.now, alice.change('p', first.Revision), mailboxID('p'), keyHash('k'), true)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(changed.Evicted, []envelope.QueueID{mailboxID('p')}) {
			t.Errorf("%d evicted: an open connection would go on with the old delivery key", len(changed.Evicted))
		}
		a := w.lookup(alice)
		if m, ok := a.Mailbox(deviceID('p')); !ok || m.DeliveryKeyHash != keyHash('k') {
			t.Error("the delivery key is the old one")
		}
		w.wantError("the mailbox is still hers", w.tryRegister(bob, 'b', none, 'p'), ErrTaken)
	})
}

func TestARegistrationMustVerify(t *testing.T) {
	// covers S6
	story(t, func(w *world) {
		alice := newPerson("alice", "p")
		for what, spoil := range map[string]func(c *Change){
			"a forged list":            func(c *Change) { c.Published.List.Signature[7]++ },
			"a forged prekey":          func(c *Change) { c.Published.Prekeys[0].Signature[7]++ },
			"a device that is unknown": func(c *Change) { c.Device = deviceID('x') },
			"no devices":               func(c *Change) { c.Published.List.Devices = nil },
		} {
			c := alice.change('p', none, 1)
			spoil(&c)
			_, err := w.dir.Register(w.Context(), w.now, c, mailboxID('p'), keyHash('p'), true)
			w.wantError(what, err, ErrRecord)
		}
		w.now = alice.list.Expires
		w.wantError("an expired list", w.tryRegister(alice, 'p', none, 'p'), ErrRecord)
		w.now = noon.AddDate(0, 0, -1)
		w.wantError("a list from tomorrow", w.tryRegister(alice, 'p', none, 'p'), ErrRecord)
		w.now = noon
		w.register(newPerson("bob", "p"), 'p', none) // no attempt has taken the mailbox
	})
}
