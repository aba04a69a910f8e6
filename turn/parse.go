package turn

import (
	"encoding/binary"
	"hash/crc32"
)

// Sizes and types of RFC 8489 sections 5 and 14 and RFC 8656 section 18.
const (
	stunHeader       = 20
	stunMagic        = 0x2112A442
	transactionBytes = 12
	attributeHeader  = 4
	fingerprintXOR   = 0x5354554E

	attrUsername         = 0x0006
	attrIntegrity        = 0x0008
	attrErrorCode        = 0x0009
	attrUnknown          = 0x000A
	attrChannelNumber    = 0x000C
	attrLifetime         = 0x000D
	attrPeerAddress      = 0x0012
	attrData             = 0x0013
	attrRealm            = 0x0014
	attrNonce            = 0x0015
	attrRelayedAddress   = 0x0016
	attrRequestedFamily  = 0x0017
	attrEvenPort         = 0x0018
	attrTransport        = 0x0019
	attrDontFragment     = 0x001A
	attrIntegritySHA256  = 0x001C
	attrAlgorithm        = 0x001D // PASSWORD-ALGORITHM
	attrMappedAddress    = 0x0020 // XOR-MAPPED-ADDRESS
	attrReservation      = 0x0022
	attrAdditionalFamily = 0x8000
	attrAddressError     = 0x8001
	attrAlgorithms       = 0x8002 // PASSWORD-ALGORITHMS
	attrAlternate        = 0x8023 // ALTERNATE-SERVER
	attrFingerprint      = 0x8028

	firstOptionalAttribute = 0x8000 // from here on, not understanding is no error

	// maxAttributes is our bound; clients of today send up to 9.
	maxAttributes = 24
)

// Message types: method and class interleaved (RFC 8489 section 5). Methods of RFC 8656 section 17.
const (
	bindingRequest          = 0x0001
	allocateRequest         = 0x0003
	refreshRequest          = 0x0004
	createPermissionRequest = 0x0008
	channelBindRequest      = 0x0009
	sendIndication          = 0x0016
	dataIndication          = 0x0017

	successBits = 0x0100
	errorBits   = 0x0110
)

type transactionID [transactionBytes]byte

// attribute says where in the message a value is.
type attribute struct {
	kind     uint16
	off, len uint16
}

// message is a checked view of a STUN message. It borrows the bytes.
type message struct {
	b     []byte
	kind  uint16
	n     int
	attrs [maxAttributes]attribute
}

// parse checks all of b and fills m; after false, m means nothing. It does not allocate.
func (m *message) parse(b []byte) bool {
	m.b, m.n = b, 0
	if len(b) < stunHeader || len(b) > maxPacketBytes || b[0]&0xC0 != 0 ||
		int(binary.BigEndian.Uint16(b[2:])) != len(b)-stunHeader || len(b)%4 != 0 || binary.BigEndian.Uint32(b[4:]) != stunMagic {
		return false
	}
	m.kind = binary.BigEndian.Uint16(b)
	seen, sealed := 0, uint16(0)
	for off := stunHeader; off < len(b); {
		kind, size := binary.BigEndian.Uint16(b[off:]), int(binary.BigEndian.Uint16(b[off+2:]))
		start := off + attributeHeader
		off = start + (size+3)&^3
		if off > len(b) || !exactSize(kind, b[start:start+size]) {
			return false
		}
		if seen++; seen > maxAttributes {
			return false
		}
		if kind == attrFingerprint && (off != len(b) || !fingerprintMatches(b)) {
			return false
		}
		// RFC 8489 sections 14.5 and 14.6: what follows the integrity is not protected, and ignored.
		if sealed != 0 && kind != attrFingerprint && (kind != attrIntegritySHA256 || sealed == attrIntegritySHA256) {
			continue
		}
		if kind == attrIntegrity || kind == attrIntegritySHA256 {
			sealed = kind
		}
		m.attrs[m.n] = attribute{kind, uint16(start), uint16(size)}
		m.n++
	}
	return true
}

// exactSize checks a value against what its type allows. Address lengths are exact: a codec that trusts them crashed once
// (CVE-2026-54909).
func exactSize(kind uint16, v []byte) bool {
	switch n := len(v); kind {
	case attrPeerAddress, attrRelayedAddress, attrMappedAddress:
		return n == 8 && v[1] == byte(family4) || n == 20 && v[1] == byte(family6)
	case attrChannelNumber, attrLifetime, attrTransport, attrRequestedFamily, attrAdditionalFamily, attrFingerprint:
		return n == 4
	case attrDontFragment:
		return n == 0
	case attrEvenPort:
		return n == 1
	case attrReservation:
		return n == 8
	case attrIntegrity:
		return n == 20
	case attrIntegritySHA256:
		return n >= 16 && n <= 32 && n%4 == 0 // RFC 8489 section 14.6
	case attrUsername:
		return n >= 1 && n <= maxUsernameBytes
	case attrRealm, attrNonce:
		return n >= 1 && n <= 763 // RFC 8489 sections 14.9 and 14.10
	default:
		return true
	}
}

// fingerprintMatches checks the last 8 bytes of b against those before them.
func fingerprintMatches(b []byte) bool {
	end := len(b) - attributeHeader - 4
	return crc32.ChecksumIEEE(b[:end])^fingerprintXOR == binary.BigEndian.Uint32(b[len(b)-4:])
}

// find returns the first value of a type.
func (m *message) find(kind uint16) ([]byte, bool) {
	for _, a := range m.attrs[:m.n] {
		if a.kind == kind {
			return m.value(a), true
		}
	}
	return nil, false
}

func (m *message) has(kind uint16) bool { _, ok := m.find(kind); return ok }

func (m *message) value(a attribute) []byte { return m.b[a.off : int(a.off)+int(a.len)] }

func (m *message) transaction() transactionID {
	return transactionID(m.b[stunHeader-transactionBytes : stunHeader])
}

// appendUnknown lists the types that must be understood and are not, for UNKNOWN-ATTRIBUTES.
func (m *message) appendUnknown(b []byte) []byte {
	for _, a := range m.attrs[:m.n] {
		if a.kind < firstOptionalAttribute && !understood(a.kind) {
			b = binary.BigEndian.AppendUint16(b, a.kind)
		}
	}
	return b
}

func understood(kind uint16) bool {
	switch kind {
	case attrUsername, attrIntegrity, attrIntegritySHA256, attrChannelNumber, attrLifetime, attrPeerAddress, attrData, attrRealm,
		attrNonce, attrAlgorithm, attrRelayedAddress, attrRequestedFamily, attrTransport, attrDontFragment, attrMappedAddress:
		return true
	default:
		return false
	}
}
