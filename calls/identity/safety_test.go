package identity

import (
	"crypto/sha512"
	"encoding/binary"
	"math/bits"
	"regexp"
	"testing"

	"github.com/taciturn-voice/taciturn/signaling/record"
	"pgregory.net/rapid"
)

func TestBothSidesSeeTheSameSafetyNumber(t *testing.T) {
	shape := regexp.MustCompile(`^[0-9]{5}( [0-9]{5}){11}$`)
	rapid.Check(t, func(t *rapid.T) {
		a := record.AccountKeyFrom([32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "a")))
		b := record.AccountKeyFrom([32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "b")))
		number := SafetyNumber(a, b)
		if !shape.MatchString(number) {
			t.Fatalf("%q", number)
		}
		if SafetyNumber(b, a) != number {
			t.Fatal("the two sides see different numbers")
		}
		other := a.Bytes()
		other[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if SafetyNumber(record.AccountKeyFrom(other), b) == number {
			t.Fatal("another key has the same number")
		}
	})
}

// A second implementation of the documented rule, written apart from the first.
func TestTheSafetyNumberIsWhatItsDocSays(t *testing.T) {
	a, b := personNamed("alice").key(), personNamed("bob").key()
	side := func(k record.AccountKey) string {
		id, key := k.ID().Bytes(), k.Bytes()
		return string(id[:]) + string(key[:])
	}
	low, high := min(side(a), side(b)), max(side(a), side(b))
	sum := sha512.Sum512([]byte("taciturn/1 safety\x00\x00\x00\x00" + low + high))
	got := SafetyNumber(a, b)
	for i := range 12 {
		n := binary.BigEndian.Uint32(sum[4*i:])
		if n >= 4_294_900_000 {
			t.Fatal("choose other names: this pair draws a number again")
		}
		for digit := 4; digit >= 0; digit-- {
			if got[6*i+digit] != byte('0'+n%10) {
				t.Fatalf("group %d of %s", i, got)
			}
			n /= 10
		}
	}
}

func TestNoGroupComesMoreOftenThanAnother(t *testing.T) {
	if fairBelow%groupValues != 0 || bits.Len(uint(fairBelow)) != 32 {
		t.Fatalf("%d is no multiple of %d just below 2^32", uint64(fairBelow), groupValues)
	}
}
