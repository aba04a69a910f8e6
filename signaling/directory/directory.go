package directory

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"

	"github.com/taciturn-voice/taciturn/signaling/bus"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

const (
	accountBucket = "accounts"
	mailboxBucket = "mailboxes"

	mailboxLabel = "taciturn/1 mailbox owner"
)

var (
	// ErrNotFound: there is no such account.
	ErrNotFound = errors.New("directory: no such account")
	// ErrClosed: the account does not exist, and none may be created.
	ErrClosed = errors.New("directory: registration is closed")
	// ErrTaken: somebody else has registered this mailbox.
	ErrTaken = errors.New("directory: mailbox taken")
	// ErrRecord: what is to be published does not verify, is out of date, or does not follow what is published.
	ErrRecord = errors.New("directory: record refused")
	// ErrDamaged: an entry of the store cannot be read.
	ErrDamaged = errors.New("directory: damaged entry")
)

var keyEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Directory is the store of accounts. All methods may be called from any goroutine, at any number of nodes.
type Directory struct {
	accounts  *bus.Bucket
	mailboxes *bus.Bucket
}

// Open opens the store on b, which must outlive it.
func Open(ctx context.Context, b *bus.Bus) (*Directory, error) {
	accounts, err := b.Bucket(ctx, accountBucket)
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	mailboxes, err := b.Bucket(ctx, mailboxBucket)
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	return &Directory{accounts, mailboxes}, nil
}

// Lookup reads an account. It fails with ErrNotFound, ErrDamaged or the bus's error.
func (d *Directory) Lookup(ctx context.Context, id record.AccountID) (Account, error) {
	key, err := accountKey(id)
	if err != nil {
		return Account{}, err
	}
	value, stored, err := d.accounts.Get(ctx, key)
	if errors.Is(err, bus.ErrNotFound) {
		return Account{}, ErrNotFound
	}
	if err != nil {
		return Account{}, fmt.Errorf("directory: read an account: %w", err)
	}
	a, err := parseAccount(value)
	if err != nil {
		return Account{}, err
	}
	if a.Published.List.Account.ID() != id {
		return Account{}, ErrDamaged
	}
	a.stored = stored
	return a, nil
}

func accountKey(id record.AccountID) (string, error) {
	text, err := id.MarshalText()
	return string(text), err
}

func mailboxKey(id envelope.QueueID) string {
	b := id.Bytes()
	sum := sha256.Sum256(append([]byte(mailboxLabel), b[:]...))
	return keyEncoding.EncodeToString(sum[:])
}
