package turn

import (
	"crypto/hmac"
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"time"
)

// errorCode is what a client reads in ERROR-CODE, without a reason phrase: RFC 8489 section 14.8, RFC 8656 section 19. The
// zero value is success.
type errorCode uint16

const (
	codeTryAlternate     errorCode = 300
	codeBadRequest       errorCode = 400
	codeUnauthorized     errorCode = 401
	codeForbidden        errorCode = 403
	codeUnknownAttribute errorCode = 420
	codeMismatch         errorCode = 437
	codeStaleNonce       errorCode = 438
	codeFamily           errorCode = 440
	codeWrongCredentials errorCode = 441
	codeTransport        errorCode = 442
	codePeerFamily       errorCode = 443
	codeQuota            errorCode = 486
	codeCapacity         errorCode = 508
)

const (
	sha1Bytes        = 20
	sha256Bytes      = 32
	fingerprintBytes = 4
)

// appendHeader starts an answer to m; seal writes its length.
func appendHeader(b []byte, m *message, class uint16) []byte {
	b = binary.BigEndian.AppendUint16(b, m.kind|class)
	b = append(b, 0, 0)
	return append(b, m.b[4:stunHeader]...) // magic and transaction
}

func appendAttribute(b []byte, kind uint16, v []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(len(v)))
	b = append(b, v...)
	return appendPadding(b)
}

// appendPadding relies on b being the whole message.
func appendPadding(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func appendAddress(b []byte, kind uint16, a netip.AddrPort, m *message) []byte {
	size := 8
	if a.Addr().Is6() {
		size = maxAddressBytes
	}
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(size))
	return appendXORAddress(b, a, m.transaction())
}

func appendLifetime(b []byte, d time.Duration) []byte {
	b = binary.BigEndian.AppendUint16(b, attrLifetime)
	b = binary.BigEndian.AppendUint16(b, 4)
	return binary.BigEndian.AppendUint32(b, uint32(d/time.Second))
}

// appendError writes ERROR-CODE: zero(2) class(1) number(1).
func appendError(b []byte, code errorCode) []byte {
	return appendAttribute(b, attrErrorCode, []byte{0, 0, byte(code / 100), byte(code % 100)})
}

// appendAddressError writes ADDRESS-ERROR-CODE: family(1) zero(1) class(1) number(1), RFC 8656 section 18.12.
func appendAddressError(b []byte, f family, code errorCode) []byte {
	return appendAttribute(b, attrAddressError, []byte{byte(f), 0, byte(code / 100), byte(code % 100)})
}

// appendFingerprint ends a message. It writes the length, as appendIntegrity does.
func appendFingerprint(b []byte) []byte {
	putLength(b, attributeHeader+fingerprintBytes)
	sum := crc32.ChecksumIEEE(b) ^ fingerprintXOR
	var v [fingerprintBytes]byte
	binary.BigEndian.PutUint32(v[:], sum)
	return appendAttribute(b, attrFingerprint, v[:])
}

// appendIntegrity writes MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256, the one that the request came with.
func (h *hasher) appendIntegrity(b []byte, kind uint16, key *integrityKey) []byte {
	if kind == attrIntegritySHA256 {
		putLength(b, attributeHeader+sha256Bytes)
		return appendAttribute(b, kind, h.sha256.sumWith(key.bytes(), b))
	}
	putLength(b, attributeHeader+sha1Bytes)
	return appendAttribute(b, kind, h.sha1.sumWith(key.bytes(), b))
}

// putLength writes the header's length as it will be after more bytes.
func putLength(b []byte, more int) {
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-stunHeader+more))
}

// integrity returns the attribute that seals m, or false. Where both are, the stronger counts (RFC 8489 section 9.2.4).
func (m *message) integrity() (seal attribute, ok bool) {
	for _, a := range m.attrs[:m.n] {
		if a.kind == attrIntegritySHA256 {
			return a, true
		}
		if a.kind == attrIntegrity {
			seal, ok = a, true
		}
	}
	return seal, ok
}

// sealed checks m against the seal that integrity found. The bytes before it count, with the header's length as if it were
// the last (RFC 8489 sections 14.5 and 14.6).
func (h *hasher) sealed(m *message, seal attribute, key *integrityKey) bool {
	value := m.value(seal)
	covered := m.b[:int(seal.off)-attributeHeader]
	length := binary.BigEndian.Uint16(m.b[2:])
	putLength(covered, attributeHeader+len(value))
	defer binary.BigEndian.PutUint16(m.b[2:], length)
	if seal.kind == attrIntegritySHA256 {
		return hmac.Equal(value, h.sha256.sumWith(key.bytes(), covered)[:len(value)])
	}
	return hmac.Equal(value, h.sha1.sumWith(key.bytes(), covered))
}
