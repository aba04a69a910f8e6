package seal

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/mlkem"
	"crypto/rand"
	"crypto/sha3"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/cryptotest"

	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

var update = flag.Bool("update", false, "write the vectors anew: only when the protocol changes")

// vectors is testdata/vectors/handshake.json: one call with all randomness from a seed. Bytes are base64.
type vectors struct {
	Comment   string `json:"comment"`
	Seed      uint64 `json:"seed"`
	Caller    []byte `json:"caller_key_file"` // without a passphrase: these people do not exist
	Callee    []byte `json:"callee_key_file"`
	Offer     []byte `json:"offer"`
	Ring      []byte `json:"ring"`
	Accept    []byte `json:"accept"`
	Confirm   []byte `json:"confirm"`
	Connected []byte `json:"connected"`
	TH2       []byte `json:"th2"`
	TH4       []byte `json:"th4"`
	Code      string `json:"code"`
	// Base keys of caller to callee and callee to caller: epoch 0, after one ratchet, and after a restart with these plaintexts.
	Base       [3][2][]byte `json:"sframe_base_keys"`
	Restart    []byte       `json:"restart"`
	RestartAck []byte       `json:"restart_ack"`
	// What an implementation needs that has no ML-KEM, or that cannot draw what the two sides drew: the X-Wing secrets of the
	// three encapsulations, and the plaintexts of the session envelopes.
	Secrets    kemSecrets `json:"kem_shared_secrets"`
	Plaintexts plaintexts `json:"plaintexts"`
}

type kemSecrets struct {
	Offer   []byte `json:"offer"`
	Ring    []byte `json:"ring"`
	Restart []byte `json:"restart"`
}

type plaintexts struct {
	Accept    []byte `json:"accept"`
	Confirm   []byte `json:"confirm"`
	Connected []byte `json:"connected"`
}

func vectorFile() string { return filepath.Join("..", "..", "testdata", "vectors", "handshake.json") }

// TestHandshakeAgainstFrozenVectors replays a call from its seed and wants the same bytes. covers C7
func TestHandshakeAgainstFrozenVectors(t *testing.T) {
	want := vectors{Comment: "taciturn/1: one call from seed; see calls/seal/vector_test.go", Seed: 20260102}
	if *update {
		for _, p := range []struct {
			file   *[]byte
			server string
		}{{&want.Caller, "https://a.example"}, {&want.Callee, "https://b.example"}} {
			file, err := newPerson(t, p.server).Seal(nil)
			if err != nil {
				t.Fatal(err)
			}
			*p.file = file
		}
	} else {
		raw, err := os.ReadFile(vectorFile())
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
	}
	got := replay(t, want)
	if *update {
		raw, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(vectorFile(), append(raw, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	a, _ := json.Marshal(want)
	b, _ := json.Marshal(got)
	if !bytes.Equal(a, b) {
		t.Errorf("the protocol has changed:\n got %s\nwant %s", b, a)
	}
}

// replay makes the call of v's seed and key files.
func replay(t *testing.T, v vectors) vectors {
	t.Helper()
	open := func(file []byte) *identity.Identity {
		id, err := identity.Open(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	w := &world{t: t, alice: open(v.Caller), bob: open(v.Callee)}
	if _, err := decoyEnc(); err != nil { // draws the process's decoy key, once and not from the seed
		t.Fatal(err)
	}
	cryptotest.SetGlobalRandom(t, v.Seed)
	var err error
	if w.caller, err = NewCaller(callerConfig(t, w.alice, w.bob)); err != nil {
		t.Fatal(err)
	}
	if w.bobQueue, err = envelope.NewQueueID(rand.Reader); err != nil {
		t.Fatal(err)
	}
	v.Offer = envBytes(w.offer())
	prekey, ok := w.bob.Prekey(w.caller.targets[0].prekey.ID)
	if !ok {
		t.Fatal("no prekey")
	}
	v.Secrets.Offer = decapsulate(t, prekey.Private(), encOf(v.Offer))
	w.offered()
	ring := w.ring()
	v.Secrets.Ring = decapsulate(t, w.caller.ephemeral, encOf(ring[:]))
	w.atCaller(ring, TypeRing)
	accept, err := w.callee.Accept(nil)
	if err != nil {
		t.Fatal(err)
	}
	v.Plaintexts.Accept = said(t, w.atCaller(accept, TypeAccept))
	confirm, root := w.confirm()
	v.Plaintexts.Confirm = said(t, w.atCallee(confirm, TypeConfirm))
	connected, err := w.callee.Connected()
	if err != nil {
		t.Fatal(err)
	}
	v.Plaintexts.Connected = said(t, w.atCaller(connected, TypeConnected))
	// The throw-away key differs in each process, and with it enc and tag of session envelopes: what they say does not.
	target := w.caller.targets[0]
	v.Ring = envBytes(ring)
	v.Accept, v.Confirm, v.Connected = header(accept), header(confirm), header(connected)
	v.TH2, v.TH4, v.Code = bytes.Clone(target.session.th2[:]), bytes.Clone(target.th4[:]), w.callee.Code()
	asking, answering := root.Renewal(), w.callee.Root().Renewal()
	ratcheted := root.Clone()
	ratcheted.Ratchet()
	share, err := NewShare()
	if err != nil {
		t.Fatal(err)
	}
	key := share.key // the share forgets it
	restart, ack, renewed := restartedWith(t, share, asking, answering)
	v.Secrets.Restart = decapsulate(t, key, ack.Ciphertext[:])
	for i, r := range []*MediaRoot{root, ratcheted, renewed} {
		for dir := range uint8(2) {
			base := r.Base(dir)
			v.Base[i][dir] = base[:]
		}
	}
	if v.Restart, err = encode(restart); err != nil {
		t.Fatal(err)
	}
	if v.RestartAck, err = encode(ack); err != nil {
		t.Fatal(err)
	}
	return v
}

// said is a message as the transcript has it. Secrets that were wiped since are not in it, so say it at once.
func said(t *testing.T, m Message) []byte {
	t.Helper()
	b, err := encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encOf(env []byte) []byte {
	return env[envelope.HeaderSize : envelope.HeaderSize+envelope.EncSize]
}

// decapsulate is X-Wing from its parts (draft-connolly-cfrg-xwing-kem section 5), for crypto/hpke does not tell the secret.
func decapsulate(t *testing.T, key hpke.PrivateKey, enc []byte) []byte {
	t.Helper()
	seed, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	expanded := sha3.SumSHAKE256(seed, mlkem.SeedSize+32)
	pq, err := mlkem.NewDecapsulationKey768(expanded[:mlkem.SeedSize])
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdh.X25519().NewPrivateKey(expanded[mlkem.SeedSize:])
	if err != nil {
		t.Fatal(err)
	}
	ct := enc[mlkem.CiphertextSize768:]
	point, err := ecdh.X25519().NewPublicKey(ct)
	if err != nil {
		t.Fatal(err)
	}
	one, err := pq.Decapsulate(enc[:mlkem.CiphertextSize768])
	if err != nil {
		t.Fatal(err)
	}
	two, err := curve.ECDH(point)
	if err != nil {
		t.Fatal(err)
	}
	secret := sha3.Sum256(slices.Concat(one, two, ct, curve.PublicKey().Bytes(), []byte(`\./`+`/^\`)))
	return secret[:]
}

func envBytes(e Envelope) []byte { return bytes.Clone(e[:]) }

func header(e Envelope) []byte { return bytes.Clone(e[:envelope.HeaderSize]) }

// TestVectorsHoldNobody keeps real key files out of the repository.
func TestVectorsHoldNobody(t *testing.T) {
	raw, err := os.ReadFile(vectorFile())
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	for _, file := range [][]byte{v.Caller, v.Callee} {
		id, err := identity.Open(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		if s := id.Server(); s != "https://a.example" && s != "https://b.example" {
			t.Errorf("a key file of %s", base64.StdEncoding.EncodeToString([]byte(s)))
		}
	}
}
