package seal

import (
	"crypto/rand"
	"log/slog"

	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// Callee is B's side of one call's handshake, made by OpenMailbox. Not safe for concurrent use.
type Callee struct {
	id    *identity.Identity
	offer *Offer
	queue envelope.QueueID // where B reads; zero before Ring

	x1 [secretSize]byte
	// th is th1 after OFFER, th2 after RING, th3 after ACCEPT, th4 after CONFIRM.
	th      [hashBytes]byte
	nonce   [secretSize]byte
	session *session
	rang    bool // with a transport
	secret  *[secretSize]byte
	root    *MediaRoot
	code    string
	closed  bool // after Reject in place of Ring, and after Wipe
}

func (*Callee) String() string       { return "seal.Callee" }
func (*Callee) GoString() string     { return "seal.Callee" }
func (*Callee) LogValue() slog.Value { return slog.StringValue("seal.Callee") }
func (*Callee) incoming()            {}

// Offer is what the caller said. It must not be changed.
func (c *Callee) Offer() *Offer { return c.offer }

// Ring answers the offer; the other side will write to queue. transport may be nil until the human accepts. It works once.
func (c *Callee) Ring(queue envelope.QueueID, transport *Transport) (Envelope, error) {
	if c.session != nil || c.closed || queue.IsZero() {
		return Envelope{}, ErrState
	}
	rand.Read(c.nonce[:]) // cannot fail since Go 1.24
	m := &Ring{
		Suite: record.SuiteXWing, Suites: c.offer.Suites, Nonce: c.nonce,
		Device: c.id.DeviceID(), List: c.id.List(), Queue: queue, Transport: transport,
	}
	env, x2, th2, err := c.sealRing(m)
	if err != nil {
		return Envelope{}, err
	}
	c.queue, c.th, c.rang = queue, th2, transport != nil
	c.session = newSession(c.x1, x2, th2, false, c.offer.ReplyQueue)
	clear(c.x1[:])
	return env, nil
}

// Reject refuses the call, before or after Ring.
func (c *Callee) Reject(reason RejectReason) (Envelope, error) {
	if c.session != nil {
		return c.Seal(&Reject{Reason: reason})
	}
	if c.closed {
		return Envelope{}, ErrState
	}
	c.closed = true
	env, _, _, err := c.sealRing(&Reject{Reason: reason})
	return env, err
}

// sealRing makes a RING-class envelope.
func (c *Callee) sealRing(m Message) (env Envelope, x2 [secretSize]byte, th2 [hashBytes]byte, err error) {
	plaintext, err := encode(m)
	if err != nil {
		return env, x2, th2, err
	}
	aad := envelope.Header{Queue: c.offer.ReplyQueue, KeyID: c.offer.ReplyKeyID}.Append(env[:0])
	enc, s, err := newSender(c.offer.EphemeralKey[:], labelRing, c.th)
	if err != nil {
		return env, x2, th2, err
	}
	toSign := th(thRing, c.th[:], enc[:], plaintext)
	sig := c.id.SignDevice(labelSigRing, toSign[:])
	inner := append(plaintext, sig[:]...)
	padded, err := pad(inner)
	if err != nil {
		return env, x2, th2, err
	}
	ct, err := s.Seal(aad, padded)
	if err != nil {
		return env, x2, th2, err
	}
	if x2, err = export(s, labelX2); err != nil {
		return env, x2, th2, err
	}
	copy(env[envelope.HeaderSize:], enc[:])
	copy(env[envelope.HeaderSize+envelope.EncSize:], ct)
	return env, x2, th(th2Label, c.th[:], aad, enc[:], ct, inner), nil
}

// Accept draws the secret without which there is no voice key: call it at the human's press and at no other time. transport
// is needed if and only if Ring had none. It works once.
func (c *Callee) Accept(transport *Transport) (Envelope, error) {
	if c.session == nil || c.secret != nil || (transport == nil) != c.rang {
		return Envelope{}, ErrState
	}
	m := &Accept{Transport: transport}
	rand.Read(m.secret[:])
	env, plaintext, err := c.session.seal(m)
	if err != nil {
		return Envelope{}, err
	}
	c.secret = &m.secret
	c.th = th(th3Label, c.th[:], plaintext)
	return env, nil
}

// Open opens an envelope from this side's queue. It fails with ErrEnvelope; the envelope must then be dropped without an
// answer. After CONFIRM, Root has the voice key.
func (c *Callee) Open(env *Envelope) (Message, error) {
	h, err := envelope.ParseHeader(env[:])
	if err != nil || c.session == nil || h.Queue != c.queue {
		return nil, ErrEnvelope
	}
	m, plaintext, err := c.session.open(h.KeyID, env)
	if err != nil {
		return nil, err
	}
	if m, ok := m.(*Confirm); ok {
		if c.secret == nil || c.root != nil || !same(commit(c.offer.CallID, m.nonce), c.offer.Commitment) ||
			!same(m.fin, mac(&c.session.finA, c.th[:])) {
			return nil, ErrEnvelope
		}
		c.th = th(th4Label, c.th[:], plaintext)
		c.root = newMediaRoot(c.th, c.session.media, *c.secret)
		c.code = shortCode(&c.session.hs, m.nonce, c.nonce)
		clear(c.secret[:])
		clear(c.session.media[:])
		clear(c.session.hs[:])
	}
	return m, nil
}

// Root is the voice root; nil before CONFIRM.
func (c *Callee) Root() *MediaRoot {
	if c.root == nil {
		return nil
	}
	return c.root.Clone()
}

// Connected proves to the caller that this side has the same keys. ErrState before CONFIRM.
func (c *Callee) Connected() (Envelope, error) {
	if c.root == nil {
		return Envelope{}, ErrState
	}
	env, _, err := c.session.seal(&Connected{fin: mac(&c.session.finB, c.th[:])})
	return env, err
}

// Seal makes an envelope for the caller. ErrState before Ring, and for the messages that have a method of their own.
func (c *Callee) Seal(m Message) (Envelope, error) {
	if c.session == nil || !calleeMaySay(m.Type()) || m.Type() == TypeAccept || m.Type() == TypeConnected {
		return Envelope{}, ErrState
	}
	env, _, err := c.session.seal(m)
	return env, err
}

// Code is the short code; empty before CONFIRM.
func (c *Callee) Code() string { return c.code }

// Wipe forgets all secrets of the handshake.
func (c *Callee) Wipe() {
	clear(c.x1[:])
	clear(c.nonce[:])
	if c.secret != nil {
		clear(c.secret[:])
	}
	if c.root != nil {
		c.root.Wipe()
	}
	if c.session != nil {
		c.session.wipe()
	}
	c.session, c.root, c.closed = nil, nil, true
}
