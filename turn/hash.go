package turn

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
)

const (
	hashBlock = 64 // of SHA-1 and SHA-256
	innerPad  = 0x36
	outerPad  = 0x5C
)

// hasher is HMAC (RFC 2104) in memory that can be wiped. crypto/hmac makes heap objects, which would keep pieces of keys and
// usernames for as long as the collector likes. One goroutine may use it.
type hasher struct {
	buf  [hashBlock + maxPacketBytes]byte
	used int
}

// sha1 needs a message of at most maxPacketBytes, as sha256 does.
func (h *hasher) sha1(key, msg []byte) [sha1.Size]byte {
	if len(key) > hashBlock {
		short := sha1.Sum(key)
		key = short[:]
	}
	inner := sha1.Sum(h.load(key, innerPad, msg))
	return sha1.Sum(h.load(key, outerPad, inner[:]))
}

func (h *hasher) sha256(key, msg []byte) [sha256.Size]byte {
	if len(key) > hashBlock {
		short := sha256.Sum256(key)
		key = short[:]
	}
	inner := sha256.Sum256(h.load(key, innerPad, msg))
	return sha256.Sum256(h.load(key, outerPad, inner[:]))
}

// load writes the padded key and the message.
func (h *hasher) load(key []byte, pad byte, msg []byte) []byte {
	clear(h.buf[:hashBlock])
	copy(h.buf[:], key)
	for i := range hashBlock {
		h.buf[i] ^= pad
	}
	n := hashBlock + copy(h.buf[hashBlock:], msg)
	h.used = max(h.used, n)
	return h.buf[:n]
}

// longTermKey is the key of a long-term credential: MD5(username ":" realm ":" password), RFC 8489 section 9.2.2.
func (h *hasher) longTermKey(username []byte, realm string, password []byte) integrityKey {
	b := append(h.buf[:0], username...)
	b = append(b, ':')
	b = append(b, realm...)
	b = append(b, ':')
	b = append(b, password...)
	h.used = max(h.used, len(b))
	return md5.Sum(b)
}

func (h *hasher) wipe() {
	clear(h.buf[:h.used])
	h.used = 0
}
