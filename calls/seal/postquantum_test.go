package seal

import (
	"bytes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/mlkem"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/binary"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

// brokenX25519 is a thief with a quantum computer: of each key pair he knows the X25519 half, as if an oracle had told him.
// He does the rest of X-Wing and RFC 9180 himself, with share as what ML-KEM yields.
type brokenX25519 struct {
	seeds [][]byte // for the oracle alone, and for the control
	share func(key *mlkem.DecapsulationKey768, ciphertext []byte) []byte
}

func zeroShare(*mlkem.DecapsulationKey768, []byte) []byte { return make([]byte, mlkem.SharedKeySize) }

func rightShare(key *mlkem.DecapsulationKey768, ciphertext []byte) []byte {
	s, err := key.Decapsulate(ciphertext)
	if err != nil {
		return nil
	}
	return s
}

func (b brokenX25519) steal(t *testing.T) thief {
	return func(enc, info []byte) (contexts []hpkeContext) {
		for _, seed := range b.seeds {
			contexts = append(contexts, newSchedule(b.shared(t, seed, enc), info))
		}
		return contexts
	}
}

// shared is X-Wing's decapsulation (draft-connolly-cfrg-xwing-kem, section 5): the seed is expanded to both secret keys, and
// SHA3-256 combines both shares with the X25519 half of the ciphertext and of the public key.
func (b brokenX25519) shared(t *testing.T, seed, enc []byte) []byte {
	t.Helper()
	expanded := make([]byte, mlkem.SeedSize+32)
	shake := sha3.NewSHAKE256()
	_, _ = shake.Write(seed)
	_, _ = shake.Read(expanded)
	pq, err := mlkem.NewDecapsulationKey768(expanded[:mlkem.SeedSize])
	if err != nil {
		t.Fatal(err)
	}
	x, err := ecdh.X25519().NewPrivateKey(expanded[mlkem.SeedSize:])
	if err != nil {
		t.Fatal(err)
	}
	ctM, ctX := enc[:mlkem.CiphertextSize768], enc[mlkem.CiphertextSize768:]
	peer, err := ecdh.X25519().NewPublicKey(ctX)
	if err != nil {
		t.Fatal(err)
	}
	ssX, err := x.ECDH(peer)
	if err != nil {
		t.Fatal(err)
	}
	h := sha3.New256()
	for _, part := range [][]byte{b.share(pq, ctM), ssX, ctX, x.PublicKey().Bytes(), []byte(`\.//^\`)} {
		_, _ = h.Write(part)
	}
	return h.Sum(nil)
}

// schedule is the key schedule of RFC 9180, section 5.1, base mode, of suite X-Wing, HKDF-SHA256, ChaCha20-Poly1305.
type schedule struct {
	aead     cipher.AEAD
	nonce    []byte
	exporter []byte
}

func suiteID() []byte {
	id := []byte("HPKE")
	for _, n := range []uint16{kem().ID(), kdf().ID(), aead().ID()} {
		id = binary.BigEndian.AppendUint16(id, n)
	}
	return id
}

func labeledExtract(salt []byte, label string, ikm []byte) []byte {
	prk, err := hkdf.Extract(sha256.New, bytes.Join([][]byte{[]byte("HPKE-v1"), suiteID(), []byte(label), ikm}, nil), salt)
	if err != nil {
		panic(err)
	}
	return prk
}

func labeledExpand(prk []byte, label string, info []byte, length int) []byte {
	full := binary.BigEndian.AppendUint16(nil, uint16(length))
	full = bytes.Join([][]byte{full, []byte("HPKE-v1"), suiteID(), []byte(label), info}, nil)
	out, err := hkdf.Expand(sha256.New, prk, string(full), length)
	if err != nil {
		panic(err)
	}
	return out
}

func newSchedule(shared, info []byte) *schedule {
	context := []byte{0} // base mode
	context = append(context, labeledExtract(nil, "psk_id_hash", nil)...)
	context = append(context, labeledExtract(nil, "info_hash", info)...)
	secret := labeledExtract(shared, "secret", nil)
	a, err := chacha20poly1305.New(labeledExpand(secret, "key", context, chacha20poly1305.KeySize))
	if err != nil {
		panic(err)
	}
	return &schedule{
		aead:     a,
		nonce:    labeledExpand(secret, "base_nonce", context, chacha20poly1305.NonceSize),
		exporter: labeledExpand(secret, "exp", context, sha256.Size),
	}
}

// Open opens the first message of the context, and there is but one.
func (s *schedule) Open(aad, ciphertext []byte) ([]byte, error) {
	return s.aead.Open(nil, s.nonce, ciphertext, aad)
}

func (s *schedule) Export(exporterContext string, length int) ([]byte, error) {
	return labeledExpand(s.exporter, "sec", []byte(exporterContext), length), nil
}

// Whoever can break X25519 and has recorded a call has one half of every shared secret in it. Without ML-KEM's half he gets
// another x1 and another x2 and opens nothing; with it the same computation gets the right ones and hears every word.
// covers S13
func TestARecordedCallStaysClosedToWhoeverBreaksX25519(t *testing.T) {
	w := newWorld(t)
	ephemeral, err := w.caller.ephemeral.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	ephemeral = bytes.Clone(ephemeral)
	x1, th1 := w.caller.targets[0].x1, w.caller.targets[0].th1
	tp, _ := w.recorded()
	prekey, ok := w.bob.Prekey(tp.prekey.ID)
	if !ok {
		t.Fatal("no prekey")
	}
	prekeySecret, err := prekey.Private().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	device := tp.callee.Key.Bytes()
	context := th(thPrekey, tp.prekey.Key[:], device[:])
	ring := tp.envelopes[1]
	// x2 as the caller has it.
	key, err := kem().NewPrivateKey(ephemeral)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRecipient(ring[envelope.HeaderSize:headBytes], key, labelRing, th1)
	if err != nil {
		t.Fatal(err)
	}
	x2, err := export(r, labelX2)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		share  func(*mlkem.DecapsulationKey768, []byte) []byte
		opens  heard
		equals bool
	}{
		"ML-KEM's share zero":  {zeroShare, heard{}, false},
		"ML-KEM's share right": {rightShare, allOfIt, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := brokenX25519{[][]byte{prekeySecret, ephemeral}, c.share}
			got1 := exported(t, b, prekeySecret, tp.envelopes[0], append([]byte(labelOffer), context[:]...), labelX1)
			got2 := exported(t, b, ephemeral, ring, append([]byte(labelRing), th1[:]...), labelX2)
			if (got1 == x1) != c.equals || (got2 == x2) != c.equals {
				t.Errorf("x1 is the call's: %v; x2: %v; want %v", got1 == x1, got2 == x2, c.equals)
			}
			if h := tp.play(b.steal(t)); h != c.opens {
				t.Errorf("opened %+v, want %+v", h, c.opens)
			}
		})
	}
}

func exported(t *testing.T, b brokenX25519, seed []byte, env Envelope, info []byte, label string) [secretSize]byte {
	t.Helper()
	x, err := export(newSchedule(b.shared(t, seed, env[envelope.HeaderSize:headBytes]), info), label)
	if err != nil {
		t.Fatal(err)
	}
	return x
}
