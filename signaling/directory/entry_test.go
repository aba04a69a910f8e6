package directory

import (
	"bytes"
	"slices"
	"testing"

	"github.com/taciturn-voice/taciturn/signaling/bus"
	"github.com/taciturn-voice/taciturn/signaling/bus/bustest"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// entry is a whole entry of the store.
func entry() []byte {
	alice := newPerson("alice", "pt")
	a := Account{
		Mailboxes: []Mailbox{{deviceID('p'), mailboxID('p'), keyHash('p')}, {deviceID('t'), mailboxID('t'), keyHash('t')}},
		Published: record.Published{List: alice.list, Prekeys: []record.Prekey{alice.prekey('p', 1)}},
		changes:   7,
	}
	return a.append(nil)
}

func TestAnEntryIsReadAsItWasWritten(t *testing.T) {
	a, err := parseAccount(entry())
	if err != nil {
		t.Fatal(err)
	}
	m, ok := a.Mailbox(deviceID('t'))
	if a.changes != 7 || len(a.Mailboxes) != 2 || !ok || m.ID != mailboxID('t') || m.DeliveryKeyHash != keyHash('t') || len(a.Published.Prekeys) != 1 {
		t.Error("something else is read")
	}
	if _, ok := a.Mailbox(deviceID('x')); ok {
		t.Error("a device that has none has a mailbox")
	}
	if !bytes.Equal(a.append(nil), entry()) {
		t.Error("written again it is another entry")
	}
}

func TestAnEntryThatIsCutOrMarredIsDamaged(t *testing.T) {
	// covers N7
	whole := entry()
	for size := range whole {
		if _, err := parseAccount(whole[:size]); err != ErrDamaged {
			t.Fatalf("%d of %d bytes: %v", size, len(whole), err)
		}
	}
	for what, marred := range map[string][]byte{
		"a byte more":      append(slices.Clone(whole), 0),
		"another version":  replace(whole, 0, 2),
		"too many devices": replace(whole, 9, record.MaxDevices+1),
		"a device fewer":   replace(whole, 9, 1),
	} {
		if _, err := parseAccount(marred); err != ErrDamaged {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func replace(b []byte, at int, by byte) []byte {
	b = slices.Clone(b)
	b[at] = by
	return b
}

// One entry that cannot be read is one account that is out of order, and no reason to lie about it.
func TestADamagedEntryIsNeitherServedNorOverwritten(t *testing.T) {
	// covers N7
	story(t, func(w *world) {
		alice, bob := newPerson("alice", "p"), newPerson("bob", "b")
		r := w.register(alice, 'p', none).Revision
		w.register(bob, 'b', none)
		key, err := accountKey(alice.id())
		if err != nil {
			t.Fatal(err)
		}
		value, revision, err := w.dir.accounts.Get(w.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.dir.accounts.Update(w.Context(), key, value[:len(value)-1], revision); err != nil {
			t.Fatal(err)
		}
		_, err = w.dir.Lookup(w.Context(), alice.id())
		w.wantError("lookup", err, ErrDamaged)
		w.wantError("publish", w.tryPublish(alice.change('p', r, 1)), ErrDamaged)
		w.wantError("register", w.tryRegister(alice, 'p', none, 'p'), ErrDamaged)
		w.wantMailboxes(bob, map[byte]byte{'b': 'b'})
	})
}

func TestAnEntryUnderAnothersNameIsDamaged(t *testing.T) {
	// covers S1
	story(t, func(w *world) {
		alice, bob := newPerson("alice", "p"), newPerson("bob", "b")
		w.register(alice, 'p', none)
		a, _ := accountKey(alice.id())
		b, _ := accountKey(bob.id())
		value, _, err := w.dir.accounts.Get(w.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.dir.accounts.Create(w.Context(), b, value); err != nil {
			t.Fatal(err)
		}
		_, err = w.dir.Lookup(w.Context(), bob.id())
		w.wantError("bob's name, alice's keys", err, ErrDamaged)
	})
}

func TestAStoreThatIsGoneIsSaidToBe(t *testing.T) {
	// covers N7
	story(t, func(w *world) {
		b := bustest.Open(t)
		dir, err := Open(w.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		w.dir = dir
		alice := newPerson("alice", "p")
		_, err = dir.Lookup(w.Context(), alice.id())
		w.wantError("lookup", err, bus.ErrUnavailable)
		w.wantError("register", w.tryRegister(alice, 'p', none, 'p'), bus.ErrUnavailable)
		_, err = Open(w.Context(), b)
		w.wantError("open", err, bus.ErrUnavailable)
	})
}

func TestTheStoreNamesNoMailbox(t *testing.T) {
	// covers P1
	id := mailboxID('p')
	text, err := id.MarshalText()
	raw := id.Bytes()
	if err != nil || bytes.Contains([]byte(mailboxKey(id)), text) || bytes.Contains([]byte(mailboxKey(id)), raw[:]) {
		t.Error("the key of a mailbox contains its id")
	}
	if mailboxKey(id) == mailboxKey(mailboxID('q')) || mailboxKey(id) != mailboxKey(mailboxID('p')) {
		t.Error("keys of mailboxes do not tell them apart")
	}
}

func TestTheDirectoryOutlivesItsProcess(t *testing.T) {
	// covers N4, S3
	place := t.TempDir()
	alice := newPerson("alice", "p")
	reopen := func() (*bus.Bus, *world) {
		b, err := bus.Open(bus.Config{Dir: place})
		if err != nil {
			t.Fatal(err)
		}
		dir, err := Open(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		return b, &world{t, dir, noon}
	}
	b, w := reopen()
	registration := alice.change('p', none, 'p')
	r := w.register(alice, 'p', none).Revision
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b, w = reopen()
	defer b.Close()
	w.wantMailboxes(alice, map[byte]byte{'p': 'p'})
	_, err := w.dir.Register(t.Context(), noon, registration, mailboxID('p'), keyHash('p'), true)
	w.wantStale("a registration from before the restart, sent again", err, r)
	w.publish(alice.change('p', r, 1))
}

func FuzzAccount(f *testing.F) {
	whole := entry()
	f.Add(whole)
	f.Add(whole[:10])
	f.Add((&Account{Published: record.Published{List: newPerson("bob", "b").list}}).append(nil))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := parseAccount(b)
		if err != nil {
			if a.Mailboxes != nil || len(a.Published.List.Devices) != 0 {
				t.Fatal("a partial result")
			}
			return
		}
		if again := a.append(nil); !bytes.Equal(again, b) {
			t.Fatalf("%d bytes became %d others", len(b), len(again))
		}
	})
}
