package identity

import (
	"crypto/sha256"
	"crypto/subtle"

	"golang.org/x/crypto/cryptobyte"
)

const (
	fileMagic  = "taciturn/1 keys"
	formPlain  = 1
	formSealed = 2

	// maxPayload is far above what one device needs.
	maxPayload = 16 << 10
)

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
	return lock(append([]byte(fileMagic), formSealed), payload, passphrase, c)
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
	payload, err := unlock(file, s, passphrase, maxPayload)
	if err != nil {
		return nil, err
	}
	defer clear(payload)
	return parsePayload(payload)
}
