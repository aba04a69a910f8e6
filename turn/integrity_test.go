package turn

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"strings"
	"testing"

	"github.com/pion/stun/v4"
)

// sealSHA256 is MESSAGE-INTEGRITY-SHA256 by the standard library.
type sealSHA256 []byte

func (k sealSHA256) AddTo(m *stun.Message) error {
	b := append([]byte(nil), m.Raw...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-stunHeader+attributeHeader+sha256.Size))
	h := hmac.New(sha256.New, k)
	h.Write(b)
	m.Add(attrIntegritySHA256, h.Sum(nil))
	return nil
}

func checkSHA256(t testing.TB, m *stun.Message, key []byte) {
	t.Helper()
	again := &stun.Message{Type: m.Type, TransactionID: m.TransactionID}
	again.WriteHeader()
	for _, a := range m.Attributes {
		if a.Type == attrIntegritySHA256 {
			_ = sealSHA256(key).AddTo(again)
			want, _ := again.Get(attrIntegritySHA256)
			if !hmac.Equal(want, a.Value) {
				t.Fatal("integrity of the answer")
			}
			return
		}
		again.Add(a.Type, a.Value)
	}
	t.Fatal("answer without MESSAGE-INTEGRITY-SHA256")
}

// HMAC is the standard library's; what is checked is that making it forget leaves it right, with keys used once and for good.
func TestForgettingLeavesTheHMACRight(t *testing.T) {
	h := newBench(t).worker.hasher
	for keySize := 1; keySize <= hashBlock; keySize += 7 {
		for _, size := range []int{0, 1, 63, 64, 65, maxPacketBytes} {
			key, msg := make([]byte, keySize), make([]byte, size)
			for i := range key {
				key[i] = byte(i + 1)
			}
			for i := range msg {
				msg[i] = byte(i * 3)
			}
			s1, s2 := hmac.New(sha1.New, key), hmac.New(sha256.New, key)
			s1.Write(msg)
			s2.Write(msg)
			for range 2 { // a new key, and the same again
				got1, got2 := h.sha1.sumWith(key, msg), h.sha256.sumWith(key, msg)
				if string(got1) != string(s1.Sum(nil)) || string(got2) != string(s2.Sum(nil)) {
					t.Fatalf("key of %d, message of %d bytes: differs", keySize, size)
				}
			}
			long := append(key, make([]byte, 100)...)
			kept, want := newMAC(sha256.New).keyed(long), hmac.New(sha256.New, long)
			want.Write(msg)
			for range 3 {
				if string(kept.sum(msg)) != string(want.Sum(nil)) {
					t.Fatalf("long key of %d, message of %d bytes: differs", len(long), size)
				}
				kept.wipe()
			}
		}
	}
	want5, want256 := md5.Sum([]byte("user:realm:pass")), sha256.Sum256([]byte("user:realm:pass"))
	for a, want := range map[algorithm][]byte{algorithmMD5: want5[:], algorithmSHA256: want256[:]} {
		if k := h.longTermKey(a, []byte("user"), "realm", []byte("pass")); !bytes.Equal(k.bytes(), want) {
			t.Errorf("key of a long-term credential differs for algorithm %d", a)
		}
	}
}

// spy keeps what a hash function was fed, and whatever becomes of it.
type spy struct {
	hash.Hash
	fed *[][]byte
}

func (s spy) Write(p []byte) (int, error) {
	*s.fed = append(*s.fed, p)
	return s.Hash.Write(p)
}

// What a digest was fed last stays in its block buffer, and the key in the pads of the HMAC.
func TestAnHMACForgets(t *testing.T) {
	for _, function := range []func() hash.Hash{sha1.New, sha256.New} {
		clean := digest{Hash: function()}
		clean.wipe()
		m := newMAC(function)
		for n := range hashBlock {
			m.sumWith([]byte("a key"), []byte(strings.Repeat("n", n)))
			m.wipe()
			for i := range m.digests {
				if got, want := fmt.Sprint(m.digests[i].Hash), fmt.Sprint(clean.Hash); got != want {
					t.Fatalf("%d bytes leave %v, want %v", n, got, want)
				}
			}
			if m.out != [len(m.out)]byte{} {
				t.Fatal("wipe leaves the sum")
			}
		}
		for _, forget := range []func(*mac){(*mac).wipe, func(m *mac) { m.sumWith([]byte("another key"), nil) }} {
			var fed [][]byte
			m = newMAC(func() hash.Hash { return spy{function(), &fed} })
			m.sumWith([]byte("a key"), []byte("a name"))
			m.sumWith([]byte("a key"), []byte("a name"))
			first := fed[:8]
			pads := []int{0, 2, 4, 6} // twice inner pad and message, outer pad and inner sum
			for _, i := range pads {
				if len(first[i]) != hashBlock || string(first[i]) == string(zeroBlock[:]) {
					t.Fatalf("HMAC was fed %q before it forgot, which tells nothing", first)
				}
			}
			forget(m)
			for _, i := range pads {
				if string(first[i]) != string(zeroBlock[:]) {
					t.Fatalf("HMAC was fed %q", first)
				}
			}
			if bytes.Contains(m.key[:], []byte("a key")) {
				t.Fatal("the key is left")
			}
		}
	}
}

// The sample request of RFC 5769 section 2.4: long-term credentials, with a name that is not ASCII.
func TestSealOfRFC5769(t *testing.T) {
	b := []byte("\x00\x01\x00\x60\x21\x12\xa4\x42\x78\xad\x34\x33\xc6\xad\x72\xc0\x29\xda\x41\x2e" +
		"\x00\x06\x00\x12\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\xaf\xe3\x82\xb9\x00\x00" +
		"\x00\x15\x00\x1c\x66\x2f\x2f\x34\x39\x39\x6b\x39\x35\x34\x64\x36\x4f\x4c\x33\x34\x6f\x4c\x39\x46\x53\x54\x76\x79\x36\x34\x73\x41" +
		"\x00\x14\x00\x0b\x65\x78\x61\x6d\x70\x6c\x65\x2e\x6f\x72\x67\x00" +
		"\x00\x08\x00\x14\xf6\x70\x24\x65\x6d\xd6\x4a\x3e\x02\xb8\xe0\x71\x2e\x85\xc9\xa2\x8c\xa8\x96\x66")
	var m message
	if !m.parse(b) {
		t.Fatal("refused")
	}
	h := newBench(t).worker.hasher
	name, _ := m.find(attrUsername)
	key := h.longTermKey(algorithmMD5, name, "example.org", []byte("TheMatrIX"))
	seal, ok := m.integrity()
	before := string(b)
	if !ok || !h.sealed(&m, seal, &key) {
		t.Error("the seal of the RFC does not hold")
	}
	if string(b) != before {
		t.Error("checking changes the message")
	}
	for i := range b[:len(b)-attributeHeader-sha1.Size] {
		if i == 2 || i == 3 { // the length is not what it says but where the seal is
			continue
		}
		b[i] ^= 1
		if h.sealed(&m, seal, &key) {
			t.Errorf("byte %d is not sealed", i)
		}
		b[i] ^= 1
	}
}
