package seal

import (
	"slices"
	"time"

	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// How old and how wrong an offer may be (protocol, section 5).
const (
	MaxOfferAge  = 60 * time.Second
	MaxClockSkew = 90 * time.Second
)

// Incoming is what an envelope in a mailbox can be: *Callee, a new call, or *Late, news about one.
type Incoming interface{ incoming() }

// OpenMailbox opens an envelope of the OFFER class that has waited for age at the server. It refuses what is stale
// (ErrStale), was seen before (ErrReplayed), comes from a clock that is off (ErrClock), offers no common suite (ErrSuite),
// and everything that is not exactly right (ErrEnvelope); none of these is ever answered. What it returns is remembered in
// replay, which its owner must store before anything rings.
func OpenMailbox(id *identity.Identity, env *Envelope, now time.Time, age time.Duration, replay *ReplaySet) (Incoming, error) {
	h, err := envelope.ParseHeader(env[:])
	if err != nil || h.Queue != id.Mailbox() {
		return nil, ErrEnvelope
	}
	if age < 0 || age > MaxOfferAge {
		return nil, ErrStale
	}
	aad, enc, ct := env[:envelope.HeaderSize], env[envelope.HeaderSize:envelope.HeaderSize+envelope.EncSize], env[envelope.HeaderSize+envelope.EncSize:]
	seen := th(thReplay, enc)
	if replay.contains(seen) {
		return nil, ErrReplayed
	}
	prekey, ok := id.Prekey(record.PrekeyID(h.KeyID))
	if !ok {
		return nil, ErrEnvelope
	}
	me := id.Device().Key
	r, err := newRecipient(enc, prekey.Private(), labelOffer, prekeyContext(prekey.Public(), me))
	if err != nil {
		return nil, err
	}
	inner, plaintext, sig, err := openSigned(r, aad, ct)
	if err != nil {
		return nil, err
	}
	mine := me.Bytes()
	if Type(plaintext[0]) != TypeOffer {
		late, err := parseLate(plaintext)
		if err != nil {
			return nil, err
		}
		if err := checkSender(now, age, late.Time, late.List, late.Device, labelSigLate, th(thLate, aad, enc, plaintext, mine[:]), sig); err != nil {
			return nil, err
		}
		if !replay.add(seen, now) {
			return nil, ErrReplayed
		}
		return late, nil
	}
	offer, err := parseOffer(plaintext[1:])
	if err != nil {
		return nil, err
	}
	if err := checkSender(now, age, offer.Time, offer.List, offer.Device, labelSigOffer, th(thOffer, aad, enc, plaintext, mine[:]), sig); err != nil {
		return nil, err
	}
	if !slices.Contains(offer.Suites, record.SuiteXWing) {
		return nil, ErrSuite
	}
	x1, err := export(r, labelX1)
	if err != nil {
		return nil, err
	}
	if !replay.add(seen, now) {
		return nil, ErrReplayed
	}
	return &Callee{id: id, offer: offer, x1: x1, th: th(th1Label, aad, enc, ct, inner)}, nil
}

// checkSender verifies who signed and when.
func checkSender(now time.Time, age time.Duration, signed time.Time, list record.DeviceList, device record.DeviceID, label string, message [hashBytes]byte, sig [signatureBytes]byte) error {
	d, ok := list.Device(device)
	if !ok || !d.Key.Verify(label, message[:], sig) {
		return ErrEnvelope
	}
	// The clock comes before the list's own times: a wrong clock explains both, and only the clock can be set right.
	if skew := signed.Sub(now.Add(-age)); skew > MaxClockSkew || skew < -MaxClockSkew {
		return ErrClock
	}
	if list.Verify(now) != nil {
		return ErrEnvelope
	}
	return nil
}
