package directory

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/bus/bustest"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// noon is when the stories of these tests begin.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a directory in memory; its time is virtual.
type world struct {
	*testing.T
	dir *Directory
	now time.Time
}

func story(t *testing.T, tell func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		dir, err := Open(t.Context(), bustest.Open(t))
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		tell(&world{t, dir, noon})
	})
}

// key is a key pair that follows from a name, so that tests need no randomness.
func key(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(name string) [record.KeySize]byte {
	return [record.KeySize]byte(key(name).Public().(ed25519.PublicKey))
}

func signWith(name string) func(msg []byte) [record.SignatureSize]byte {
	return func(msg []byte) [record.SignatureSize]byte {
		return [record.SignatureSize]byte(ed25519.Sign(key(name), msg))
	}
}

// Devices are called by a letter.

func deviceID(letter byte) record.DeviceID { return record.DeviceID{letter} }

func mailboxID(letter byte) envelope.QueueID { return envelope.QueueIDFrom([16]byte{letter, letter}) }

func keyHash(letter byte) [sha256.Size]byte { return [sha256.Size]byte{letter} }

// person publishes one list after the other.
type person struct {
	name string
	list record.DeviceList
}

// newPerson has an account whose first list names devices, and has published nothing yet.
func newPerson(name string, devices string) *person {
	p := &person{name: name}
	p.list = record.DeviceList{Account: record.AccountKeyFrom(public(name)), Epoch: 1, Issued: noon}
	p.sign(devices)
	return p
}

func (p *person) id() record.AccountID { return p.list.Account.ID() }

func (p *person) sign(devices string) {
	p.list.Devices = nil
	for _, letter := range []byte(devices) {
		p.list.Devices = append(p.list.Devices, record.Device{
			ID:       deviceID(letter),
			Key:      record.DeviceKeyFrom(public(p.name + string(letter))),
			Kind:     record.KindNative,
			MinSuite: record.SuiteXWing,
			MaxSuite: record.SuiteXWing,
		})
	}
	p.list.Expires = p.list.Issued.Add(record.MaxListLifetime)
	p.list.Sign(signWith(p.name))
}

// next signs the following list, with other devices.
func (p *person) next(devices string) { p.nextAt(p.list.Issued, devices) }

func (p *person) nextAt(issued time.Time, devices string) {
	p.list.Previous = p.list.Hash()
	p.list.Epoch++
	p.list.Issued = issued
	p.sign(devices)
}

// prekey is one of a device, valid for two weeks from noon.
func (p *person) prekey(device, number byte) record.Prekey {
	k := record.Prekey{
		ID:        record.PrekeyID{number},
		Device:    deviceID(device),
		Mailbox:   mailboxID(device),
		NotBefore: noon,
		NotAfter:  noon.Add(record.PrekeyLifetime),
	}
	k.Sign(signWith(p.name + string(device)))
	return k
}

// change is what device publishes: the list, and one prekey for each number.
func (p *person) change(device byte, at signaling.Revision, numbers ...byte) Change {
	published := record.Published{List: p.list}
	for _, number := range numbers {
		published.Prekeys = append(published.Prekeys, p.prekey(device, number))
	}
	return Change{at, deviceID(device), published}
}

func (w *world) register(p *person, device byte, at signaling.Revision) Changed {
	w.Helper()
	changed, err := w.dir.Register(w.Context(), w.now, p.change(device, at, device), mailboxID(device), keyHash(device), true)
	if err != nil {
		w.Fatalf("%s's device %c is not registered: %v", p.name, device, err)
	}
	return changed
}

func (w *world) tryRegister(p *person, device byte, at signaling.Revision, mailbox byte) error {
	_, err := w.dir.Register(w.Context(), w.now, p.change(device, at, device), mailboxID(mailbox), keyHash(mailbox), true)
	return err
}

func (w *world) publish(c Change) Changed {
	w.Helper()
	changed, err := w.dir.Publish(w.Context(), w.now, c)
	if err != nil {
		w.Fatalf("not published: %v", err)
	}
	return changed
}

func (w *world) tryPublish(c Change) error {
	_, err := w.dir.Publish(w.Context(), w.now, c)
	return err
}

func (w *world) lookup(p *person) Account {
	w.Helper()
	a, err := w.dir.Lookup(w.Context(), p.id())
	if err != nil {
		w.Fatalf("%s is not found: %v", p.name, err)
	}
	return a
}

func (w *world) wantError(what string, got, want error) {
	w.Helper()
	if !errors.Is(got, want) {
		w.Errorf("%s: %v, want %v", what, got, want)
	}
}

// wantStale checks that a change was refused because the account stands at another revision.
func (w *world) wantStale(what string, got error, at signaling.Revision) {
	w.Helper()
	stale, ok := errors.AsType[*RevisionError](got)
	if !ok {
		w.Errorf("%s: %v, want a RevisionError", what, got)
	} else if stale.Revision != at {
		w.Errorf("%s: told another revision than the account's", what)
	}
}

// wantMailboxes checks where the devices of p receive, by letter.
func (w *world) wantMailboxes(p *person, want map[byte]byte) {
	w.Helper()
	a := w.lookup(p)
	if len(a.Mailboxes) != len(want) {
		w.Errorf("%s has %d mailboxes, not %d", p.name, len(a.Mailboxes), len(want))
	}
	for device, mailbox := range want {
		m, ok := a.Mailbox(deviceID(device))
		if !ok || m.ID != mailboxID(mailbox) || m.DeliveryKeyHash != keyHash(mailbox) {
			w.Errorf("%s's device %c does not receive at %c", p.name, device, mailbox)
		}
	}
}

// wantPrekeys checks whose prekeys are published, by device and number: "p1p2t1".
func (w *world) wantPrekeys(p *person, want string) {
	w.Helper()
	var got []byte
	for _, k := range w.lookup(p).Published.Prekeys {
		got = append(got, k.Device[0], k.ID[0])
	}
	if string(got) != want {
		w.Errorf("%s has the prekeys %q, not %q", p.name, got, want)
	}
}
