package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/cryptobyte"
)

const (
	fileMagic  = "taciturn/1 keys"
	formPlain  = 1
	formSealed = 2
	saltSize   = 16

	// maxPayload is far above what one device needs.
	maxPayload = 16 << 10
)

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

// Seal writes the key file; see the package doc. With an empty passphrase the secrets stand in it as they are. The caller
// should clear it once it is stored.
func (id *Identity) Seal(passphrase []byte) ([]byte, error) { return id.seal(passphrase, defaultCost) }

func (id *Identity) seal(passphrase []byte, c cost) ([]byte, error) {
	id.s.mu.Lock()
	defer id.s.mu.Unlock()
	if id.s.wiped {
		return nil, errWiped
	}
	// Room for all of it at once: growing would leave copies of the secrets behind.
	payload := id.s.appendLocked(make([]byte, 0, maxPayload))
	defer clear(payload)
	if len(passphrase) == 0 {
		return sealPlain(payload), nil
	}
	file := append([]byte(fileMagic), formSealed)
	file = binary.BigEndian.AppendUint32(file, c.passes)
	file = binary.BigEndian.AppendUint32(file, c.memoryKiB)
	file = append(file, c.threads)
	var salt [saltSize]byte
	rand.Read(salt[:])
	file = append(file, salt[:]...)
	// The nonce is zero: salt, and with it the key, is drawn for each file, so no key encrypts twice.
	var nonce [chacha20poly1305.NonceSize]byte
	key := argon2.IDKey(passphrase, salt[:], c.passes, c.memoryKiB, c.threads, chacha20poly1305.KeySize)
	defer clear(key)
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, fmt.Errorf("identity: seal: %w", err)
	}
	return append(file, aead.Seal(nil, nonce[:], payload, file)...), nil
}

func sealPlain(payload []byte) []byte {
	file := make([]byte, 0, len(fileMagic)+1+len(payload)+sha256.Size)
	file = append(file, fileMagic...)
	file = append(file, formPlain)
	file = append(file, payload...)
	sum := sha256.Sum256(file)
	return append(file, sum[:]...)
}

// Open reads a key file. It fails with ErrFormat, ErrNeedPassphrase or ErrPassphrase. A passphrase for a file that has
// none is ignored.
func Open(file, passphrase []byte) (*Identity, error) {
	s := cryptobyte.String(file)
	var magic []byte
	var form uint8
	if !s.ReadBytes(&magic, len(fileMagic)) || string(magic) != fileMagic || !s.ReadUint8(&form) {
		return nil, ErrFormat
	}
	switch form {
	case formPlain:
		return openPlain(file, s)
	case formSealed:
		return openSealed(file, s, passphrase)
	}
	return nil, ErrFormat
}

func openPlain(file, rest []byte) (*Identity, error) {
	if len(rest) < sha256.Size || len(rest) > sha256.Size+maxPayload {
		return nil, ErrFormat
	}
	sum := sha256.Sum256(file[:len(file)-sha256.Size])
	if subtle.ConstantTimeCompare(sum[:], file[len(file)-sha256.Size:]) != 1 {
		return nil, ErrFormat
	}
	return parsePayload(rest[:len(rest)-sha256.Size])
}

func openSealed(file []byte, s cryptobyte.String, passphrase []byte) (*Identity, error) {
	var c cost
	var salt [saltSize]byte
	if !s.ReadUint32(&c.passes) || !s.ReadUint32(&c.memoryKiB) || !s.ReadUint8(&c.threads) || !s.CopyBytes(salt[:]) || !c.valid() ||
		len(s) < chacha20poly1305.Overhead || len(s) > chacha20poly1305.Overhead+maxPayload {
		return nil, ErrFormat
	}
	if len(passphrase) == 0 {
		return nil, ErrNeedPassphrase
	}
	key := argon2.IDKey(passphrase, salt[:], c.passes, c.memoryKiB, c.threads, chacha20poly1305.KeySize)
	defer clear(key)
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, fmt.Errorf("identity: open: %w", err)
	}
	var nonce [chacha20poly1305.NonceSize]byte
	payload, err := aead.Open(nil, nonce[:], s, file[:len(file)-len(s)])
	if err != nil {
		return nil, ErrPassphrase
	}
	defer clear(payload)
	return parsePayload(payload)
}
