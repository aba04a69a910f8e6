package main

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/netip"
)

// The generator's own codec: small, and faster than what it measures.

const (
	magic         = 0x2112A442
	headerBytes   = 20
	channelHeader = 4
	firstChannel  = 0x4000

	methodAllocate    = 0x0003
	methodChannelBind = 0x0009
	successBits       = 0x0100
	errorBits         = 0x0110

	attrUsername       = 0x0006
	attrIntegrity      = 0x0008
	attrErrorCode      = 0x0009
	attrChannelNumber  = 0x000C
	attrLifetime       = 0x000D
	attrPeerAddress    = 0x0012
	attrRealm          = 0x0014
	attrNonce          = 0x0015
	attrRelayedAddress = 0x0016
	attrTransport      = 0x0019

	codeUnauthorized = 401
	codeStaleNonce   = 438
)

type transactionID [12]byte

func appendHeader(b []byte, kind uint16, id transactionID) []byte {
	b = binary.BigEndian.AppendUint16(b, kind)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint32(b, magic)
	return append(b, id[:]...)
}

// appendAttribute expects b to begin with the message, and keeps its length right.
func appendAttribute(b []byte, kind uint16, value []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-headerBytes))
	return b
}

// appendXORAddress is for IPv4, and so for any transaction.
func appendXORAddress(b []byte, kind uint16, a netip.AddrPort) []byte {
	var v [8]byte
	ip := a.Addr().As4()
	v[1] = 1
	binary.BigEndian.PutUint16(v[2:], a.Port()^magic>>16)
	binary.BigEndian.PutUint32(v[4:], binary.BigEndian.Uint32(ip[:])^magic)
	return appendAttribute(b, kind, v[:])
}

// appendIntegrity seals b with the key of a long-term credential.
func appendIntegrity(b []byte, key []byte) []byte {
	const size = 4 + sha1.Size
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-headerBytes+size))
	mac := hmac.New(sha1.New, key)
	mac.Write(b)
	return appendAttribute(b, attrIntegrity, mac.Sum(nil))
}

// longTermKey is of RFC 8489 section 9.2.2.
func longTermKey(username, realm, password string) [md5.Size]byte {
	return md5.Sum([]byte(username + ":" + realm + ":" + password))
}

// restPassword is what an issuer of TURN REST credentials gives out.
func restPassword(secret, username string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// answer is what the generator wants to know of one.
type answer struct {
	id      transactionID
	code    int // 0 for success
	realm   []byte
	nonce   []byte
	relayed netip.AddrPort
}

var errAnswer = errors.New("turnbench: malformed answer")

// parseAnswer returns slices of b.
func parseAnswer(b []byte) (a answer, err error) {
	if len(b) < headerBytes || binary.BigEndian.Uint32(b[4:]) != magic || headerBytes+int(binary.BigEndian.Uint16(b[2:])) != len(b) {
		return a, errAnswer
	}
	kind := binary.BigEndian.Uint16(b)
	copy(a.id[:], b[8:])
	failed := kind&errorBits == errorBits
	if !failed && kind&errorBits != successBits {
		return a, errAnswer
	}
	for rest := b[headerBytes:]; len(rest) > 0; {
		if len(rest) < 4 {
			return a, errAnswer
		}
		kind, size := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		if padded := 4 + (size+3)&^3; padded > len(rest) {
			return a, errAnswer
		} else {
			a.read(kind, rest[4:4+size])
			rest = rest[padded:]
		}
	}
	if failed && a.code == 0 {
		return a, errAnswer
	}
	return a, nil
}

func (a *answer) read(kind uint16, value []byte) {
	switch {
	case kind == attrErrorCode && len(value) >= 4:
		a.code = int(value[2])*100 + int(value[3])
	case kind == attrRealm:
		a.realm = value
	case kind == attrNonce:
		a.nonce = value
	case kind == attrRelayedAddress && len(value) == 8:
		var ip [4]byte
		binary.BigEndian.PutUint32(ip[:], binary.BigEndian.Uint32(value[4:])^magic)
		a.relayed = netip.AddrPortFrom(netip.AddrFrom4(ip), binary.BigEndian.Uint16(value[2:])^magic>>16)
	}
}
