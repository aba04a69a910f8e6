package record

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"pgregory.net/rapid"
)

// epoch0 is when the stories of these tests begin.
var epoch0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// signer is a key pair that follows from a name, so that tests need no randomness.
type signer struct{ private ed25519.PrivateKey }

func signerNamed(name string) signer {
	seed := sha256.Sum256([]byte(name))
	return signer{ed25519.NewKeyFromSeed(seed[:])}
}

func (s signer) public() [KeySize]byte { return [KeySize]byte(s.private.Public().(ed25519.PublicKey)) }

func (s signer) sign(msg []byte) [SignatureSize]byte {
	return [SignatureSize]byte(ed25519.Sign(s.private, msg))
}

// alice is an account with one device called phone.
func aliceList() DeviceList {
	l := DeviceList{
		Account: AccountKeyFrom(signerNamed("alice").public()),
		Epoch:   1,
		Issued:  epoch0,
		Expires: epoch0.Add(MaxListLifetime),
		Devices: []Device{{
			ID:       DeviceID{1},
			Key:      DeviceKeyFrom(signerNamed("phone").public()),
			Kind:     KindNative,
			MinSuite: SuiteXWing,
			MaxSuite: SuiteXWing,
		}},
	}
	l.Sign(signerNamed("alice").sign)
	return l
}

// successor is the next list after l, one day later.
func successor(l DeviceList) DeviceList {
	next := l
	next.Epoch++
	next.Previous = l.Hash()
	next.Issued = l.Issued.Add(24 * time.Hour)
	next.Expires = next.Issued.Add(MaxListLifetime)
	next.Devices = append([]Device(nil), l.Devices...)
	next.Sign(signerNamed("alice").sign)
	return next
}

func phonePrekey(id byte) Prekey {
	p := Prekey{
		ID:        PrekeyID{id},
		Device:    DeviceID{1},
		Mailbox:   envelope.QueueIDFrom([16]byte{9}),
		NotBefore: epoch0,
		NotAfter:  epoch0.Add(PrekeyLifetime),
	}
	for i := range p.Key {
		p.Key[i] = byte(i)
	}
	p.Sign(signerNamed("phone").sign)
	return p
}

func alicePublished() Published {
	return Published{List: aliceList(), Prekeys: []Prekey{phonePrekey(1), phonePrekey(2)}}
}

// Generators of whatever is well formed; signatures are random, because parsing does not look at them.

func genBytes(t *rapid.T, label string, b []byte) {
	copy(b, rapid.SliceOfN(rapid.Byte(), len(b), len(b)).Draw(t, label))
}

func genSpan(t *rapid.T, limit time.Duration) (from, to time.Time) {
	span := rapid.Int64Range(1, int64(limit/time.Second)).Draw(t, "span")
	start := rapid.Int64Range(0, maxUnix-span).Draw(t, "from")
	return time.Unix(start, 0).UTC(), time.Unix(start+span, 0).UTC()
}

func genList(t *rapid.T) DeviceList {
	var l DeviceList
	genBytes(t, "account", l.Account.b[:])
	l.Account.b[0] |= 1
	l.Epoch = rapid.Uint64Min(1).Draw(t, "epoch")
	if l.Epoch > 1 {
		genBytes(t, "previous", l.Previous[:])
		l.Previous[0] |= 1
	}
	l.Issued, l.Expires = genSpan(t, MaxListLifetime)
	for i := range rapid.IntRange(1, MaxDevices).Draw(t, "devices") {
		var d Device
		genBytes(t, "device", d.ID[:])
		genBytes(t, "key", d.Key.b[:])
		d.ID[0], d.Key.b[0] = byte(i), byte(i)+1
		d.Kind = rapid.SampledFrom([]Kind{KindNative, KindWeb}).Draw(t, "kind")
		d.MinSuite = rapid.Uint16Min(1).Draw(t, "lowest")
		d.MaxSuite = rapid.Uint16Min(d.MinSuite).Draw(t, "highest")
		l.Devices = append(l.Devices, d)
	}
	genBytes(t, "signature", l.Signature[:])
	return l
}

func genPrekey(t *rapid.T) Prekey {
	var p Prekey
	var mailbox [envelope.QueueIDSize]byte
	genBytes(t, "id", p.ID[:])
	genBytes(t, "device", p.Device[:])
	genBytes(t, "mailbox", mailbox[:])
	mailbox[0] |= 1
	p.Mailbox = envelope.QueueIDFrom(mailbox)
	// A seed instead of 1216 draws: the bytes of a key have no structure that could matter here.
	seed := rapid.Uint64().Draw(t, "public")
	for i := 0; i < PrekeySize; i += 8 {
		binary.BigEndian.PutUint64(p.Key[i:], seed*uint64(i+1))
	}
	p.NotBefore, p.NotAfter = genSpan(t, PrekeyLifetime)
	genBytes(t, "signature", p.Signature[:])
	return p
}

func genPublished(t *rapid.T) Published {
	p := Published{List: genList(t)}
	for _, d := range p.List.Devices {
		for i := range rapid.IntRange(0, MaxPrekeysPerDevice).Draw(t, "prekeys") {
			k := genPrekey(t)
			k.Device, k.ID[0] = d.ID, byte(i)
			p.Prekeys = append(p.Prekeys, k)
		}
	}
	return p
}

// wantSameBytes checks that what parsed encodes to the bytes it came from.
func wantSameBytes(t testing.TB, in, out []byte) {
	t.Helper()
	if !bytes.Equal(in, out) {
		t.Fatalf("parsed and encoded again, %d bytes became %d others", len(in), len(out))
	}
}
