package seal

import (
	"errors"
	"testing"

	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// innerOffer opens the offer with bob's keys and returns what is inside, padding and all.
func (w *world) innerOffer() []byte {
	w.t.Helper()
	env := w.offer()
	h, err := envelope.ParseHeader(env[:])
	if err != nil {
		w.t.Fatal(err)
	}
	prekey, ok := w.bob.Prekey(record.PrekeyID(h.KeyID))
	if !ok {
		w.t.Fatal("no prekey")
	}
	const head = envelope.HeaderSize + envelope.EncSize
	r, err := newRecipient(env[envelope.HeaderSize:head], prekey.Private(), labelOffer, prekeyContext(prekey.Public(), w.bob.Device().Key))
	if err != nil {
		w.t.Fatal(err)
	}
	padded, err := r.Open(env[:envelope.HeaderSize], env[head:])
	if err != nil {
		w.t.Fatal(err)
	}
	return padded
}

// sealInnerTo seals ready-made padded content to a person, as a dishonest sender could.
func sealInnerTo(t testing.TB, to *identity.Identity, padded []byte) (env Envelope) {
	t.Helper()
	prekey := to.Published().Prekeys[0]
	aad := envelope.Header{Queue: prekey.Mailbox, KeyID: envelope.KeyID(prekey.ID)}.Append(env[:0])
	enc, s, err := newSender(prekey.Key[:], labelOffer, prekeyContext(prekey.Key, to.Device().Key))
	if err != nil {
		t.Fatal(err)
	}
	ct, err := s.Seal(aad, padded)
	if err != nil {
		t.Fatal(err)
	}
	copy(env[envelope.HeaderSize:], enc[:])
	copy(env[envelope.HeaderSize+envelope.EncSize:], ct)
	return env
}

// step is how many bytes of an envelope are skipped between flips; every byte is tried unless -short.
func step(t *testing.T) int {
	if testing.Short() {
		return 13
	}
	return 1
}

// TestEveryByteOfEveryEnvelopeMatters flips each byte of the envelopes of a whole handshake. covers C8
func TestEveryByteOfEveryEnvelopeMatters(t *testing.T) {
	w := newWorld(t)
	flip := func(name string, env Envelope, open func(*Envelope) error) {
		t.Helper()
		for i := 0; i < len(env); i += step(t) {
			bad := env
			bad[i] ^= 1 << (i % 8)
			if err := open(&bad); !errors.Is(err, ErrEnvelope) {
				t.Fatalf("%s: byte %d flipped: %v, want ErrEnvelope", name, i, err)
			}
		}
		if err := open(&env); err != nil {
			t.Fatalf("%s: untouched, after all these: %v", name, err)
		}
	}
	flip("OFFER", w.offer(), func(env *Envelope) error {
		in, err := OpenMailbox(w.bob, env, start, 0, &w.replay)
		if err == nil {
			w.callee = in.(*Callee)
		}
		return err
	})
	atCaller := func(env *Envelope) error { _, _, err := w.caller.Open(start, env); return err }
	atCallee := func(env *Envelope) error { _, err := w.callee.Open(env); return err }
	flip("RING", w.ring(), atCaller)
	accept, err := w.callee.Accept(nil)
	if err != nil {
		t.Fatal(err)
	}
	flip("ACCEPT", accept, atCaller)
	confirm, _ := w.confirm()
	flip("CONFIRM", confirm, atCallee)
	connected, err := w.callee.Connected()
	if err != nil {
		t.Fatal(err)
	}
	flip("CONNECTED", connected, atCaller)
}

// TestEveryByteInsideAnOfferIsSigned flips each byte of the plaintext and seals it properly again, as somebody who can
// encrypt to bob but is not alice would. covers C8
func TestEveryByteInsideAnOfferIsSigned(t *testing.T) {
	w := newWorld(t)
	padded := w.innerOffer()
	inner, err := unpad(padded)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(inner); i += step(t) {
		bad := append([]byte(nil), padded...)
		bad[i] ^= 1 << (i % 8)
		env := sealInnerTo(t, w.bob, bad)
		if _, err := OpenMailbox(w.bob, &env, start, 0, new(ReplaySet)); !errors.Is(err, ErrEnvelope) {
			t.Fatalf("byte %d of the offer changed: %v, want ErrEnvelope", i, err)
		}
	}
}

// TestEveryTranscriptByteChangesEveryKey shows that each hash of the transcript reaches the voice key. covers C8
func TestEveryTranscriptByteChangesEveryKey(t *testing.T) {
	base := newSession([32]byte{1}, [32]byte{2}, [32]byte{3}, true, envelope.QueueID{})
	root := newMediaRoot([32]byte{4}, base.media, [32]byte{5}).Base(0)
	for i := range 32 {
		for _, s := range []*session{
			newSession(flipped([32]byte{1}, i), [32]byte{2}, [32]byte{3}, true, envelope.QueueID{}),
			newSession([32]byte{1}, flipped([32]byte{2}, i), [32]byte{3}, true, envelope.QueueID{}),
			newSession([32]byte{1}, [32]byte{2}, flipped([32]byte{3}, i), true, envelope.QueueID{}),
		} {
			if s.media == base.media || s.finA == base.finA || s.finB == base.finB || s.out.iv == base.out.iv || s.hs == base.hs {
				t.Fatalf("byte %d does not matter", i)
			}
		}
		for _, r := range []*MediaRoot{
			newMediaRoot(flipped([32]byte{4}, i), base.media, [32]byte{5}),
			newMediaRoot([32]byte{4}, flipped(base.media, i), [32]byte{5}),
			newMediaRoot([32]byte{4}, base.media, flipped([32]byte{5}, i)),
		} {
			if r.Base(0) == root {
				t.Fatalf("byte %d does not reach the voice key", i)
			}
		}
	}
}

func flipped(b [32]byte, i int) [32]byte { b[i] ^= 0x40; return b }

// TestEveryDerivedKeyIsDifferent derives all keys of a call and wants no two alike. covers C9
func TestEveryDerivedKeyIsDifferent(t *testing.T) {
	w := newWorld(t)
	w.accepted()
	target := w.caller.targets[0]
	s := target.session
	keys := map[string]string{
		"a2b iv": string(s.out.iv[:]), "b2a iv": string(s.in.iv[:]), "a2b id": string(s.out.idKey[:]), "b2a id": string(s.in.idKey[:]),
		"finA": string(s.finA[:]), "finB": string(s.finB[:]), "media": string(s.media[:]), "accept": string(target.accept[:]),
		"th2": string(s.th2[:]), "th1": string(target.th1[:]), "th3": string(target.th3[:]),
	}
	var k [32]byte
	for _, label := range []string{keyA2B, keyB2A} {
		expand(&[32]byte{1}, labelKeys+label, k[:])
		keys[label] = string(k[:])
	}
	_, root := w.confirm()
	for epoch := range 4 {
		for dir := range uint8(2) {
			base := root.Base(dir)
			keys[string(rune('0'+epoch))+string(rune('a'+dir))] = string(base[:])
		}
		root.Ratchet()
	}
	seen := make(map[string]string)
	for name, key := range keys {
		if other, ok := seen[key]; ok {
			t.Errorf("%s and %s are one", name, other)
		}
		seen[key] = name
	}
	labels := []string{
		labelOffer, labelRing, labelSigOffer, labelSigLate, labelSigRing, labelX1, labelX2, labelCode, labelFrame, labelRatchet, labelRenew, labelRestart, labelX3, decoyInfo,
		labelKeys + keyA2B, labelKeys + ivA2B, labelKeys + idA2B, labelKeys + keyB2A, labelKeys + ivB2A, labelKeys + idB2A,
		labelKeys + keyFinA, labelKeys + keyFinB, labelKeys + keyMedia,
		thPrekey, thOffer, thLate, thRing, th1Label, th2Label, th3Label, th4Label, thCode, thRekey, thReplay,
	}
	once := make(map[string]bool)
	for _, l := range labels {
		if once[l] {
			t.Errorf("label %q has two purposes", l)
		}
		once[l] = true
	}
}
