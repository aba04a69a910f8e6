package seal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"
)

// hexBytes is a byte string in a JSON file of test vectors.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

type hpkeVector struct {
	Mode        uint16   `json:"mode"`
	KEM         uint16   `json:"kem_id"`
	KDF         uint16   `json:"kdf_id"`
	AEAD        uint16   `json:"aead_id"`
	Info        hexBytes `json:"info"`
	SecretKey   hexBytes `json:"skRm"`
	PublicKey   hexBytes `json:"pkRm"`
	Enc         hexBytes `json:"enc"`
	Encryptions []struct {
		AAD        hexBytes `json:"aad"`
		Plaintext  hexBytes `json:"pt"`
		Ciphertext hexBytes `json:"ct"`
	} `json:"encryptions"`
	Exports []struct {
		Context hexBytes `json:"exporter_context"`
		Length  int      `json:"L"`
		Value   hexBytes `json:"exported_value"`
	} `json:"exports"`
	AccumulatedExports hexBytes `json:"exports_accumulated"`
}

// TestHPKEAgainstPublishedVectors opens what others have sealed: X-Wing (KEM 25722) from the vectors of
// draft-ietf-hpke-pq, X25519 (KEM 32) from RFC 9180, both part of the Go source. covers C1
func TestHPKEAgainstPublishedVectors(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal("where is Go?", err)
	}
	checked := make(map[uint16]int)
	for _, file := range []string{"hpke-pq.json", "rfc9180.json"} {
		raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src/crypto/hpke/testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		var vectors []hpkeVector
		if err := json.Unmarshal(raw, &vectors); err != nil {
			t.Fatal(err)
		}
		for _, v := range vectors {
			if v.Mode != 0 || (v.KEM != 25722 && !(file == "rfc9180.json" && v.KEM == 32)) {
				continue
			}
			checkHPKE(t, v)
			checked[v.KEM]++
		}
	}
	if checked[25722] != 2 || checked[32] != 8 {
		t.Errorf("checked %v vectors, want 2 of X-Wing and 8 of X25519", checked)
	}
	if kem().ID() != 25722 {
		t.Errorf("the protocol's KEM is %d", kem().ID())
	}
}

func checkHPKE(t *testing.T, v hpkeVector) {
	t.Helper()
	k, err := hpke.NewKEM(v.KEM)
	if err != nil {
		t.Fatal(err)
	}
	d, err := hpke.NewKDF(v.KDF)
	if err != nil {
		t.Fatal(err)
	}
	a, err := hpke.NewAEAD(v.AEAD)
	if err != nil {
		t.Fatal(err)
	}
	key, err := k.NewPrivateKey(v.SecretKey)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(key.PublicKey().Bytes(), v.PublicKey) {
		t.Fatal("another public key")
	}
	r, err := hpke.NewRecipient(v.Enc, key, d, a, v.Info)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range v.Encryptions {
		if got, err := r.Open(e.AAD, e.Ciphertext); err != nil || !bytes.Equal(got, e.Plaintext) {
			t.Fatalf("open: %v", err)
		}
	}
	for _, e := range v.Exports {
		if got, err := r.Export(string(e.Context), e.Length); err != nil || !bytes.Equal(got, e.Value) {
			t.Fatalf("export: %v", err)
		}
	}
	if len(v.AccumulatedExports) == 0 {
		return
	}
	// RFC 9180's vectors in the Go source are hashed together: contexts drawn from SHAKE128, lengths 0 to 999.
	source, sink := sha3.NewSHAKE128(), sha3.NewSHAKE128()
	for length := range 1000 {
		n := make([]byte, 1)
		_, _ = source.Read(n)
		context := make([]byte, n[0])
		_, _ = source.Read(context)
		value, err := r.Export(string(context), length)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = sink.Write(value)
	}
	got := make([]byte, len(v.AccumulatedExports))
	_, _ = sink.Read(got)
	if !bytes.Equal(got, v.AccumulatedExports) {
		t.Fatal("exports differ")
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPrimitivesAgainstPublishedVectors: RFC 8439 section 2.8.2, RFC 5869 appendix A.1, RFC 4231 section 4.3. covers C4
func TestPrimitivesAgainstPublishedVectors(t *testing.T) {
	a, err := chacha20poly1305.New(unhex(t, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"))
	if err != nil {
		t.Fatal(err)
	}
	sealed := a.Seal(nil, unhex(t, "070000004041424344454647"),
		[]byte("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."),
		unhex(t, "50515253c0c1c2c3c4c5c6c7"))
	if want := unhex(t, "1ae10b594f09e26a7e902ecbd0600691"); !bytes.Equal(sealed[len(sealed)-16:], want) {
		t.Errorf("ChaCha20-Poly1305 tag %x, want %x", sealed[len(sealed)-16:], want)
	}
	if want := unhex(t, "d31a8d34648e60db7b86afbc53ef7ec2"); !bytes.Equal(sealed[:16], want) {
		t.Errorf("ChaCha20 %x, want %x", sealed[:16], want)
	}
	prk, err := hkdf.Extract(sha256.New, bytes.Repeat([]byte{0x0b}, 22), unhex(t, "000102030405060708090a0b0c"))
	if err != nil || !bytes.Equal(prk, unhex(t, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")) {
		t.Errorf("HKDF-Extract %x, %v", prk, err)
	}
	if ours := extract([]byte{1}, []byte{2}); hex.EncodeToString(ours[:]) == hex.EncodeToString(prk) {
		t.Error("extract ignores its input")
	}
	okm, err := hkdf.Expand(sha256.New, prk, string(unhex(t, "f0f1f2f3f4f5f6f7f8f9")), 42)
	if err != nil || !bytes.Equal(okm, unhex(t, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")) {
		t.Errorf("HKDF-Expand %x, %v", okm, err)
	}
	var out [32]byte
	expand((*[32]byte)(prk), string(unhex(t, "f0f1f2f3f4f5f6f7f8f9")), out[:])
	if !bytes.Equal(out[:], okm[:32]) {
		t.Error("expand is not HKDF-Expand")
	}
	m := hmac.New(sha256.New, []byte("Jefe"))
	m.Write([]byte("what do ya want for nothing?"))
	if want := unhex(t, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"); !hmac.Equal(m.Sum(nil), want) {
		t.Error("HMAC-SHA256 differs")
	}
}
