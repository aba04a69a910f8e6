package turn

import (
	"crypto/hmac"
	"encoding/binary"
	"time"
)

const (
	nonceMinuteBytes = 4
	nonceMACBytes    = 12
	nonceBytes       = nonceMinuteBytes + nonceMACBytes

	// nonceCookie is of RFC 8489 section 9.2: "obMatJos2", and in base64 24 security feature bits, of which the first, password
	// algorithms, is set. The second, anonymous usernames, would need a list of users.
	nonceCookie    = "obMatJos2" + "gAAA"
	nonceTextBytes = len(nonceCookie) + (nonceBytes*8+5)/6

	// nonceLifetime is what RFC 8656 section 5 recommends.
	nonceLifetime = time.Hour
)

// Nonces are made and checked without being remembered. appendNonce adds the nonce of a client at a time since the server's start. Minutes, so that a challenge repeated is mostly the
// same bytes.
func (h *hasher) appendNonce(b []byte, client tuple, now time.Duration) []byte {
	raw := h.rawNonce(uint32(now/time.Minute), client)
	return textEncoding.AppendEncode(append(b, nonceCookie...), raw[:])
}

func (h *hasher) validNonce(text []byte, client tuple, now time.Duration) bool {
	var raw [nonceBytes]byte
	if len(text) != nonceTextBytes || string(text[:len(nonceCookie)]) != nonceCookie {
		return false
	}
	if _, err := textEncoding.Decode(raw[:], text[len(nonceCookie):]); err != nil {
		return false
	}
	minute := binary.BigEndian.Uint32(raw[:])
	want := h.rawNonce(minute, client)
	age := now/time.Minute - time.Duration(minute)
	return hmac.Equal(raw[:], want[:]) && age >= 0 && age < nonceLifetime/time.Minute
}

func (h *hasher) rawNonce(minute uint32, client tuple) (raw [nonceBytes]byte) {
	key := client.bytes()
	h.text = binary.BigEndian.AppendUint32(h.text[:0], minute)
	h.text = append(h.text, key[:]...)
	copy(raw[:], h.text[:nonceMinuteBytes])
	copy(raw[nonceMinuteBytes:], h.nonce.sum(h.text))
	return raw
}
