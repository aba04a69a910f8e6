package identity

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// Errors of Contact.Update. The first three are alarms: a server or somebody who holds the contact's keys is at work.
var (
	// ErrAccountChanged: published under another account key, or with keys that the account did not sign.
	ErrAccountChanged = errors.New("identity: these are not the contact's keys")
	ErrOldList        = fmt.Errorf("identity: %w", record.ErrOldEpoch)
	ErrFork           = fmt.Errorf("identity: %w", record.ErrFork)
	// ErrExpired: the contact has not been online for days, its server hides a newer list, or a clock is wrong.
	ErrExpired = fmt.Errorf("identity: %w", record.ErrExpired)
)

// Trust is how sure one is that an account key belongs to the person.
type Trust uint8

const (
	// Unknown: the key came with a link or a first call, and nobody has compared anything.
	Unknown Trust = 1 + iota
	// Organisation: the organisation's offline key has signed the account key.
	Organisation
	// Verified: the link was scanned from the other's screen, or a number was compared.
	Verified
)

func (t Trust) String() string {
	switch t {
	case Unknown:
		return "unknown"
	case Organisation:
		return "organisation"
	case Verified:
		return "verified"
	}
	return "unset"
}

// Contact is somebody one can call. It prints as its type name.
type Contact struct {
	Name         string // chosen by the user; not changed while in a Book
	Account      record.AccountKey
	Server       string
	DeliveryKey  envelope.DeliveryKey
	ListHash     [sha256.Size]byte // of List, or from the link while List is empty
	Trust        Trust
	List         record.DeviceList  // the newest seen; empty before the first Update
	HighestSuite uint16             // never goes down; see Update
	Endorsement  record.Endorsement // the newest given; zero: none. Book.Refresh says whether it counts
	Blocked      bool               // nothing that they send is shown or answered
	Reverify     bool               // keys that were verified have changed: no calls before Verify
}

// ContactFrom is a contact on first use.
func ContactFrom(name string, l Link) Contact {
	return Contact{
		Name:         name,
		Account:      l.Account,
		Server:       l.Server,
		DeliveryKey:  l.DeliveryKey,
		ListHash:     l.ListHash,
		Trust:        Unknown,
		HighestSuite: record.SuiteXWing,
		Endorsement:  l.Endorsement,
	}
}

// Verify notes that a human has compared a safety number or a code with the contact, or scanned their link.
func (c *Contact) Verify() { c.Trust, c.Reverify = Verified, false }

// refresh sets the trust that follows from the endorsement, which says nothing about a contact that a human has verified.
func (c *Contact) refresh(trusted func(record.OrganisationKey) bool, now time.Time) {
	if c.Trust == Verified {
		return
	}
	c.Trust = Unknown
	if !c.Reverify && c.Endorsement.Account == c.Account && trusted(c.Endorsement.Organisation) && c.Endorsement.Verify(now) == nil {
		c.Trust = Organisation
	}
}

// Update holds what was published against what is known and remembers the device list if it is newer. The prekeys are
// checked but not kept; there may be none. On failure c is as before: ErrAccountChanged, ErrOldList or ErrFork, then
// ErrExpired, or ErrFormat.
//
// Before the first list was seen there is only the hash from the link, which says nothing about epochs: any list of the
// right account is taken then. Its expiry bounds how old it can be.
//
// HighestSuite rises to the suite that all listed devices have: from then on an account whose devices offer less is
// suspicious (package calls/seal refuses them).
func (c *Contact) Update(published record.Published, now time.Time) error {
	list := published.List
	if list.Account != c.Account {
		return ErrAccountChanged
	}
	err := published.Verify(now)
	switch {
	case errors.Is(err, record.ErrSignature):
		return ErrAccountChanged
	case err != nil && !errors.Is(err, record.ErrExpired):
		return ErrFormat
	}
	// A list that is old and expired is an alarm first of all. That its signature is good is known here: Verify looks at
	// the clock last.
	if c.List.Epoch > 0 {
		switch follows := list.Follows(c.List); {
		case errors.Is(follows, record.ErrOldEpoch):
			return ErrOldList
		case follows != nil:
			return ErrFork
		}
	}
	if err != nil {
		return ErrExpired
	}
	c.List = copyList(list)
	c.ListHash = list.Hash()
	c.HighestSuite = max(c.HighestSuite, suiteOf(list))
	return nil
}

// suiteOf is the highest suite that every device of the list has.
func suiteOf(l record.DeviceList) uint16 {
	lowest := l.Devices[0].MaxSuite
	for _, d := range l.Devices[1:] {
		lowest = min(lowest, d.MaxSuite)
	}
	return lowest
}

func (Contact) String() string       { return "identity.Contact" }
func (Contact) GoString() string     { return "identity.Contact" }
func (Contact) LogValue() slog.Value { return slog.StringValue("identity.Contact") }
