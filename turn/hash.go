package turn

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"hash"
)

// hashBlock is the block of SHA-1 and SHA-256.
const hashBlock = 64

var zeroBlock [hashBlock]byte

// digest is a hash function of the standard library that can be made to forget. What it was fed last stays in its block buffer,
// so wipe overwrites that; and HMAC keeps copies of its key, which the digest sees as the first thing it is fed, and remembers.
type digest struct {
	hash.Hash
	fed bool
	pad []byte // HMAC's padded key
}

// Reset is of hash.Hash.
func (d *digest) Reset() {
	d.Hash.Reset()
	d.fed = false
}

// Write is of hash.Hash. It keeps p when it is the first, against the rule of io.Writer: that is the point.
func (d *digest) Write(p []byte) (int, error) {
	if !d.fed {
		d.fed, d.pad = true, p
	}
	return d.Hash.Write(p)
}

// wipe fills the block buffer, which a whole block at once would pass by.
func (d *digest) wipe() {
	d.Hash.Reset()
	d.Hash.Write(zeroBlock[:1])
	d.Hash.Write(zeroBlock[1:])
	d.Reset()
}

// mac is an HMAC of the standard library that can be made to forget.
type mac struct {
	digests [2]digest
	given   int               // digests given to hmac.New, which asks for two
	next    func() hash.Hash  // gives them
	hmac    hash.Hash         // nil without a key
	out     [sha256.Size]byte // the last sum
	used    bool              // since the last wipe

	// Of sumWith.
	key      [hashBlock]byte
	keyBytes int
}

func newMAC(function func() hash.Hash) *mac {
	m := &mac{digests: [2]digest{{Hash: function()}, {Hash: function()}}}
	m.next = func() hash.Hash {
		m.given++
		return &m.digests[m.given%len(m.digests)]
	}
	return m
}

// keyed returns m with a key for good.
func (m *mac) keyed(key []byte) *mac {
	m.hmac = hmac.New(m.next, key)
	return m
}

// sum is valid until the next one.
func (m *mac) sum(msg []byte) []byte {
	m.hmac.Reset()
	return m.finish(msg)
}

func (m *mac) finish(msg []byte) []byte {
	m.used = true
	m.hmac.Write(msg)
	return m.hmac.Sum(m.out[:0])
}

// sumWith is with a key of at most hashBlock bytes, which is kept until another one comes, or wipe: a request is proved with the key
// that seals its answer. It is copied, because what crypto/hmac is given moves to the heap, and would take along all that the
// caller keeps with it.
func (m *mac) sumWith(key, msg []byte) []byte {
	if m.hmac != nil && hmac.Equal(m.key[:m.keyBytes], key) {
		return m.sum(msg)
	}
	m.forgetKey()
	for i := range m.digests {
		m.digests[i].Reset()
	}
	m.keyBytes = copy(m.key[:], key)
	m.hmac = hmac.New(m.next, m.key[:m.keyBytes])
	return m.finish(msg)
}

// forgetKey zeroes the key of sumWith.
func (m *mac) forgetKey() {
	if m.keyBytes == 0 {
		return
	}
	for i := range m.digests {
		clear(m.digests[i].pad)
		m.digests[i].pad = nil
	}
	clear(m.key[:])
	m.keyBytes, m.hmac = 0, nil
}

func (m *mac) wipe() {
	if !m.used {
		return
	}
	m.forgetKey()
	for i := range m.digests {
		m.digests[i].wipe()
	}
	clear(m.out[:])
	m.used = false
}

// hasher is all keyed hashing of one goroutine. Keys that never change keep their HMAC, others cost three heap objects a
// request, zeroed when they are left to the collector.
type hasher struct {
	sha1, sha256 *mac
	nonce, user  *mac
	secrets      []*mac // by index of the server's
	text         []byte // what is hashed and is in no packet: on the heap, for hash.Hash moves it there, and wiped
}

func (s *Server) newHasher() *hasher {
	h := &hasher{
		sha1: newMAC(sha1.New), sha256: newMAC(sha256.New),
		nonce: newMAC(sha256.New).keyed(s.nonceKey[:]), user: newMAC(sha256.New).keyed(s.userKey[:]),
		text: make([]byte, 0, maxUsernameBytes+maxRealmBytes+passwordBytes+2),
	}
	for _, secret := range s.cfg.Secrets {
		h.secrets = append(h.secrets, newMAC(sha1.New).keyed(secret.text))
	}
	return h
}

// longTermKey is the key of a long-term credential: the hash of username ":" realm ":" password, RFC 8489 section 9.2.2.
func (h *hasher) longTermKey(a algorithm, username []byte, realm string, password []byte) (k integrityKey) {
	b := append(h.text[:0], username...)
	b = append(b, ':')
	b = append(b, realm...)
	b = append(b, ':')
	b = append(b, password...)
	h.text = b
	if k.algorithm = a; a == algorithmSHA256 {
		k.sum = sha256.Sum256(b)
		return k
	}
	sum := md5.Sum(b)
	copy(k.sum[:], sum[:])
	return k
}

func (h *hasher) wipe() {
	for _, m := range [...]*mac{h.sha1, h.sha256, h.nonce, h.user} {
		m.wipe()
	}
	for _, m := range h.secrets {
		m.wipe()
	}
	clear(h.text[:cap(h.text)])
	h.text = h.text[:0]
}
