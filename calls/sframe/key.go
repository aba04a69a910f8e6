package sframe

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha512"
	"encoding/binary"
)

const (
	// suite is AES_256_GCM_SHA512_128 (RFC 9605 section 4.5).
	suite     = 0x0005
	keyBytes  = 32
	saltBytes = 12
	tagBytes  = 16

	labelKey  = "SFrame 1.0 Secret key "
	labelSalt = "SFrame 1.0 Secret salt "

	// epochs is how many epochs a KID tells apart.
	epochs = 4
)

// Root is the secret of a call's voice in one epoch: seal.MediaRoot. Whoever is given a Root owns it from then on.
type Root interface {
	// Base is the base key of a direction in the present epoch.
	Base(dir uint8) [64]byte
	// Epoch counts the ratchets.
	Epoch() uint32
	// Ratchet goes to the next epoch, with no way back.
	Ratchet()
	// Wipe forgets the secret.
	Wipe()
}

// kidOf names a key on the wire.
func kidOf(epoch uint32, dir uint8) uint64 { return 2*uint64(epoch%epochs) + uint64(dir) }

// key seals and opens the frames of one direction in one epoch. The zero value refuses.
type key struct {
	aead cipher.AEAD
	salt [saltBytes]byte
	// nonce is here and not on the stack, whence it would escape to the heap once a frame.
	nonce [saltBytes]byte
}

// deriveKey is RFC 9605 section 4.4.2. It cannot fail for keys and sizes that are constants.
func deriveKey(base []byte, kid uint64) (k key) {
	secret, err := hkdf.Extract(sha512.New, base, nil)
	if err != nil {
		panic("sframe: internal error: extract")
	}
	defer clear(secret)
	raw := expand(secret, labelKey, kid, keyBytes)
	defer clear(raw)
	salt := expand(secret, labelSalt, kid, saltBytes)
	defer clear(salt)
	copy(k.salt[:], salt)
	block, err := aes.NewCipher(raw)
	if err != nil {
		panic("sframe: internal error: cipher")
	}
	if k.aead, err = cipher.NewGCM(block); err != nil {
		panic("sframe: internal error: gcm")
	}
	return k
}

func expand(secret []byte, label string, kid uint64, size int) []byte {
	info := binary.BigEndian.AppendUint64([]byte(label), kid)
	info = binary.BigEndian.AppendUint16(info, suite)
	out, err := hkdf.Expand(sha512.New, secret, string(info), size)
	if err != nil {
		panic("sframe: internal error: expand")
	}
	return out
}

// deriveFrom takes the key of the root's present epoch and takes the root to the next.
func deriveFrom(root Root, dir uint8) key {
	base := root.Base(dir)
	defer clear(base[:])
	k := deriveKey(base[:], kidOf(root.Epoch(), dir))
	root.Ratchet()
	return k
}

func (k *key) usable() bool { return k.aead != nil }

func (k *key) wipe() { *k = key{} }

// counter makes the nonce of a frame (RFC 9605 section 4.4.3).
func (k *key) counter(ctr uint64) []byte {
	k.nonce = k.salt
	for i := range 8 {
		k.nonce[saltBytes-1-i] ^= byte(ctr >> (8 * i))
	}
	return k.nonce[:]
}

// seal appends ciphertext and tag to dst.
func (k *key) seal(dst []byte, ctr uint64, plaintext, aad []byte) []byte {
	return k.aead.Seal(dst, k.counter(ctr), plaintext, aad)
}

// open appends the plaintext to dst.
func (k *key) open(dst []byte, ctr uint64, ciphertext, aad []byte) ([]byte, error) {
	plaintext, err := k.aead.Open(dst, k.counter(ctr), ciphertext, aad)
	if err != nil {
		return nil, ErrAuth
	}
	return plaintext, nil
}
