package directory

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
	"golang.org/x/crypto/cryptobyte"
)

const entryVersion = 1

// Mailbox is where a device receives.
type Mailbox struct {
	Device          record.DeviceID
	ID              envelope.QueueID
	DeliveryKeyHash [sha256.Size]byte
}

// Account is all that is stored about an account.
type Account struct {
	Revision  signaling.Revision
	Mailboxes []Mailbox
	Published record.Published

	changes uint64
	stored  uint64 // the bucket's revision, for a conditional update; 0 if the account is new
}

// Mailbox finds the mailbox of a device.
func (a *Account) Mailbox(device record.DeviceID) (Mailbox, bool) {
	for _, m := range a.Mailboxes {
		if m.Device == device {
			return m, true
		}
	}
	return Mailbox{}, false
}

func (a *Account) append(b []byte) []byte {
	b = append(b, entryVersion)
	b = binary.BigEndian.AppendUint64(b, a.changes)
	b = append(b, byte(len(a.Mailboxes)))
	for _, m := range a.Mailboxes {
		b = append(b, m.Device[:]...)
		id := m.ID.Bytes()
		b = append(b, id[:]...)
		b = append(b, m.DeliveryKeyHash[:]...)
	}
	published := a.Published.Append(nil)
	b = binary.BigEndian.AppendUint32(b, uint32(len(published)))
	return append(b, published...)
}

func parseAccount(b []byte) (Account, error) {
	a := Account{Revision: sha256.Sum256(b)}
	s := cryptobyte.String(b)
	var version, count uint8
	if !s.ReadUint8(&version) || version != entryVersion || !s.ReadUint64(&a.changes) || !s.ReadUint8(&count) || count > record.MaxDevices {
		return Account{}, ErrDamaged
	}
	a.Mailboxes = make([]Mailbox, count)
	for i := range a.Mailboxes {
		m := &a.Mailboxes[i]
		var id [envelope.QueueIDSize]byte
		if !s.CopyBytes(m.Device[:]) || !s.CopyBytes(id[:]) || !s.CopyBytes(m.DeliveryKeyHash[:]) {
			return Account{}, ErrDamaged
		}
		m.ID = envelope.QueueIDFrom(id)
	}
	var size uint32
	var err error
	if !s.ReadUint32(&size) || uint64(size) != uint64(len(s)) {
		return Account{}, ErrDamaged
	}
	if a.Published, err = record.ParsePublished(s); err != nil {
		return Account{}, ErrDamaged
	}
	return a, nil
}
