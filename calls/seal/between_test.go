package seal

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/taciturn-voice/taciturn/calls/sframe"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

// shortBits is how much of a code is compared where the real one would take an attacker too long to be seen failing.
const shortBits = 12

// short is the first bits of a code.
func short(t testing.TB, code string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.ReplaceAll(code, " ", ""), 10, codeBits)
	if err != nil {
		t.Fatal(err)
	}
	return n >> (codeBits - shortBits)
}

// between is somebody who sits between two people that meet for the first time: alice was given mallory's keys as bob's, and
// bob is called by mallory.
type between struct {
	alice, bob *world // mallory is bob of the first and alice of the second
	hs         [hashBytes]byte
}

// sitBetween brings both calls to where bob waits for CONFIRM, and mallory knows the code that alice sees.
func sitBetween(t *testing.T) *between {
	t.Helper()
	mallory := newPerson(t, "https://a.example")
	m := &between{
		alice: &world{t: t, alice: newPerson(t, "https://a.example"), bob: mallory},
		bob:   &world{t: t, alice: mallory, bob: newPerson(t, "https://b.example")},
	}
	m.bob.dial()
	m.bob.offered()
	x1, th1, ephemeral := m.bob.caller.targets[0].x1, m.bob.caller.targets[0].th1, m.bob.caller.ephemeral
	ring := m.bob.ring()
	r, err := newRecipient(ring[envelope.HeaderSize:headBytes], ephemeral, labelRing, th1)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := openInner(r, &ring); !ok {
		t.Fatal("mallory cannot open the answer to her own call")
	}
	x2, err := export(r, labelX2)
	if err != nil {
		t.Fatal(err)
	}
	m.bob.atCaller(ring, TypeRing)
	m.hs = extract(m.bob.caller.targets[0].session.th2[:], append(x1[:], x2[:]...))
	accept, err := m.bob.callee.Accept(nil)
	if err != nil {
		t.Fatal(err)
	}
	m.bob.atCaller(accept, TypeAccept)
	m.alice.dial()
	m.alice.talking()
	return m
}

// confirmWith is mallory's CONFIRM to bob with a nonce of her choice, and all else right.
func (m *between) confirmWith(nonce [secretSize]byte) Envelope {
	m.bob.t.Helper()
	target := m.bob.caller.targets[0]
	env, _, err := target.session.seal(&Confirm{nonce: nonce, fin: mac(&target.session.finA, target.th3[:])})
	if err != nil {
		m.bob.t.Fatal(err)
	}
	return env
}

// Mallory waits with her last word to bob until she knows what alice will read out, and then looks for a nonce that makes
// bob's code the same. She finds one, for 12 bits are few, and bob does not take it: she had committed to another. With
// that one the codes differ.
// covers S2
func TestWhoeverSitsBetweenCannotMakeTheCodesMatch(t *testing.T) {
	m := sitBetween(t)
	want := short(t, m.alice.callee.Code())
	nB := m.bob.callee.nonce
	var found [secretSize]byte
	tries := 0
	for ; ; tries++ {
		if tries > 1<<(shortBits+4) {
			t.Fatal("no nonce makes the codes match: this search shows nothing")
		}
		binary.BigEndian.PutUint64(found[:], uint64(tries))
		if short(t, shortCode(&m.hs, found, nB)) == want {
			break
		}
	}
	env := m.confirmWith(found)
	if _, err := m.bob.callee.Open(&env); !errors.Is(err, ErrEnvelope) || m.bob.callee.Root() != nil {
		t.Fatalf("bob takes a nonce that mallory had not committed to: %v", err)
	}
	env = m.confirmWith(m.bob.caller.nonce)
	m.bob.atCallee(env, TypeConfirm)
	// The search used the very code that bob sees.
	if m.bob.callee.Code() != shortCode(&m.hs, m.bob.caller.nonce, nB) {
		t.Error("the search was for another code")
	}
	if m.bob.callee.Code() == m.alice.caller.Code(m.alice.bob.DeviceID()) {
		t.Error("alice and bob read the same code")
	}
}

// The commitment is a hash that a million other nonces do not have.
// covers S2
func TestAMillionNoncesDoNotOpenACommitment(t *testing.T) {
	tries := 1_000_000
	if testing.Short() {
		tries = 100_000
	}
	w := newWorld(t)
	nonce := w.caller.nonce
	first := binary.BigEndian.Uint64(nonce[:])
	for i := range tries {
		binary.BigEndian.PutUint64(nonce[:], first+1+uint64(i))
		if same(commit(w.caller.offer.CallID, nonce), w.caller.offer.Commitment) {
			t.Fatal("opened with another nonce")
		}
	}
	if !same(commit(w.caller.offer.CallID, w.caller.nonce), w.caller.offer.Commitment) {
		t.Error("not opened with the right one")
	}
}

// Who does not search matches by luck alone: 12 bits in one of 4096 calls.
// covers S2
func TestTwoCodesMatchByLuckAlone(t *testing.T) {
	const runs = 1 << 18
	random := rand.NewChaCha8([32]byte{20, 26})
	draw := func() (b [32]byte) { _, _ = random.Read(b[:]); return b }
	matches := 0
	for range runs {
		hs1, hs2 := draw(), draw() // two handshakes: two secrets
		if short(t, shortCode(&hs1, draw(), draw())) == short(t, shortCode(&hs2, draw(), draw())) {
			matches++
		}
	}
	// Poisson with mean 64: five standard deviations are 40.
	if mean := runs >> shortBits; matches < mean-40 || matches > mean+40 {
		t.Errorf("%d of %d pairs match, expected about %d", matches, runs, mean)
	}
}

// Mallory tells alice bob's fingerprint, and bob alice's, so that their DTLS meets although each speaks to her (RFC 8844).
// Their voice stays closed to one another: each has the key of the call with mallory.
// covers S11
func TestAFingerprintCopiedFromAnotherCallCarriesNoVoice(t *testing.T) {
	m := sitBetween(t)
	env := m.confirmWith(m.bob.caller.nonce)
	m.bob.atCallee(env, TypeConfirm)
	alice, bob, mallory := m.alice.callee.Root(), m.bob.callee.Root(), m.alice.callee.Root()
	if m.alice.callee.Root().Base(0) == bob.Base(0) {
		t.Fatal("two calls have one key")
	}
	for dir := range uint8(2) {
		sender := sframe.NewSender(sframe.SenderConfig{Root: alice.Clone(), Direction: dir})
		there := sframe.NewReceiver(sframe.ReceiverConfig{Root: bob.Clone(), Direction: dir})
		here := sframe.NewReceiver(sframe.ReceiverConfig{Root: mallory.Clone(), Direction: dir})
		for range 100 {
			frame, err := sender.Seal(nil, start, []byte("voice"), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := there.Open(nil, start, frame); !errors.Is(err, sframe.ErrAuth) {
				t.Fatalf("a frame of another call: %v", err)
			}
			if opus, _, err := here.Open(nil, start, frame); err != nil || string(opus) != "voice" {
				t.Fatalf("a frame of this call: %v", err)
			}
		}
	}
}
