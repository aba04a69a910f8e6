package media

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/pion/srtp/v3"
)

// srtpVectors are public: RFC 3711 and RFC 7714.
type srtpVectors struct {
	Derivation struct {
		MasterKey  string `json:"master_key"`
		MasterSalt string `json:"master_salt"`
		CipherKey  string `json:"cipher_key"`
		CipherSalt string `json:"cipher_salt"`
		AuthKey    string `json:"auth_key"`
	} `json:"derivation"`
	AEAD []struct{ Section, Key, Salt, RTP, SRTP string } `json:"aead"`
}

// derive is the key derivation of RFC 3711 section 4.3 with a rate of zero, written a second time.
func derive(t *testing.T, label byte, key, salt []byte, size int) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	iv := make([]byte, aes.BlockSize)
	copy(iv, salt)
	iv[7] ^= label
	out := make([]byte, size)
	cipher.NewCTR(block, iv).XORKeyStream(out, out)
	return out
}

// protect is RFC 7714 section 8.1 for a packet without CSRC and extension and with a roll-over counter of zero.
func protect(t *testing.T, key, salt, rtp []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	iv := bytes.Clone(salt)
	for i := range 4 {
		iv[2+i] ^= rtp[8+i] // SSRC
	}
	iv[10] ^= rtp[2] // sequence number
	iv[11] ^= rtp[3]
	return aead.Seal(bytes.Clone(rtp[:12]), iv, rtp[12:], rtp[:12])
}

// The SRTP that pion writes is the one of the standards: a second implementation reproduces their vectors and then pion.
// covers C6
func TestSRTPIsTheOneOfTheStandards(t *testing.T) {
	file, err := os.ReadFile("../../testdata/vectors/srtp.json")
	if err != nil {
		t.Fatal(err)
	}
	var v srtpVectors
	if err := json.Unmarshal(file, &v); err != nil {
		t.Fatal(err)
	}
	raw := func(text string) []byte {
		b, err := hex.DecodeString(text)
		if err != nil || len(b) == 0 {
			t.Fatal("a vector is empty or no hex")
		}
		return b
	}
	d := v.Derivation
	for label, want := range map[byte]string{0: d.CipherKey, 1: d.AuthKey, 2: d.CipherSalt} {
		if got := derive(t, label, raw(d.MasterKey), raw(d.MasterSalt), len(raw(want))); !bytes.Equal(got, raw(want)) {
			t.Errorf("RFC 3711 B.3, label %d: %x", label, got)
		}
	}
	if len(v.AEAD) != 2 {
		t.Fatalf("%d vectors, want 2", len(v.AEAD))
	}
	for _, a := range v.AEAD {
		if got := protect(t, raw(a.Key), raw(a.Salt), raw(a.RTP)); !bytes.Equal(got, raw(a.SRTP)) {
			t.Errorf("RFC 7714 %s: %x", a.Section, got)
		}
	}

	key, salt := make([]byte, 32), make([]byte, 12)
	rand.Read(key) // cannot fail
	rand.Read(salt)
	context, err := srtp.CreateContext(key, salt, srtp.ProtectionProfileAeadAes256Gcm)
	if err != nil {
		t.Fatal(err)
	}
	rtp := raw(v.AEAD[0].RTP)
	got, err := context.EncryptRTP(nil, rtp, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := protect(t, derive(t, 0, key, salt, 32), derive(t, 2, key, salt, 12), rtp); !bytes.Equal(got, want) {
		t.Errorf("pion wrote %x, the standard says %x", got, want)
	}
}
