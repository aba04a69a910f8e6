package seal

import (
	"crypto/hpke"
	"slices"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/calls/sframe"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

const (
	headBytes = envelope.HeaderSize + envelope.EncSize
	// saidEach is how many frames of voice each side says in a recorded call.
	saidEach = 5
)

// tape is a call as the server and the relay together can record it, and what the directory told everybody.
type tape struct {
	envelopes []Envelope
	frames    [2][][]byte // by direction
	prekey    record.Prekey
	callee    record.Device
}

// heard counts what of a tape was opened.
type heard struct{ offer, ring, session, frames int }

var allOfIt = heard{offer: 1, ring: 1, session: 3, frames: 2 * saidEach}

// recorded makes a call, and says and records something in it.
func (w *world) recorded() (*tape, *MediaRoot) {
	w.t.Helper()
	tp := &tape{prekey: w.bob.Published().Prekeys[0], callee: w.bob.Device()}
	tp.envelopes = append(tp.envelopes, w.offer())
	w.offered()
	ring := w.ring()
	w.atCaller(ring, TypeRing)
	accept, err := w.callee.Accept(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.atCaller(accept, TypeAccept)
	confirm, root := w.confirm()
	w.atCallee(confirm, TypeConfirm)
	connected, err := w.callee.Connected()
	if err != nil {
		w.t.Fatal(err)
	}
	w.atCaller(connected, TypeConnected)
	tp.envelopes = append(tp.envelopes, ring, accept, confirm, connected)
	for dir := range uint8(2) {
		s := sframe.NewSender(sframe.SenderConfig{Root: root.Clone(), Direction: dir})
		for range saidEach {
			frame, err := s.Seal(nil, start, []byte("voice"), nil)
			if err != nil {
				w.t.Fatal(err)
			}
			tp.frames[dir] = append(tp.frames[dir], frame)
		}
	}
	return tp, root
}

// hpkeContext is what a receiver of HPKE has: hpke.Recipient, or one computed by other means.
type hpkeContext interface {
	Open(aad, ciphertext []byte) ([]byte, error)
	Export(exporterContext string, length int) ([]byte, error)
}

// thief makes the contexts of an encapsulation that stolen secrets may lead to.
type thief func(enc, info []byte) []hpkeContext

// seeds is a thief who tries each of these as the secret key of an X-Wing key pair.
func seeds(secrets ...[]byte) thief {
	return func(enc, info []byte) (contexts []hpkeContext) {
		for _, secret := range secrets {
			key, err := kem().NewPrivateKey(secret)
			if err != nil {
				continue
			}
			if r, err := hpke.NewRecipient(enc, key, kdf(), aead(), info); err == nil {
				contexts = append(contexts, r)
			}
		}
		return contexts
	}
}

// windows is every 32 bytes in a row of what was stolen: whatever secret is in there is one of them.
func windows(dumps ...[]byte) (all [][]byte) {
	for _, d := range dumps {
		for i := 0; i+secretSize <= len(d); i++ {
			all = append(all, d[i:i+secretSize:i+secretSize])
		}
	}
	return all
}

// play goes the way of both devices through the tape, as far as the thief's secrets lead.
func (tp *tape) play(steal thief) (h heard) {
	device := tp.callee.Key.Bytes()
	context := th(thPrekey, tp.prekey.Key[:], device[:])
	for i := range tp.envelopes {
		offer := &tp.envelopes[i]
		head, err := envelope.ParseHeader(offer[:])
		if err != nil || head.Queue != tp.prekey.Mailbox {
			continue
		}
		for _, c := range steal(offer[envelope.HeaderSize:headBytes], append([]byte(labelOffer), context[:]...)) {
			inner, ok := openInner(c, offer)
			if !ok {
				continue
			}
			h.offer++
			x1, err := export(c, labelX1)
			if err != nil {
				continue
			}
			th1 := th(th1Label, offer[:envelope.HeaderSize], offer[envelope.HeaderSize:headBytes], offer[headBytes:], inner)
			tp.playRing(steal, x1, th1, &h)
		}
	}
	return h
}

func openInner(c hpkeContext, env *Envelope) ([]byte, bool) {
	padded, err := c.Open(env[:envelope.HeaderSize], env[headBytes:])
	if err != nil {
		return nil, false
	}
	inner, err := unpad(padded)
	return inner, err == nil
}

// playRing tries the envelope after the offer: no other can be the ring.
func (tp *tape) playRing(steal thief, x1, th1 [secretSize]byte, h *heard) {
	ring := &tp.envelopes[1]
	for _, c := range steal(ring[envelope.HeaderSize:headBytes], append([]byte(labelRing), th1[:]...)) {
		inner, ok := openInner(c, ring)
		if !ok {
			continue
		}
		h.ring++
		x2, err := export(c, labelX2)
		if err != nil {
			continue
		}
		tp.playSession(x1, x2, th(th2Label, th1[:], ring[:envelope.HeaderSize], ring[envelope.HeaderSize:headBytes], ring[headBytes:], inner), h)
	}
}

func (tp *tape) playSession(x1, x2, th2 [secretSize]byte, h *heard) {
	sides := []*session{newSession(x1, x2, th2, true, envelope.QueueID{}), newSession(x1, x2, th2, false, envelope.QueueID{})}
	transcript := th2
	var secret [secretSize]byte
	for i := range tp.envelopes {
		head, err := envelope.ParseHeader(tp.envelopes[i][:])
		if err != nil {
			continue
		}
		for _, s := range sides {
			m, plaintext, err := s.open(head.KeyID, &tp.envelopes[i])
			if err != nil {
				continue
			}
			h.session++
			switch m := m.(type) {
			case *Accept:
				secret = m.secret
				transcript = th(th3Label, transcript[:], plaintext)
			case *Confirm:
				transcript = th(th4Label, transcript[:], plaintext)
				h.frames += tp.listen(newMediaRoot(transcript, s.media, secret))
			}
		}
	}
}

// listen counts the frames that a voice root opens.
func (tp *tape) listen(root *MediaRoot) (n int) {
	for dir := range uint8(2) {
		r := sframe.NewReceiver(sframe.ReceiverConfig{Root: root.Clone(), Direction: dir})
		for _, frame := range tp.frames[dir] {
			if opus, _, err := r.Open(nil, start, frame); err == nil && string(opus) == "voice" {
				n++
			}
		}
	}
	return n
}

// opensFirst says whether a secret is the voice root of the first epoch.
func (tp *tape) opensFirst(secret []byte) bool {
	r := sframe.NewReceiver(sframe.ReceiverConfig{Root: &MediaRoot{mr: [hashBytes]byte(secret)}})
	_, _, err := r.Open(nil, start, tp.frames[0][0])
	return err == nil
}

// Everything that passed through server and relay was recorded, and after the call both devices are taken with all that
// they keep. Not one frame can be heard, from the moment the call is up; and ten minutes after the next rotation of the
// prekey the offer cannot be opened either. The same tries, with the one secret that was never stored, open everything.
// covers S12
func TestARecordedCallStaysClosedToWhoeverTakesBothDevices(t *testing.T) {
	w := newWorld(t)
	ephemeral, err := w.caller.ephemeral.Bytes() // the caller's per-call key, before the call forgets it
	if err != nil {
		t.Fatal(err)
	}
	ephemeral = slices.Clone(ephemeral)
	tp, root := w.recorded()
	dump := func() [][]byte {
		t.Helper()
		secrets := windows(w.replay.Append(nil))
		for _, id := range []interface{ Seal([]byte) ([]byte, error) }{w.alice, w.bob} {
			file, err := id.Seal(nil) // without a passphrase: nothing protects it
			if err != nil {
				t.Fatal(err)
			}
			secrets = append(secrets, windows(file)...)
		}
		return secrets
	}
	maintain := func(now time.Time) {
		t.Helper()
		for _, id := range []interface{ Maintain(time.Time) (bool, error) }{w.alice, w.bob} {
			if _, err := id.Maintain(now); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := func(when string, secrets [][]byte, want heard) {
		t.Helper()
		if got := tp.play(seeds(secrets...)); got != want {
			t.Errorf("%s: opened %+v, want %+v", when, got, want)
		}
	}
	prekey, ok := w.bob.Prekey(tp.prekey.ID)
	if !ok {
		t.Fatal("no prekey")
	}
	prekeySecret, err := prekey.Private().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	during := dump()
	rotated := start.Add(24 * time.Hour)
	maintain(rotated)
	maintain(rotated.Add(10 * time.Minute))
	after := dump()

	want("taken right after the call", during, heard{offer: 1})
	want("taken after the prekey's secret was erased, the per-call key known", append(slices.Clone(after), ephemeral), heard{})
	want("the prekey's secret and the per-call key", [][]byte{prekeySecret, ephemeral}, allOfIt)

	for _, secret := range append(during, after...) {
		if tp.opensFirst(secret) {
			t.Fatal("the devices keep a voice root")
		}
	}
	if !tp.opensFirst(root.mr[:]) {
		t.Error("the voice root itself opens nothing")
	}
}
