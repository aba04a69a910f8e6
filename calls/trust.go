package calls

import (
	"errors"

	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// ErrBlocked: the user has blocked this contact.
var ErrBlocked = errors.New("calls: this contact is blocked")

// VerifyContact notes that a human has compared the safety number, or a call's code, with the contact called name.
func (p *Profile) VerifyContact(name string) error {
	return p.changeContact(name, (*identity.Contact).Verify)
}

// verifyAccount is VerifyContact of whoever has this key.
func (p *Profile) verifyAccount(account record.AccountKey) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.book.ByAccount(account)
	if !ok {
		return identity.ErrUnknown
	}
	c.Verify()
	return p.saveContactsLocked()
}

// BlockContact makes the contact called name unheard: nothing rings and nothing is answered.
func (p *Profile) BlockContact(name string) error {
	return p.changeContact(name, func(c *identity.Contact) { c.Blocked = true })
}

// UnblockContact ends that.
func (p *Profile) UnblockContact(name string) error {
	return p.changeContact(name, func(c *identity.Contact) { c.Blocked = false })
}

func (p *Profile) changeContact(name string, change func(*identity.Contact)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.book.ByName(name)
	if !ok {
		return identity.ErrUnknown
	}
	change(c)
	return p.saveContactsLocked()
}

// mayCall says whether the user's own decisions allow a call with this contact.
func (p *Profile) mayCall(contact identity.Contact) error {
	known, ok := p.knows(contact.Account)
	switch {
	case ok && known.Blocked:
		return ErrBlocked
	case ok && known.Reverify:
		return ErrContactChanged
	}
	return nil
}
