package identity

import (
	"errors"
	"time"
)

// ErrReverify: the keys of a contact that was verified have changed, and nobody has verified the new ones.
var ErrReverify = errors.New("identity: the contact's keys have changed since they were verified")

// Relinked is what a new link meant for a contact.
type Relinked uint8

const (
	// SameKeys: the same account; where to reach it was brought up to date.
	SameKeys Relinked = 1 + iota
	// NewKeys: another account, of a contact that nobody had verified: a plain notice.
	NewKeys
	// NewKeysEndorsed: another account, which the same organisation has endorsed.
	NewKeysEndorsed
	// NewKeysUnverified: another account of a contact that was verified: no calls before somebody verifies it again.
	NewKeysUnverified
)

// String is lower case with hyphens.
func (r Relinked) String() string {
	switch r {
	case SameKeys:
		return "same-keys"
	case NewKeys:
		return "new-keys"
	case NewKeysEndorsed:
		return "new-keys-endorsed"
	case NewKeysUnverified:
		return "new-keys-unverified"
	}
	return "unset"
}

// Relink takes a new link for the contact called name: somebody moved to another server, has changed their delivery key, or
// has lost their phone and begun anew with other keys. What the latter means depends on the trust the contact had:
//
//	unknown        the new keys are taken, and the person should be told
//	organisation   the same organisation must have endorsed them, or Relink fails with ErrEndorsement and changes nothing
//	verified       they are taken, but no call is placed or taken until the contact is verified again
//
// It fails with ErrUnknown, or ErrDuplicate if another contact has these keys. A blocked contact stays blocked.
func (b *Book) Relink(name string, l Link, now time.Time) (Relinked, error) {
	old, ok := b.ByName(name)
	if !ok {
		return 0, ErrUnknown
	}
	if old.Account == l.Account {
		old.Server, old.DeliveryKey = l.Server, l.DeliveryKey
		if l.Endorsement.Expires.After(old.Endorsement.Expires) {
			old.Endorsement = l.Endorsement
			old.refresh(b.trusts, now)
		}
		return SameKeys, nil
	}
	if _, taken := b.ByAccount(l.Account); taken {
		return 0, ErrDuplicate
	}
	fresh := ContactFrom(name, l)
	fresh.Blocked = old.Blocked
	if !fresh.valid() {
		return 0, ErrFormat
	}
	meaning := NewKeys
	switch {
	case old.Trust == Verified || old.Reverify:
		fresh.Reverify, meaning = true, NewKeysUnverified
	case old.Trust == Organisation:
		fresh.refresh(b.trusts, now)
		if fresh.Trust != Organisation || fresh.Endorsement.Organisation != old.Endorsement.Organisation {
			return 0, ErrEndorsement
		}
		meaning = NewKeysEndorsed
	}
	*old = fresh
	return meaning, nil
}
