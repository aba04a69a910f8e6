package record

import (
	"errors"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// SuiteXWing is the only suite: X-Wing / HKDF-SHA256 / ChaCha20-Poly1305 for envelopes, Ed25519, SFrame suite 5. 2 is
// reserved for the same with ML-DSA-65.
const SuiteXWing uint16 = 1

// Limits.
const (
	MaxDevices      = 16
	MaxListLifetime = 7 * 24 * time.Hour  // how long a server can hide that a device was removed
	PrekeyLifetime  = 14 * 24 * time.Hour // a phone may sleep that long and still be reached
	// MaxPrekeysPerDevice is the current one and its successor.
	MaxPrekeysPerDevice = 2
	// maxSkew forgives clocks that differ when a record comes from the future; offers are far stricter (calls/seal).
	maxSkew = 10 * time.Minute
	// maxUnix is the last second of the year 9999: beyond it time.Time does not marshal.
	maxUnix = 253402300799
)

// Errors. None echoes its input.
var (
	ErrFormat    = errors.New("record: malformed")
	ErrSignature = errors.New("record: signature does not verify")
	ErrExpired   = errors.New("record: outside its time of validity")
	ErrOldEpoch  = errors.New("record: device list is older than one seen before")
	ErrFork      = errors.New("record: device list contradicts one seen before")
)

// SignatureSize is the size of an Ed25519 signature.
const SignatureSize = 64

// SignedBytes is what a signature with label covers: label ‖ 0x00 ‖ msg.
func SignedBytes(label string, msg []byte) []byte {
	b := make([]byte, 0, len(label)+1+len(msg))
	b = append(b, label...)
	b = append(b, 0)
	return append(b, msg...)
}

func appendLabel(b []byte, label string) []byte {
	b = append(b, byte(len(label)>>8), byte(len(label)))
	return append(b, label...)
}

func readLabel(s *cryptobyte.String, label string) bool {
	var got cryptobyte.String
	return s.ReadUint16LengthPrefixed(&got) && string(got) == label
}

func readTime(s *cryptobyte.String, t *time.Time) bool {
	var unix uint64
	if !s.ReadUint64(&unix) || unix > maxUnix {
		return false
	}
	*t = time.Unix(int64(unix), 0).UTC()
	return true
}

// checkTimes says whether now lies within [from, to).
func checkTimes(now, from, to time.Time) error {
	if now.Add(maxSkew).Before(from) || !now.Before(to) {
		return ErrExpired
	}
	return nil
}

// validSpan says whether from and to can be written and lie at most limit apart, compared as they are written: in seconds.
func validSpan(from, to time.Time, limit time.Duration) bool {
	a, b := from.Unix(), to.Unix()
	return 0 <= a && a < b && b <= maxUnix && b-a <= int64(limit/time.Second)
}
