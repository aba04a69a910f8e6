package record

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestEveryFlippedByteOfAListIsNoticed(t *testing.T) {
	// covers C8
	whole := alicePublished().Append(nil)
	p, err := ParsePublished(whole)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(epoch0); err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		whole[i] ^= 0x10
		p, err := ParsePublished(whole)
		if err == nil {
			err = p.Verify(epoch0)
		}
		if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrSignature) {
			t.Fatalf("byte %d: %v", i, err)
		}
		whole[i] ^= 0x10
	}
}

func TestAListSignedBySomebodyElseIsRefused(t *testing.T) {
	// covers S1
	l := aliceList()
	l.Sign(signerNamed("mallory").sign)
	if err := l.Verify(epoch0); !errors.Is(err, ErrSignature) {
		t.Fatalf("a list signed by another account: %v", err)
	}
	p := alicePublished()
	p.Prekeys[1].Sign(signerNamed("mallory").sign)
	if err := p.Verify(epoch0); !errors.Is(err, ErrSignature) {
		t.Fatalf("a swapped prekey: %v", err)
	}
	p = alicePublished()
	p.List.Devices[0].Key = DeviceKeyFrom(signerNamed("mallory").public())
	if err := p.Verify(epoch0); !errors.Is(err, ErrSignature) {
		t.Fatalf("a swapped device key: %v", err)
	}
}

func TestRecordsAreValidForTheirTimeOnly(t *testing.T) {
	// covers S6
	list, prekey := aliceList(), phonePrekey(1)
	phone := list.Devices[0].Key
	for _, c := range []struct {
		name         string
		after        time.Duration
		list, prekey error
	}{
		{"a clock ten minutes slow", -maxSkew, nil, nil},
		{"a clock slower than that", -maxSkew - 1, ErrExpired, ErrExpired},
		{"at once", 0, nil, nil},
		{"the last moment of the list", MaxListLifetime - 1, nil, nil},
		{"the list has expired, the prekey has not", MaxListLifetime, ErrExpired, nil},
		{"the last moment of the prekey", PrekeyLifetime - 1, ErrExpired, nil},
		{"both have expired", PrekeyLifetime, ErrExpired, ErrExpired},
	} {
		now := epoch0.Add(c.after)
		if err := list.Verify(now); !errors.Is(err, c.list) {
			t.Errorf("%s: list: %v", c.name, err)
		}
		if err := prekey.Verify(phone, now); !errors.Is(err, c.prekey) {
			t.Errorf("%s: prekey: %v", c.name, err)
		}
	}
	stale := alicePublished()
	stale.Prekeys[0].NotBefore = epoch0.Add(-PrekeyLifetime)
	stale.Prekeys[0].NotAfter = epoch0
	stale.Prekeys[0].Sign(signerNamed("phone").sign)
	if err := stale.Verify(epoch0); !errors.Is(err, ErrExpired) {
		t.Errorf("published with an expired prekey: %v", err)
	}
}

func TestHistoryMovesForwardOnly(t *testing.T) {
	// covers S6
	first := aliceList()
	second := successor(first)
	third := successor(second)

	fork := successor(first)
	fork.Devices[0].Key = DeviceKeyFrom(signerNamed("another phone").public())
	fork.Sign(signerNamed("alice").sign)
	afterFork := successor(fork)

	other := successor(first)
	other.Account = AccountKeyFrom(signerNamed("bob").public())

	resigned := second
	resigned.Signature[0]++

	for _, c := range []struct {
		name      string
		old, next DeviceList
		want      error
	}{
		{"the same list", second, second, nil},
		{"the same list under another signature", second, resigned, nil},
		{"the next list", first, second, nil},
		{"a list after a gap", first, third, nil},
		{"an older list", second, first, ErrOldEpoch},
		{"another list of the same epoch", second, fork, ErrFork},
		{"a list that continues another history", second, afterFork, ErrFork},
		{"a list of another account", first, other, ErrFork},
	} {
		if err := c.next.Follows(c.old); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestASignatureServesOnePurpose(t *testing.T) {
	// covers C9
	s := signerNamed("alice")
	key := AccountKeyFrom(s.public())
	sig := s.sign(SignedBytes("taciturn/1 a", []byte("b")))
	if !key.Verify("taciturn/1 a", []byte("b"), sig) {
		t.Fatal("a signature does not verify for its own label")
	}
	for _, c := range [][2]string{{"taciturn/1 b", "b"}, {"taciturn/1 ", "ab"}, {"taciturn/1 a\x00b", ""}, {"taciturn/1 a", "c"}, {"", "taciturn/1 a\x00b"}} {
		if key.Verify(c[0], []byte(c[1]), sig) {
			t.Errorf("a signature verifies for label %q and message %q", c[0], c[1])
		}
	}
	if (DeviceKey{}).Verify("taciturn/1 a", []byte("b"), sig) {
		t.Error("the zero key verifies something")
	}
}

// The forged signature is R = the neutral element, S = 0: it verifies with a key A of small order whenever the order of A
// divides the hash of R, A and the message.
func TestKeysOfSmallOrderVerifyNothing(t *testing.T) {
	// covers C3
	var forged [SignatureSize]byte
	forged[0] = 1
	for i, y := range smallOrderY {
		accepted := 0
		for _, sign := range []byte{0, 0x80} {
			key := y
			key[KeySize-1] |= sign
			for n := range 200 {
				msg := fmt.Appendf(nil, "%d", n)
				if ed25519.Verify(key[:], SignedBytes("l", msg), forged[:]) {
					accepted++
				}
				if AccountKeyFrom(key).Verify("l", msg, forged) || DeviceKeyFrom(key).Verify("l", msg, forged) {
					t.Fatalf("key %d accepts a forgery", i)
				}
			}
		}
		if accepted == 0 {
			t.Errorf("entry %d of the table is no point of small order: crypto/ed25519 refuses it already", i)
		}
	}
}

func TestASecondEncodingOfASignatureIsRefused(t *testing.T) {
	// covers C3
	s := signerNamed("alice")
	sig := s.sign(SignedBytes("l", []byte("m")))
	// S + L, little-endian, is the same number modulo the group order L.
	order := [32]byte{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 31: 0x10}
	carry := 0
	for i := range order {
		sum := int(sig[32+i]) + int(order[i]) + carry
		sig[32+i], carry = byte(sum), sum>>8
	}
	if AccountKeyFrom(s.public()).Verify("l", []byte("m"), sig) {
		t.Fatal("a second signature was made without the key")
	}
}
