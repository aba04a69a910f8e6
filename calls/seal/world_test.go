package seal

import (
	"crypto/rand"
	"net/netip"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newPerson(t testing.TB, server string) *identity.Identity {
	t.Helper()
	id, err := identity.Generate(start, server)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func newQueue(t testing.TB) envelope.QueueID {
	t.Helper()
	q, err := envelope.NewQueueID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func transport(b byte) Transport {
	return Transport{
		Fingerprint: [32]byte{b, 2, 3}, Ufrag: "abcdefgh", Pwd: "0123456789abcdef01234567",
		Candidates: []Candidate{
			{netip.MustParseAddrPort("203.0.113.1:40001"), 7},
			{netip.MustParseAddrPort("[2001:db8::1]:40001"), 6},
		},
	}
}

func callerConfig(t testing.TB, alice, bob *identity.Identity) CallerConfig {
	return CallerConfig{
		Identity: alice, Now: start, Published: bob.Published(), Transport: transport('a'),
		ReplyServer: alice.Server(), ReplyQueue: newQueue(t),
		Relay: Relay{URLs: []string{"turn:203.0.113.1:3478?transport=udp"}, Username: "1767324000:1.abc.b", Password: "c2VjcmV0"},
	}
}

// world is two people and one handshake.
type world struct {
	t          testing.TB
	alice, bob *identity.Identity
	caller     *Caller
	callee     *Callee
	replay     ReplaySet
	bobQueue   envelope.QueueID
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, alice: newPerson(t, "https://a.example"), bob: newPerson(t, "https://b.example")}
	w.dial()
	return w
}

func (w *world) dial() {
	w.t.Helper()
	var err error
	if w.caller, err = NewCaller(callerConfig(w.t, w.alice, w.bob)); err != nil {
		w.t.Fatal(err)
	}
	w.bobQueue = newQueue(w.t)
}

func (w *world) offer() Envelope { return w.caller.Offers()[0].Envelope }

// offered lets bob open the offer.
func (w *world) offered() *world {
	w.t.Helper()
	env := w.offer()
	in, err := OpenMailbox(w.bob, &env, start.Add(time.Second), time.Second, &w.replay)
	if err != nil {
		w.t.Fatal("offer:", err)
	}
	w.callee = in.(*Callee)
	return w
}

func (w *world) ring() Envelope {
	w.t.Helper()
	tr := transport('b')
	env, err := w.callee.Ring(w.bobQueue, &tr)
	if err != nil {
		w.t.Fatal("ring:", err)
	}
	return env
}

// atCaller lets alice open an envelope and wants a message of this type.
func (w *world) atCaller(env Envelope, want Type) Message {
	w.t.Helper()
	device, m, err := w.caller.Open(start, &env)
	if err != nil || m.Type() != want || device != w.bob.DeviceID() {
		w.t.Fatalf("caller opens %v, %v; want type %d", m, err, want)
	}
	return m
}

func (w *world) atCallee(env Envelope, want Type) Message {
	w.t.Helper()
	m, err := w.callee.Open(&env)
	if err != nil || m.Type() != want {
		w.t.Fatalf("callee opens %v, %v; want type %d", m, err, want)
	}
	return m
}

func (w *world) rung() *world {
	w.t.Helper()
	w.offered()
	w.atCaller(w.ring(), TypeRing)
	return w
}

func (w *world) accepted() *world {
	w.t.Helper()
	w.rung()
	env, err := w.callee.Accept(nil)
	if err != nil {
		w.t.Fatal("accept:", err)
	}
	w.atCaller(env, TypeAccept)
	return w
}

func (w *world) confirm() (Envelope, *MediaRoot) {
	w.t.Helper()
	_, env, root, err := w.caller.Confirm(w.bob.DeviceID())
	if err != nil {
		w.t.Fatal("confirm:", err)
	}
	return env, root
}

// talking finishes the handshake and returns alice's voice root.
func (w *world) talking() *MediaRoot {
	w.t.Helper()
	w.accepted()
	env, root := w.confirm()
	w.atCallee(env, TypeConfirm)
	connected, err := w.callee.Connected()
	if err != nil {
		w.t.Fatal("connected:", err)
	}
	w.atCaller(connected, TypeConnected)
	return root
}

func bobsDevice(w *world) record.DeviceID { return w.bob.DeviceID() }
