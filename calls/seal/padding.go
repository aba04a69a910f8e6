package seal

import (
	"bytes"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

const (
	tagBytes       = 16
	plaintextBytes = envelope.CiphertextSize - tagBytes
	padMark        = 0x80 // ISO/IEC 7816-4
)

// pad fills b up to the one size that plaintexts have.
func pad(b []byte) ([]byte, error) {
	if len(b) >= plaintextBytes {
		return nil, ErrTooLarge
	}
	padded := make([]byte, plaintextBytes)
	padded[copy(padded, b)] = padMark
	return padded, nil
}

// unpad undoes pad. It runs on authenticated bytes only, so its time tells nobody anything.
func unpad(b []byte) ([]byte, error) {
	b = bytes.TrimRight(b, "\x00")
	if len(b) < 2 || b[len(b)-1] != padMark {
		return nil, ErrEnvelope
	}
	return b[:len(b)-1], nil
}
