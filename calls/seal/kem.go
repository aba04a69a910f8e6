package seal

import (
	"crypto/hpke"
	"sync"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// Suite 1 in the terms of RFC 9180.
func kem() hpke.KEM   { return hpke.MLKEM768X25519() }
func kdf() hpke.KDF   { return hpke.HKDFSHA256() }
func aead() hpke.AEAD { return hpke.ChaCha20Poly1305() }

// newSender encapsulates to a public key in its wire form.
func newSender(public []byte, info string, context [hashBytes]byte) (enc [envelope.EncSize]byte, s *hpke.Sender, err error) {
	key, err := kem().NewPublicKey(public)
	if err != nil {
		return enc, nil, ErrEnvelope
	}
	raw, s, err := hpke.NewSender(key, kdf(), aead(), append([]byte(info), context[:]...))
	if err != nil || len(raw) != len(enc) {
		return enc, nil, ErrEnvelope
	}
	return [envelope.EncSize]byte(raw), s, nil
}

func newRecipient(enc []byte, key hpke.PrivateKey, info string, context [hashBytes]byte) (*hpke.Recipient, error) {
	r, err := hpke.NewRecipient(enc, key, kdf(), aead(), append([]byte(info), context[:]...))
	if err != nil {
		return nil, ErrEnvelope
	}
	return r, nil
}

// newEphemeral draws a per-call key pair.
func newEphemeral() (hpke.PrivateKey, [record.PrekeySize]byte, error) {
	key, err := kem().GenerateKey()
	if err != nil {
		return nil, [record.PrekeySize]byte{}, err
	}
	return key, [record.PrekeySize]byte(key.PublicKey().Bytes()), nil
}

// decoyKey is a public key whose secret nobody keeps.
var decoyKey = sync.OnceValues(func() (hpke.PublicKey, error) {
	key, err := kem().GenerateKey()
	if err != nil {
		return nil, err
	}
	return key.PublicKey(), nil
})

// decoyEnc is an encapsulation that nobody can open, and that looks like all others.
func decoyEnc() (enc [envelope.EncSize]byte, err error) {
	key, err := decoyKey()
	if err != nil {
		return enc, err
	}
	raw, _, err := hpke.NewSender(key, kdf(), aead(), []byte(decoyInfo))
	if err != nil {
		return enc, err
	}
	return [envelope.EncSize]byte(raw), nil
}

// export is an HPKE exporter of 32 bytes.
func export(context interface {
	Export(string, int) ([]byte, error)
}, label string) ([secretSize]byte, error) {
	b, err := context.Export(label, secretSize)
	if err != nil {
		return [secretSize]byte{}, err
	}
	defer clear(b)
	return [secretSize]byte(b), nil
}
