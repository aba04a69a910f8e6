package identity

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/cryptobyte"
)

const saltSize = 16

// cost is what guessing one passphrase takes.
type cost struct {
	passes    uint32
	memoryKiB uint32
	threads   uint8
}

// defaultCost is the second choice of RFC 9106 section 4, for machines where 2 GiB are too much.
var defaultCost = cost{passes: 3, memoryKiB: 64 << 10, threads: 4}

// Bounds for reading: a file must not make its reader run out of memory or patience. There is no lower bound but what
// argon2 itself needs: whoever changes the numbers gets another key, not a weaker file.
const (
	maxPasses    = 16
	maxMemoryKiB = 256 << 10
	maxThreads   = 16
)

func (c cost) valid() bool {
	return 0 < c.passes && c.passes <= maxPasses && 0 < c.threads && c.threads <= maxThreads &&
		8*uint32(c.threads) <= c.memoryKiB && c.memoryKiB <= maxMemoryKiB
}

// lock appends payload under a passphrase to head, which is authenticated as well.
func lock(head, payload, passphrase []byte, c cost) ([]byte, error) {
	file := binary.BigEndian.AppendUint32(head, c.passes)
	file = binary.BigEndian.AppendUint32(file, c.memoryKiB)
	file = append(file, c.threads)
	var salt [saltSize]byte
	rand.Read(salt[:])
	file = append(file, salt[:]...)
	key := argon2.IDKey(passphrase, salt[:], c.passes, c.memoryKiB, c.threads, chacha20poly1305.KeySize)
	defer clear(key)
	return encrypt(file, key, payload)
}

// unlock opens what lock wrote; s is what follows the head. It fails with ErrFormat, ErrNeedPassphrase or ErrPassphrase.
func unlock(file []byte, s cryptobyte.String, passphrase []byte, limit int) ([]byte, error) {
	var c cost
	var salt [saltSize]byte
	if !s.ReadUint32(&c.passes) || !s.ReadUint32(&c.memoryKiB) || !s.ReadUint8(&c.threads) || !s.CopyBytes(salt[:]) || !c.valid() ||
		len(s) < chacha20poly1305.Overhead || len(s) > chacha20poly1305.Overhead+limit {
		return nil, ErrFormat
	}
	if len(passphrase) == 0 {
		return nil, ErrNeedPassphrase
	}
	key := argon2.IDKey(passphrase, salt[:], c.passes, c.memoryKiB, c.threads, chacha20poly1305.KeySize)
	defer clear(key)
	payload, err := decrypt(file, s, key)
	if err != nil {
		return nil, ErrPassphrase
	}
	return payload, nil
}

// encrypt appends payload under key to head, which is authenticated. The nonce is zero: a salt, and with it the key, is drawn
// for each file, so no key encrypts twice.
func encrypt(head, key, payload []byte) ([]byte, error) {
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, fmt.Errorf("identity: seal: %w", err)
	}
	var nonce [chacha20poly1305.NonceSize]byte
	return append(head, aead.Seal(nil, nonce[:], payload, head)...), nil
}

// decrypt opens the last part of file, which s is.
func decrypt(file []byte, s cryptobyte.String, key []byte) ([]byte, error) {
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, fmt.Errorf("identity: open: %w", err)
	}
	var nonce [chacha20poly1305.NonceSize]byte
	return aead.Open(nil, nonce[:], s, file[:len(file)-len(s)])
}

const (
	storeMagic = "taciturn/1 sealed store"
	storeLabel = "taciturn/1 store " // ‖ name: HKDF info
	storeSalt  = 32
	maxStore   = 64 << 20
)

// SealStore encrypts what this device keeps beside its key file, such as its contacts, so that it can be read where the key
// file can be opened and nowhere else. name says what it is; another name does not open it.
func (id *Identity) SealStore(name string, plain []byte) ([]byte, error) {
	file := append(make([]byte, 0, len(storeMagic)+storeSalt+len(plain)+chacha20poly1305.Overhead), storeMagic...)
	var salt [storeSalt]byte
	rand.Read(salt[:])
	file = append(file, salt[:]...)
	key, err := id.storeKey(name, salt[:])
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return encrypt(file, key, plain)
}

// OpenStore reads what SealStore wrote. It fails with ErrFormat.
func (id *Identity) OpenStore(name string, file []byte) ([]byte, error) {
	s := cryptobyte.String(file)
	var magic, salt []byte
	if !s.ReadBytes(&magic, len(storeMagic)) || string(magic) != storeMagic || !s.ReadBytes(&salt, storeSalt) || len(s) > maxStore {
		return nil, ErrFormat
	}
	key, err := id.storeKey(name, salt)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	plain, err := decrypt(file, s, key)
	if err != nil {
		return nil, ErrFormat
	}
	return plain, nil
}

func (id *Identity) storeKey(name string, salt []byte) ([]byte, error) {
	id.s.mu.Lock()
	defer id.s.mu.Unlock()
	if id.s.wiped {
		return nil, errWiped
	}
	seed := id.s.device.Seed()
	defer clear(seed)
	return hkdf.Key(sha256.New, seed, salt, storeLabel+name, chacha20poly1305.KeySize)
}
