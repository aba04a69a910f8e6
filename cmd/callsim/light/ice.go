package light

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/pion/stun/v4"
)

// Attributes of ICE (RFC 8445 section 16.1), with values of the size and kind that full phones send.
const (
	// peerPriority is of a peer-reflexive candidate on a relayed base (RFC 8445 section 5.1.2).
	peerPriority = 110<<24 | 65535<<8 | 255

	checkEvery   = 200 * time.Millisecond // while connecting
	consentEvery = time.Second            // afterwards, RFC 7675
)

// ice is the connectivity of one leg with the one pair of addresses that there is: relayed to relayed, through a channel.
type ice struct {
	controlling              bool
	tie                      uint64
	localUfrag, localPwd     string
	remoteUfrag, remotePwd   string
	remoteKey, localKey      stun.MessageIntegrity
	id                       [stun.TransactionIDSize]byte // of the last check
	next                     time.Time
	heard, answered          bool // the peer checks us; the peer has answered us
	nominated                bool
	lastAnswer               time.Time
	checks, answers, ignored uint64
}

// learn takes what the other side said about itself.
func (i *ice) learn(ufrag, pwd string) {
	i.remoteUfrag, i.remotePwd = ufrag, pwd
	i.remoteKey, i.localKey = stun.NewShortTermIntegrity(pwd), stun.NewShortTermIntegrity(i.localPwd)
}

// ready says whether voice may flow: both directions have been seen.
func (i *ice) ready() bool { return i.heard && i.answered }

// check is the next connectivity check or consent refresh, or nil if none is due.
func (i *ice) check(now time.Time) []byte {
	if i.remoteKey == nil || now.Before(i.next) {
		return nil
	}
	i.next = now.Add(checkEvery)
	if i.ready() {
		i.next = now.Add(consentEvery)
	}
	setters := []stun.Setter{stun.BindingRequest, stun.TransactionID, stun.NewUsername(i.remoteUfrag + ":" + i.localUfrag)}
	if i.controlling && i.answered && !i.nominated {
		setters = append(setters, stun.RawAttribute{Type: stun.AttrUseCandidate})
		i.nominated = true
	}
	role := stun.AttrICEControlled
	if i.controlling {
		role = stun.AttrICEControlling
	}
	setters = append(setters, stun.RawAttribute{Type: role, Value: binary.BigEndian.AppendUint64(nil, i.tie)},
		stun.RawAttribute{Type: stun.AttrPriority, Value: binary.BigEndian.AppendUint32(nil, peerPriority)}, i.remoteKey, stun.Fingerprint)
	m, err := stun.Build(setters...)
	if err != nil {
		return nil
	}
	i.id = m.TransactionID
	i.checks++
	return m.Raw
}

// packet handles a STUN message from the peer and returns the answer to it, if any.
func (i *ice) packet(p []byte, from netip.AddrPort, now time.Time) []byte {
	m := &stun.Message{Raw: append([]byte(nil), p...)}
	if i.remoteKey == nil || m.Decode() != nil || m.Type.Method != stun.MethodBinding {
		i.ignored++
		return nil
	}
	switch m.Type.Class {
	case stun.ClassRequest:
		if i.localKey.Check(m) != nil {
			i.ignored++
			return nil
		}
		if !i.heard {
			i.heard, i.next = true, time.Time{} // a triggered check, RFC 8445 section 7.3.1.4
		}
		answer, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess,
			&stun.XORMappedAddress{IP: from.Addr().AsSlice(), Port: int(from.Port())}, i.localKey, stun.Fingerprint)
		if err != nil {
			return nil
		}
		return answer.Raw
	case stun.ClassSuccessResponse:
		if m.TransactionID != i.id || i.remoteKey.Check(m) != nil {
			i.ignored++
			return nil
		}
		if !i.answered {
			i.answered, i.next = true, time.Time{} // to nominate at once
		}
		i.lastAnswer = now
		i.answers++
	}
	return nil
}
