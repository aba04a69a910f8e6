package directory

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/bus"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// RevisionError says that the account is not at the revision the change was made for.
type RevisionError struct {
	Revision signaling.Revision // of the account as it stands; zero if it does not exist
}

func (*RevisionError) Error() string { return "directory: the account has changed" }

// Change is one signed change of an account; the signature has been checked.
type Change struct {
	Revision  signaling.Revision // that it was made for; zero: the account does not exist
	Device    record.DeviceID    // that signed it; must be in the new list
	Published record.Published
}

// Changed is what came of a change.
type Changed struct {
	Revision signaling.Revision
	Evicted  []envelope.QueueID // mailboxes whose open connections hold outdated rights
}

// Publish replaces the device list and the signing device's prekeys. It fails with ErrNotFound, ErrRecord or
// *RevisionError.
func (d *Directory) Publish(ctx context.Context, now time.Time, c Change) (Changed, error) {
	old, err := d.Lookup(ctx, c.Published.List.Account.ID())
	if err != nil {
		return Changed{}, err
	}
	return d.change(ctx, now, c, &old, nil)
}

// Register creates the account if mayCreate, and gives the signing device the mailbox. It fails with ErrClosed, ErrTaken,
// ErrRecord or *RevisionError.
func (d *Directory) Register(ctx context.Context, now time.Time, c Change, mailbox envelope.QueueID, hash [sha256.Size]byte, mayCreate bool) (Changed, error) {
	old, err := d.Lookup(ctx, c.Published.List.Account.ID())
	if errors.Is(err, ErrNotFound) {
		if !mayCreate {
			return Changed{}, ErrClosed
		}
		old, err = Account{}, nil
	}
	if err != nil {
		return Changed{}, err
	}
	return d.change(ctx, now, c, &old, &Mailbox{c.Device, mailbox, hash})
}

// change applies c to old, with mailbox for the signing device unless it is nil.
func (d *Directory) change(ctx context.Context, now time.Time, c Change, old *Account, mailbox *Mailbox) (Changed, error) {
	if c.Revision != old.Revision {
		return Changed{}, &RevisionError{old.Revision}
	}
	next, err := merge(old, c, now)
	if err != nil {
		return Changed{}, err
	}
	if mailbox != nil {
		if err := d.own(ctx, mailbox.ID, c.Published.List.Account.ID(), c.Device); err != nil {
			return Changed{}, err
		}
		next.put(*mailbox)
	}
	if next.same(old) {
		return Changed{Revision: old.Revision}, nil
	}
	next.changes = old.changes + 1
	if next.Revision, err = d.write(ctx, &next); err != nil {
		return Changed{}, err
	}
	return Changed{next.Revision, d.evict(ctx, old, &next)}, nil
}

// merge is old with what c publishes. It does not touch old.
func merge(old *Account, c Change, now time.Time) (Account, error) {
	list := c.Published.List
	if c.Published.Verify(now) != nil {
		return Account{}, ErrRecord
	}
	if _, listed := list.Device(c.Device); !listed {
		return Account{}, ErrRecord
	}
	next := Account{Published: record.Published{List: list}, changes: old.changes, stored: old.stored}
	if old.stored != 0 {
		if list.Follows(old.Published.List) != nil {
			return Account{}, ErrRecord
		}
		for _, k := range old.Published.Prekeys {
			if holder, ok := list.Device(k.Device); ok && k.Device != c.Device && k.Verify(holder.Key, now) == nil {
				next.Published.Prekeys = append(next.Published.Prekeys, k)
			}
		}
	}
	for _, k := range c.Published.Prekeys {
		if k.Device == c.Device {
			next.Published.Prekeys = append(next.Published.Prekeys, k)
		}
	}
	for _, m := range old.Mailboxes {
		if _, listed := list.Device(m.Device); listed {
			next.Mailboxes = append(next.Mailboxes, m)
		}
	}
	return next, nil
}

// put replaces the device's mailbox, or adds it.
func (a *Account) put(m Mailbox) {
	i := slices.IndexFunc(a.Mailboxes, func(other Mailbox) bool { return other.Device == m.Device })
	if i < 0 {
		a.Mailboxes = append(a.Mailboxes, m)
		return
	}
	a.Mailboxes[i] = m
}

// same says whether writing a over old would change nothing.
func (a *Account) same(old *Account) bool {
	return old.stored != 0 && bytes.Equal(a.append(nil), old.append(nil))
}

// own makes mailbox the device's, unless it is somebody else's.
func (d *Directory) own(ctx context.Context, mailbox envelope.QueueID, account record.AccountID, device record.DeviceID) error {
	id := account.Bytes()
	owner := append(id[:], device[:]...)
	key := mailboxKey(mailbox)
	_, err := d.mailboxes.Create(ctx, key, owner)
	if !errors.Is(err, bus.ErrExists) {
		return wrap("register a mailbox", err)
	}
	present, _, err := d.mailboxes.Get(ctx, key)
	if err != nil {
		return wrap("register a mailbox", err)
	}
	if !bytes.Equal(present, owner) {
		return ErrTaken
	}
	return nil
}

// write stores a over what was read, or fails with *RevisionError if that has changed in between.
func (d *Directory) write(ctx context.Context, a *Account) (signaling.Revision, error) {
	id := a.Published.List.Account.ID()
	key, err := accountKey(id)
	if err != nil {
		return signaling.Revision{}, err
	}
	value := a.append(nil)
	if a.stored == 0 {
		_, err = d.accounts.Create(ctx, key, value)
	} else {
		_, err = d.accounts.Update(ctx, key, value, a.stored)
	}
	if errors.Is(err, bus.ErrExists) || errors.Is(err, bus.ErrConflict) {
		present, err := d.Lookup(ctx, id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return signaling.Revision{}, err
		}
		return signaling.Revision{}, &RevisionError{present.Revision}
	}
	return sha256.Sum256(value), wrap("write an account", err)
}

// evict gives up the mailboxes that next has no more. Their owners' entries are removed last: a crash leaves a mailbox
// that nobody uses, never one that two may receive at.
func (d *Directory) evict(ctx context.Context, old, next *Account) (evicted []envelope.QueueID) {
	for _, was := range old.Mailboxes {
		is, kept := next.Mailbox(was.Device)
		if kept && is == was {
			continue
		}
		evicted = append(evicted, was.ID)
		if !kept || is.ID != was.ID {
			_ = d.mailboxes.Delete(ctx, mailboxKey(was.ID)) // the account stands without it
		}
	}
	return evicted
}

func wrap(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("directory: %s: %w", verb, err)
}
