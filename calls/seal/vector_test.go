package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
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
	w.offered()
	ring := w.ring()
	w.atCaller(ring, TypeRing)
	accept, err := w.callee.Accept(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.atCaller(accept, TypeAccept)
	confirm, root := w.confirm()
	w.atCallee(confirm, TypeConfirm)
	connected, err := w.callee.Connected()
	if err != nil {
		t.Fatal(err)
	}
	w.atCaller(connected, TypeConnected)
	// The throw-away key differs in each process, and with it enc and tag of session envelopes: what they say does not.
	target := w.caller.targets[0]
	v.Ring = envBytes(ring)
	v.Accept, v.Confirm, v.Connected = header(accept), header(confirm), header(connected)
	v.TH2, v.TH4, v.Code = bytes.Clone(target.session.th2[:]), bytes.Clone(target.th4[:]), w.callee.Code()
	asking, answering := root.Renewal(), w.callee.Root().Renewal()
	ratcheted := root.Clone()
	ratcheted.Ratchet()
	restart, ack, renewed := restarted(t, asking, answering)
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
