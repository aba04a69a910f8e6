package record

import (
	"crypto/ed25519"
	"log/slog"
)

// KeySize is the size of an Ed25519 public key.
const KeySize = ed25519.PublicKeySize

// AccountKey is an account's Ed25519 public key: the one thing that makes an account that account. It is comparable and
// its zero value verifies nothing.
type AccountKey struct{ b [KeySize]byte }

// AccountKeyFrom wraps the bytes of a key.
func AccountKeyFrom(b [KeySize]byte) AccountKey { return AccountKey{b} }

// Bytes returns the key.
func (k AccountKey) Bytes() [KeySize]byte { return k.b }

// IsZero says whether k was never set.
func (k AccountKey) IsZero() bool { return k == AccountKey{} }

// Verify checks a signature over label ‖ 0x00 ‖ msg.
func (k AccountKey) Verify(label string, msg []byte, sig [SignatureSize]byte) bool {
	return verify(k.b, label, msg, sig)
}

// ID is the account id that belongs to k.
func (k AccountKey) ID() AccountID { return accountID(k) }

func (AccountKey) String() string       { return "record.AccountKey" }
func (AccountKey) GoString() string     { return "record.AccountKey" }
func (AccountKey) LogValue() slog.Value { return slog.StringValue("record.AccountKey") }

// DeviceKey is a device's Ed25519 public key. It is comparable and its zero value verifies nothing.
type DeviceKey struct{ b [KeySize]byte }

// DeviceKeyFrom wraps the bytes of a key.
func DeviceKeyFrom(b [KeySize]byte) DeviceKey { return DeviceKey{b} }

// Bytes returns the key.
func (k DeviceKey) Bytes() [KeySize]byte { return k.b }

// IsZero says whether k was never set.
func (k DeviceKey) IsZero() bool { return k == DeviceKey{} }

// Verify checks a signature over label ‖ 0x00 ‖ msg.
func (k DeviceKey) Verify(label string, msg []byte, sig [SignatureSize]byte) bool {
	return verify(k.b, label, msg, sig)
}

func (DeviceKey) String() string       { return "record.DeviceKey" }
func (DeviceKey) GoString() string     { return "record.DeviceKey" }
func (DeviceKey) LogValue() slog.Value { return slog.StringValue("record.DeviceKey") }

// verify refuses keys of small order, for which some signatures verify over many messages. crypto/ed25519 itself refuses
// a second encoding of a signature (RFC 8032 section 5.1.7: S below the group order).
func verify(key [KeySize]byte, label string, msg []byte, sig [SignatureSize]byte) bool {
	if smallOrder(key) {
		return false
	}
	return ed25519.Verify(key[:], SignedBytes(label, msg), sig[:])
}

// smallOrder says whether key encodes one of the eight points of small order, canonically or not. Keys are public: the
// comparison need not be constant-time.
func smallOrder(key [KeySize]byte) bool {
	key[KeySize-1] &= 0x7f // the sign of x
	for _, y := range smallOrderY {
		if key == y {
			return true
		}
	}
	return false
}

// smallOrderY are the y coordinates, little-endian, of the points whose order divides eight.
var smallOrderY = [...][KeySize]byte{
	{}, // order 4
	1:  {1},
	// order 8, twice
	2: {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
	3: {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
	4: nearPrime(0xec), // p-1: order 2
	5: nearPrime(0xed), // p, a second encoding of 0
	6: nearPrime(0xee), // p+1, a second encoding of 1
}

// nearPrime is 2^255 - 256 + low.
func nearPrime(low byte) (y [KeySize]byte) {
	for i := range y {
		y[i] = 0xff
	}
	y[0], y[KeySize-1] = low, 0x7f
	return y
}
