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
	nonceTextBytes   = (nonceBytes*8 + 5) / 6

	// nonceLifetime is what RFC 8656 section 5 recommends.
	nonceLifetime = time.Hour
)

// nonceKey makes and checks nonces without remembering them.
type nonceKey [32]byte

// append adds the nonce of a client at a time since the server's start. Minutes, so that a challenge repeated is mostly the
// same bytes.
func (k *nonceKey) append(b []byte, h *hasher, client tuple, now time.Duration) []byte {
	raw := k.raw(h, uint32(now/time.Minute), client)
	return textEncoding.AppendEncode(b, raw[:])
}

func (k *nonceKey) valid(text []byte, h *hasher, client tuple, now time.Duration) bool {
	var raw [nonceBytes]byte
	if len(text) != nonceTextBytes {
		return false
	}
	if _, err := textEncoding.Decode(raw[:], text); err != nil {
		return false
	}
	minute := binary.BigEndian.Uint32(raw[:])
	want := k.raw(h, minute, client)
	age := now/time.Minute - time.Duration(minute)
	return hmac.Equal(raw[:], want[:]) && age >= 0 && age < nonceLifetime/time.Minute
}

func (k *nonceKey) raw(h *hasher, minute uint32, client tuple) (raw [nonceBytes]byte) {
	var msg [nonceMinuteBytes + tupleBytes]byte
	binary.BigEndian.PutUint32(msg[:], minute)
	key := client.bytes()
	copy(msg[nonceMinuteBytes:], key[:])
	sum := h.sha256(k[:], msg[:])
	copy(raw[:], msg[:nonceMinuteBytes])
	copy(raw[nonceMinuteBytes:], sum[:])
	return raw
}
