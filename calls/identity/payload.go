package identity

import (
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/binary"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
	"golang.org/x/crypto/cryptobyte"
)

// maxPrekeySecrets is the current one and the one before it.
const maxPrekeySecrets = 2

// appendLocked appends the payload of the key file.
func (s *state) appendLocked(b []byte) []byte {
	mailbox, delivery := s.mailbox.Bytes(), s.deliveryKey.Bytes()
	list := s.list.Append(nil)
	b = append(b, byte(len(s.server)))
	b = append(b, s.server...)
	b = append(b, s.account[:ed25519.SeedSize]...)
	b = append(b, s.device[:ed25519.SeedSize]...)
	b = append(b, mailbox[:]...)
	b = append(b, delivery[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(list)))
	b = append(b, list...)
	b = append(b, byte(len(s.prekeys)))
	for i := range s.prekeys {
		p := &s.prekeys[i]
		b = append(b, p.seed[:]...)
		b = binary.BigEndian.AppendUint64(b, p.supersededUnix())
		b = p.public.Append(b)
	}
	return b
}

// parsePayload keeps no part of b.
func parsePayload(b []byte) (*Identity, error) {
	in := cryptobyte.String(b)
	var server, list cryptobyte.String
	var accountSeed, deviceSeed []byte
	var mailbox [envelope.QueueIDSize]byte
	var delivery [envelope.DeliveryKeySize]byte
	var count uint8
	if !in.ReadUint8LengthPrefixed(&server) || !validServer(string(server)) ||
		!in.ReadBytes(&accountSeed, ed25519.SeedSize) ||
		!in.ReadBytes(&deviceSeed, ed25519.SeedSize) ||
		!in.CopyBytes(mailbox[:]) ||
		!in.CopyBytes(delivery[:]) ||
		!in.ReadUint16LengthPrefixed(&list) ||
		!in.ReadUint8(&count) || count == 0 || count > maxPrekeySecrets {
		return nil, ErrFormat
	}
	s := &state{
		server:      string(server),
		account:     ed25519.NewKeyFromSeed(accountSeed),
		device:      ed25519.NewKeyFromSeed(deviceSeed),
		mailbox:     envelope.QueueIDFrom(mailbox),
		deliveryKey: envelope.DeliveryKeyFrom(delivery),
	}
	s.accountKey = record.AccountKeyFrom(publicOf(s.account))
	var err error
	if s.list, err = record.ParseDeviceList(list); err != nil || !s.ownList() {
		return nil, ErrFormat
	}
	s.self = s.list.Devices[0]
	for i := range count {
		var p prekeySecret
		if !p.read(&in) || !s.ownPrekey(&p.public) || p.superseded.IsZero() != (i == 0) {
			return nil, ErrFormat
		}
		s.prekeys = append(s.prekeys, p)
	}
	if !in.Empty() || (count > 1 && s.prekeys[0].public.ID == s.prekeys[1].public.ID) {
		return nil, ErrFormat
	}
	return &Identity{&hidden{s}}, nil
}

// ownList says whether the list is ours: made by our keys for our one device. It is judged as of its own time: Maintain
// replaces what is too old.
func (s *state) ownList() bool {
	return s.list.Account == s.accountKey && len(s.list.Devices) == 1 &&
		s.list.Devices[0] == deviceFor(s.list.Devices[0].ID, s.device) && s.list.Verify(s.list.Issued) == nil
}

func (s *state) ownPrekey(p *record.Prekey) bool {
	return p.Device == s.self.ID && p.Mailbox == s.mailbox && p.Verify(s.self.Key, p.NotBefore) == nil
}

// read reads a prekey and checks that its public key follows from the seed.
func (p *prekeySecret) read(in *cryptobyte.String) bool {
	var superseded uint64
	var public []byte
	if !in.CopyBytes(p.seed[:]) || !in.ReadUint64(&superseded) || superseded > maxUnix || !in.ReadBytes(&public, record.EncodedPrekeySize) {
		return false
	}
	if superseded > 0 {
		p.superseded = time.Unix(int64(superseded), 0).UTC()
	}
	var err error
	if p.public, err = record.ParsePrekey(public); err != nil {
		return false
	}
	key, err := hpke.MLKEM768X25519().NewPrivateKey(p.seed[:])
	return err == nil && [record.PrekeySize]byte(key.PublicKey().Bytes()) == p.public.Key
}

// maxUnix is the year 9999, as in signaling/record.
const maxUnix = 253402300799

func (p *prekeySecret) supersededUnix() uint64 {
	if p.superseded.IsZero() {
		return 0
	}
	return uint64(p.superseded.Unix())
}
