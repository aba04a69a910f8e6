package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// th is TH(label, parts…): SHA-256 over unambiguous framing, so that no two different lists of parts have one hash.
func th(label string, parts ...[]byte) [hashBytes]byte {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint16(nil, uint16(len(label))))
	h.Write([]byte(label))
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
		h.Write(p)
	}
	return [hashBytes]byte(h.Sum(nil))
}

func extract(salt, secret []byte) [hashBytes]byte {
	prk, err := hkdf.Extract(sha256.New, secret, salt)
	if err != nil {
		panic("seal: internal error: HKDF-Extract refuses SHA-256")
	}
	defer clear(prk)
	return [hashBytes]byte(prk)
}

// expand fills out.
func expand(prk *[hashBytes]byte, info string, out []byte) {
	b, err := hkdf.Expand(sha256.New, prk[:], info, len(out))
	if err != nil {
		panic("seal: internal error: HKDF-Expand refuses its length")
	}
	copy(out, b)
	clear(b)
}

// mac is HMAC-SHA256.
func mac(key *[secretSize]byte, message []byte) [hashBytes]byte {
	m := hmac.New(sha256.New, key[:])
	m.Write(message)
	return [hashBytes]byte(m.Sum(nil))
}
