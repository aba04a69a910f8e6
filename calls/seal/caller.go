package seal

import (
	"crypto/hpke"
	"crypto/rand"
	"log/slog"
	"slices"
	"time"

	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// Envelope is one whole envelope of 4096 bytes.
type Envelope = envelope.Envelope

// CallerConfig is what a call starts with.
type CallerConfig struct {
	Identity     *identity.Identity
	Now          time.Time
	Published    record.Published // of the callee: verified against the contact, freshest first
	HighestSuite uint16           // ever seen of this contact; less is refused
	Transport    Transport
	ReplyServer  string
	ReplyQueue   envelope.QueueID
	Relay        Relay        // with the callee's half of the credentials
	Media        MediaProfile // zero: DefaultMedia
}

// Caller is A's side of one call's handshake: at most 16 devices may ring, one is confirmed. Not safe for concurrent use.
type Caller struct {
	// Static after NewCaller.
	id         *identity.Identity
	offer      Offer // of all devices; ReplyKeyID differs
	calleeList record.DeviceList

	nonce     [secretSize]byte
	ephemeral hpke.PrivateKey // nil after Confirm: no other device can join
	targets   []*target
	confirmed *target
}

// target is one device of the callee.
type target struct {
	device   record.Device
	prekey   record.Prekey
	keyID    envelope.KeyID // of its RING
	envelope Envelope
	x1       [secretSize]byte
	th1      [hashBytes]byte

	session *session // since RING
	ring    *Ring
	accept  *[secretSize]byte // since ACCEPT
	th3     [hashBytes]byte
	th4     [hashBytes]byte // since Confirm
	closed  bool            // after REJECT, or CONNECTED was seen
	code    string
}

func (*Caller) String() string       { return "seal.Caller" }
func (*Caller) GoString() string     { return "seal.Caller" }
func (*Caller) LogValue() slog.Value { return slog.StringValue("seal.Caller") }

// SealedOffer is one OFFER and where to put it.
type SealedOffer struct {
	Device   record.DeviceID
	Mailbox  envelope.QueueID
	Envelope Envelope
}

// NewCaller seals an offer to each device of the callee. It fails with ErrNoDevice, ErrSuite or ErrTooLarge.
func NewCaller(cfg CallerConfig) (*Caller, error) {
	if cfg.Media == (MediaProfile{}) {
		cfg.Media = DefaultMedia
	}
	c := &Caller{id: cfg.Identity, calleeList: cfg.Published.List}
	var err error
	if err := c.findTargets(cfg); err != nil {
		return nil, err
	}
	c.offer = Offer{
		Suites: []uint16{record.SuiteXWing}, Account: cfg.Identity.Account(), Device: cfg.Identity.DeviceID(), List: cfg.Identity.List(),
		Transport: cfg.Transport, ReplyServer: cfg.ReplyServer, ReplyQueue: cfg.ReplyQueue,
		Time: cfg.Now.UTC().Truncate(time.Millisecond), Relay: cfg.Relay, Media: cfg.Media,
	}
	rand.Read(c.nonce[:]) // cannot fail since Go 1.24
	rand.Read(c.offer.CallID[:])
	c.offer.Commitment = commit(c.offer.CallID, c.nonce)
	if c.ephemeral, c.offer.EphemeralKey, err = newEphemeral(); err != nil {
		return nil, err
	}
	for _, t := range c.targets {
		rand.Read(t.keyID[:])
		if err := c.sealOffer(t); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// findTargets picks the newest valid prekey of each device.
func (c *Caller) findTargets(cfg CallerConfig) error {
	suites := false
	for _, d := range cfg.Published.List.Devices {
		if d.MinSuite > record.SuiteXWing || d.MaxSuite < record.SuiteXWing || d.MaxSuite < cfg.HighestSuite {
			suites = true
			continue
		}
		var best *record.Prekey
		for i := range cfg.Published.Prekeys {
			p := &cfg.Published.Prekeys[i]
			if p.Device == d.ID && p.Verify(d.Key, cfg.Now) == nil && (best == nil || p.NotBefore.After(best.NotBefore)) {
				best = p
			}
		}
		if best != nil {
			c.targets = append(c.targets, &target{device: d, prekey: *best})
		}
	}
	switch {
	case len(c.targets) > 0:
		return nil
	case suites:
		return ErrSuite
	}
	return ErrNoDevice
}

// prekeyContext binds an encapsulation to the device that it is meant for.
func prekeyContext(prekey [record.PrekeySize]byte, device record.DeviceKey) [hashBytes]byte {
	key := device.Bytes()
	return th(thPrekey, prekey[:], key[:])
}

func (c *Caller) sealOffer(t *target) error {
	c.offer.ReplyKeyID = t.keyID
	plaintext, err := c.offer.append()
	if err != nil {
		return err
	}
	env, s, th1, err := sealToDevice(c.id, t, plaintext, labelSigOffer, thOffer)
	if err != nil {
		return err
	}
	t.envelope, t.th1 = env, th1
	t.x1, err = export(s, labelX1)
	return err
}

// sealToDevice makes an OFFER-class envelope.
func sealToDevice(id *identity.Identity, t *target, plaintext []byte, sigLabel, hashLabel string) (env Envelope, s *hpke.Sender, th1 [hashBytes]byte, err error) {
	aad := envelope.Header{Queue: t.prekey.Mailbox, KeyID: envelope.KeyID(t.prekey.ID)}.Append(env[:0])
	enc, s, err := newSender(t.prekey.Key[:], labelOffer, prekeyContext(t.prekey.Key, t.device.Key))
	if err != nil {
		return env, nil, th1, err
	}
	device := t.device.Key.Bytes()
	toSign := th(hashLabel, aad, enc[:], plaintext, device[:])
	sig := id.SignDevice(sigLabel, toSign[:])
	inner := append(plaintext, sig[:]...)
	padded, err := pad(inner)
	if err != nil {
		return env, nil, th1, err
	}
	ct, err := s.Seal(aad, padded)
	if err != nil {
		return env, nil, th1, err
	}
	copy(env[envelope.HeaderSize:], enc[:])
	copy(env[envelope.HeaderSize+envelope.EncSize:], ct)
	return env, s, th(th1Label, aad, enc[:], ct, inner), nil
}

// CallID names the call to both sides.
func (c *Caller) CallID() CallID { return c.offer.CallID }

// Offers are the envelopes to submit, one for each device; repeat them bit by bit.
func (c *Caller) Offers() []SealedOffer {
	offers := make([]SealedOffer, len(c.targets))
	for i, t := range c.targets {
		offers[i] = SealedOffer{Device: t.device.ID, Mailbox: t.prekey.Mailbox, Envelope: t.envelope}
	}
	return offers
}

// Open opens an envelope from the reply queue and says which device sent it. It fails with ErrEnvelope or ErrSuite; the
// envelope must then be dropped without an answer.
func (c *Caller) Open(now time.Time, env *Envelope) (record.DeviceID, Message, error) {
	h, err := envelope.ParseHeader(env[:])
	if err != nil || h.Queue != c.offer.ReplyQueue {
		return record.DeviceID{}, nil, ErrEnvelope
	}
	for _, t := range c.targets {
		if t.session == nil && !t.closed && t.keyID == h.KeyID {
			m, err := c.openRing(now, t, env)
			return t.device.ID, m, err
		}
		if t.session != nil && t.session.has(h.KeyID) {
			m, err := c.openSession(t, h.KeyID, env)
			return t.device.ID, m, err
		}
	}
	return record.DeviceID{}, nil, ErrEnvelope
}

// openRing opens a RING-class envelope: RING, or REJECT before it.
func (c *Caller) openRing(now time.Time, t *target, env *Envelope) (Message, error) {
	if c.ephemeral == nil {
		return nil, ErrEnvelope
	}
	aad, enc, ct := env[:envelope.HeaderSize], env[envelope.HeaderSize:envelope.HeaderSize+envelope.EncSize], env[envelope.HeaderSize+envelope.EncSize:]
	r, err := newRecipient(enc, c.ephemeral, labelRing, t.th1)
	if err != nil {
		return nil, err
	}
	inner, plaintext, sig, err := openSigned(r, aad, ct)
	if err != nil {
		return nil, err
	}
	toSign := th(thRing, t.th1[:], enc, plaintext)
	if !t.device.Key.Verify(labelSigRing, toSign[:], sig) {
		return nil, ErrEnvelope
	}
	m, err := decode(plaintext)
	if err != nil {
		return nil, err
	}
	switch m := m.(type) {
	case *Reject:
		t.closed = true
		return m, nil
	case *Ring:
		if err := c.checkRing(now, t, m); err != nil {
			return nil, err
		}
		x2, err := export(r, labelX2)
		if err != nil {
			return nil, err
		}
		th2 := th(th2Label, t.th1[:], aad, enc, ct, inner)
		t.session = newSession(t.x1, x2, th2, true, m.Queue)
		clear(t.x1[:])
		t.ring = m
		t.code = shortCode(&t.session.hs, c.nonce, m.Nonce)
		clear(t.session.hs[:])
		return m, nil
	}
	return nil, ErrEnvelope
}

// checkRing holds RING against what was offered and to whom.
func (c *Caller) checkRing(now time.Time, t *target, m *Ring) error {
	if !slices.Equal(m.Suites, c.offer.Suites) || !slices.Contains(c.offer.Suites, m.Suite) {
		return ErrSuite
	}
	if m.Device != t.device.ID || m.List.Account != c.calleeList.Account || m.List.Verify(now) != nil || m.List.Epoch < c.calleeList.Epoch {
		return ErrEnvelope
	}
	if d, ok := m.List.Device(m.Device); !ok || d.Key != t.device.Key {
		return ErrEnvelope
	}
	return nil
}

func (c *Caller) openSession(t *target, id envelope.KeyID, env *Envelope) (Message, error) {
	m, plaintext, err := t.session.open(id, env)
	if err != nil {
		return nil, err
	}
	switch m := m.(type) {
	case *Accept:
		if t.accept != nil || (m.Transport == nil) == (t.ring.Transport == nil) {
			return nil, ErrEnvelope // twice, or its transport never or twice
		}
		t.accept = &m.secret
		t.th3 = th(th3Label, t.session.th2[:], plaintext)
	case *Connected:
		if t != c.confirmed || t.closed || !same(m.fin, mac(&t.session.finB, t.th4[:])) {
			return nil, ErrEnvelope
		}
		t.closed = true
	}
	return m, nil
}

// Seal makes an envelope for a device: within its session if it sent RING, otherwise of the OFFER class, which only
// ELSEWHERE and HANGUP may be.
func (c *Caller) Seal(now time.Time, device record.DeviceID, m Message) (to envelope.QueueID, env Envelope, err error) {
	t := c.target(device)
	if t == nil {
		return to, env, ErrState
	}
	if t.session != nil {
		if !callerMaySay(m.Type()) || m.Type() == TypeConfirm {
			return to, env, ErrState
		}
		env, _, err = t.session.seal(m)
		return t.session.peer, env, err
	}
	late := Late{CallID: c.offer.CallID, Account: c.offer.Account, Device: c.offer.Device, List: c.offer.List, Time: now, Message: m}
	plaintext, err := late.append()
	if err != nil {
		return to, env, err
	}
	env, _, _, err = sealToDevice(c.id, t, plaintext, labelSigLate, thLate)
	return t.prekey.Mailbox, env, err
}

// Rang says whether device has sent RING, and on which queue it reads.
func (c *Caller) Rang(device record.DeviceID) (envelope.QueueID, bool) {
	if t := c.target(device); t != nil && t.session != nil {
		return t.session.peer, true
	}
	return envelope.QueueID{}, false
}

// Confirm selects device, which must have sent ACCEPT, and makes the voice root. It works once: afterwards no other device
// can get a key.
func (c *Caller) Confirm(device record.DeviceID) (to envelope.QueueID, env Envelope, root *MediaRoot, err error) {
	t := c.target(device)
	if t == nil || t.accept == nil || c.confirmed != nil {
		return to, env, nil, ErrState
	}
	env, plaintext, err := t.session.seal(&Confirm{nonce: c.nonce, fin: mac(&t.session.finA, t.th3[:])})
	if err != nil {
		return to, env, nil, err
	}
	c.confirmed = t
	c.ephemeral = nil
	t.th4 = th(th4Label, t.th3[:], plaintext)
	root = newMediaRoot(t.th4, t.session.media, *t.accept)
	clear(t.accept[:])
	clear(t.session.media[:])
	return t.session.peer, env, root, nil
}

// Code is the short code with device; empty before RING.
func (c *Caller) Code(device record.DeviceID) string {
	if t := c.target(device); t != nil {
		return t.code
	}
	return ""
}

// Wipe forgets all secrets of the handshake.
func (c *Caller) Wipe() {
	c.ephemeral = nil
	clear(c.nonce[:])
	for _, t := range c.targets {
		clear(t.x1[:])
		if t.accept != nil {
			clear(t.accept[:])
		}
		if t.session != nil {
			t.session.wipe()
		}
		t.session, t.closed = nil, true
	}
}

func (c *Caller) target(device record.DeviceID) *target {
	for _, t := range c.targets {
		if t.device.ID == device {
			return t
		}
	}
	return nil
}

const signatureBytes = 64

// openSigned opens an HPKE ciphertext and takes the signature off its end; the caller verifies it.
func openSigned(r *hpke.Recipient, aad, ct []byte) (inner, plaintext []byte, sig [signatureBytes]byte, err error) {
	padded, err := r.Open(aad, ct)
	if err != nil {
		return nil, nil, sig, ErrEnvelope
	}
	if inner, err = unpad(padded); err != nil {
		return nil, nil, sig, err
	}
	if len(inner) <= signatureBytes {
		return nil, nil, sig, ErrEnvelope
	}
	at := len(inner) - signatureBytes
	return inner, inner[:at:at], [signatureBytes]byte(inner[at:]), nil
}
