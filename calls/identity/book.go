package identity

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/taciturn-voice/taciturn/signaling/record"
)

const (
	maxContacts  = 10_000
	maxNameBytes = 64
)

// Errors of Book.
var (
	ErrDuplicate = errors.New("identity: a contact with this name or these keys exists already")
	ErrName      = errors.New("identity: a contact's name has 1 to 64 bytes, visible characters only")
	ErrFull      = errors.New("identity: too many contacts")
	ErrUnknown   = errors.New("identity: no contact has this name")
)

// Book holds contacts; its zero value is empty. It is unsafe for concurrent use, and a copy shares its contacts. It prints
// as its type name.
type Book struct {
	contacts []*Contact // sorted by name
	anchors  []Anchor   // sorted by name
}

func (b *Book) find(name string) (int, bool) {
	return slices.BinarySearchFunc(b.contacts, name, func(c *Contact, name string) int { return strings.Compare(c.Name, name) })
}

// Add keeps c. It fails with ErrDuplicate, ErrName, ErrFull, or ErrFormat for a contact that could not be written.
func (b *Book) Add(c Contact) error {
	if !validContactName(c.Name) {
		return ErrName
	}
	if !c.valid() {
		return ErrFormat
	}
	if len(b.contacts) == maxContacts {
		return ErrFull
	}
	i, taken := b.find(c.Name)
	if _, known := b.ByAccount(c.Account); taken || known {
		return ErrDuplicate
	}
	c.List = copyList(c.List)
	b.contacts = slices.Insert(b.contacts, i, &c)
	return nil
}

// Remove forgets the contact called name and says whether there was one.
func (b *Book) Remove(name string) bool {
	i, ok := b.find(name)
	if ok {
		b.contacts = slices.Delete(b.contacts, i, i+1)
	}
	return ok
}

// ByName finds the contact called name, to read it or to Update it in place.
func (b *Book) ByName(name string) (*Contact, bool) {
	i, ok := b.find(name)
	if !ok {
		return nil, false
	}
	return b.contacts[i], true
}

// ByAccount finds the contact with this account key.
func (b *Book) ByAccount(key record.AccountKey) (*Contact, bool) {
	for _, c := range b.contacts {
		if c.Account == key {
			return c, true
		}
	}
	return nil, false
}

// Names returns all names, sorted.
func (b *Book) Names() []string {
	names := make([]string, 0, len(b.contacts))
	for _, c := range b.contacts {
		names = append(names, c.Name)
	}
	return names
}

// valid says whether c can be written and read again; its list was verified when it was taken in.
func (c *Contact) valid() bool {
	if c.Account.IsZero() || !validServer(c.Server) || c.Trust < Unknown || c.Trust > Verified || c.HighestSuite == 0 {
		return false
	}
	if !c.Endorsement.IsZero() && c.Endorsement.Account != c.Account || c.Trust == Organisation && c.Endorsement.IsZero() || c.Trust == Verified && c.Reverify {
		return false
	}
	return c.List.Epoch == 0 || (c.List.Account == c.Account && c.List.Hash() == c.ListHash)
}

// validContactName refuses what could break a line of a screen or a terminal, and names that look alike by white space.
func validContactName(name string) bool {
	if name == "" || len(name) > maxNameBytes || !utf8.ValidString(name) || strings.TrimSpace(name) != name {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
}

func (Book) String() string       { return "identity.Book" }
func (Book) GoString() string     { return "identity.Book" }
func (Book) LogValue() slog.Value { return slog.StringValue("identity.Book") }
