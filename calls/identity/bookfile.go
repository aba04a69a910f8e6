package identity

import (
	"encoding/binary"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
	"golang.org/x/crypto/cryptobyte"
)

const (
	bookMagic   = "taciturn/1 contacts"
	exportMagic = "taciturn/1 contact export"
	// maxBook is far above what ten thousand contacts with sixteen devices each need.
	maxBook = 32 << 20
)

// Export writes the book under a passphrase, which must not be empty: a backup, or what a second device begins with.
func (b *Book) Export(passphrase []byte) ([]byte, error) { return b.export(passphrase, defaultCost) }

func (b *Book) export(passphrase []byte, c cost) ([]byte, error) {
	if len(passphrase) == 0 {
		return nil, ErrNeedPassphrase
	}
	return lock([]byte(exportMagic), b.Append(nil), passphrase, c)
}

// OpenExport reads what Export wrote. It fails with ErrFormat, ErrNeedPassphrase or ErrPassphrase.
func OpenExport(file, passphrase []byte) (Book, error) {
	s := cryptobyte.String(file)
	var magic []byte
	if !s.ReadBytes(&magic, len(exportMagic)) || string(magic) != exportMagic {
		return Book{}, ErrFormat
	}
	plain, err := unlock(file, s, passphrase, maxBook)
	if err != nil {
		return Book{}, err
	}
	return ParseBook(plain)
}

// Append appends the encoding.
func (b *Book) Append(out []byte) []byte {
	out = append(out, bookMagic...)
	out = binary.BigEndian.AppendUint16(out, uint16(len(b.contacts)))
	for _, c := range b.contacts {
		out = c.append(out)
	}
	if len(b.anchors) > 0 {
		out = append(out, byte(len(b.anchors)))
	}
	for _, a := range b.anchors {
		key := a.Key.Bytes()
		out = append(out, byte(len(a.Name)))
		out = append(out, a.Name...)
		out = append(out, key[:]...)
	}
	return out
}

// ParseBook reads what Append wrote. It fails with ErrFormat.
func ParseBook(file []byte) (Book, error) {
	s := cryptobyte.String(file)
	var magic []byte
	var count uint16
	if !s.ReadBytes(&magic, len(bookMagic)) || string(magic) != bookMagic || !s.ReadUint16(&count) || count > maxContacts {
		return Book{}, ErrFormat
	}
	var b Book
	seen := make(map[record.AccountKey]bool)
	for i := range int(count) {
		var c Contact
		if !c.read(&s) || seen[c.Account] || (i > 0 && b.contacts[i-1].Name >= c.Name) {
			return Book{}, ErrFormat
		}
		seen[c.Account] = true
		b.contacts = append(b.contacts, &c)
	}
	if !s.Empty() && !b.readAnchors(&s) || !s.Empty() {
		return Book{}, ErrFormat
	}
	return b, nil
}

func (b *Book) readAnchors(s *cryptobyte.String) bool {
	var count uint8
	if !s.ReadUint8(&count) || count == 0 || count > maxAnchors {
		return false
	}
	for i := range int(count) {
		var name cryptobyte.String
		var key [record.KeySize]byte
		if !s.ReadUint8LengthPrefixed(&name) || !s.CopyBytes(key[:]) {
			return false
		}
		a := Anchor{string(name), record.OrganisationKeyFrom(key)}
		if !a.valid() || b.trusts(a.Key) || (i > 0 && b.anchors[i-1].Name >= a.Name) {
			return false
		}
		b.anchors = append(b.anchors, a)
	}
	return true
}

func (c *Contact) append(b []byte) []byte {
	account, delivery := c.Account.Bytes(), c.DeliveryKey.Bytes()
	b = append(b, byte(len(c.Name)))
	b = append(b, c.Name...)
	b = append(b, account[:]...)
	b = append(b, byte(len(c.Server)))
	b = append(b, c.Server...)
	b = append(b, delivery[:]...)
	b = append(b, c.ListHash[:]...)
	b = append(b, c.flags())
	b = binary.BigEndian.AppendUint16(b, c.HighestSuite)
	var list []byte
	if c.List.Epoch > 0 {
		list = c.List.Append(nil)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(list)))
	b = append(b, list...)
	if !c.Endorsement.IsZero() {
		b = c.Endorsement.Append(b)
	}
	return b
}

// The trust byte holds the level and these.
const (
	levelMask    = 0x0f
	flagBlocked  = 0x10
	flagReverify = 0x20
	flagEndorsed = 0x40
	flagsKnown   = levelMask | flagBlocked | flagReverify | flagEndorsed
)

func (c *Contact) flags() byte {
	flags := byte(c.Trust)
	if c.Blocked {
		flags |= flagBlocked
	}
	if c.Reverify {
		flags |= flagReverify
	}
	if !c.Endorsement.IsZero() {
		flags |= flagEndorsed
	}
	return flags
}

func (c *Contact) read(s *cryptobyte.String) bool {
	var name, server, list cryptobyte.String
	var account [record.KeySize]byte
	var delivery [envelope.DeliveryKeySize]byte
	var flags uint8
	if !s.ReadUint8LengthPrefixed(&name) ||
		!s.CopyBytes(account[:]) ||
		!s.ReadUint8LengthPrefixed(&server) ||
		!s.CopyBytes(delivery[:]) ||
		!s.CopyBytes(c.ListHash[:]) ||
		!s.ReadUint8(&flags) || flags&^flagsKnown != 0 ||
		!s.ReadUint16(&c.HighestSuite) ||
		!s.ReadUint16LengthPrefixed(&list) {
		return false
	}
	c.Name, c.Server = string(name), string(server)
	c.Trust, c.Blocked, c.Reverify = Trust(flags&levelMask), flags&flagBlocked != 0, flags&flagReverify != 0
	c.Account = record.AccountKeyFrom(account)
	c.DeliveryKey = envelope.DeliveryKeyFrom(delivery)
	if len(list) > 0 {
		var err error
		if c.List, err = record.ParseDeviceList(list); err != nil {
			return false
		}
	}
	if flags&flagEndorsed != 0 {
		var encoded []byte
		var err error
		if !s.ReadBytes(&encoded, record.EncodedEndorsementSize) {
			return false
		}
		if c.Endorsement, err = record.ParseEndorsement(encoded); err != nil {
			return false
		}
	}
	return validContactName(c.Name) && c.valid()
}
