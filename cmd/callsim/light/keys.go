package light

import (
	"crypto/hkdf"
	"crypto/sha512"

	"github.com/pion/srtp/v3"
	"github.com/taciturn-voice/taciturn/calls/seal"
)

// srtpLabel separates the SRTP keys of light endpoints from all that calls derive. Phones take theirs from DTLS.
const srtpLabel = "callsim light srtp"

// Sizes of AEAD_AES_256_GCM, RFC 7714 section 12.
const (
	srtpKeyBytes  = 32
	srtpSaltBytes = 12
	srtpTagBytes  = 16
)

// srtpContext makes one direction of SRTP from the secret that both ends of the handshake hold.
func srtpContext(root *seal.MediaRoot, dir seal.Direction, receives bool) (*srtp.Context, error) {
	base := root.Base(uint8(dir))
	defer clear(base[:])
	raw, err := hkdf.Expand(sha512.New, base[:], srtpLabel, srtpKeyBytes+srtpSaltBytes)
	if err != nil {
		return nil, err
	}
	defer clear(raw)
	options := []srtp.ContextOption{srtp.SRTPNoReplayProtection()} // a sender has nothing to remember
	if receives {
		options = []srtp.ContextOption{srtp.SRTPReplayProtection(64)} // RFC 3711 section 3.3.2
	}
	return srtp.CreateContext(raw[:srtpKeyBytes], raw[srtpKeyBytes:], srtp.ProtectionProfileAeadAes256Gcm, options...)
}
