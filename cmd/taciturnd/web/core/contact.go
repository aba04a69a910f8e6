//go:build js && wasm

package main

import (
	"strings"
	"syscall/js"

	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// address is "id@host", as people write it.
func address(account record.AccountKey, server string) string {
	id, _ := account.ID().MarshalText() // never fails
	_, host, _ := strings.Cut(server, "://")
	return string(id) + "@" + host
}

// parseLink(text) says whose link this is: {address, account}.
func parseLink(args []js.Value) any {
	l, err := identity.ParseLink(text(arg(args, 0)))
	if err != nil {
		return failed(err)
	}
	id, _ := l.Account.ID().MarshalText()
	return object(map[string]any{"address": address(l.Account, l.Server), "account": string(id)})
}

func contactObject(c *identity.Contact) js.Value {
	id, _ := c.Account.ID().MarshalText()
	return object(map[string]any{
		"name": c.Name, "address": address(c.Account, c.Server), "account": string(id), "trust": c.Trust.String(),
	})
}

// contacts() are all contacts, sorted by name.
func (p *profile) contacts([]js.Value) any {
	var contacts []js.Value
	for _, name := range p.book.Names() {
		if c, ok := p.book.ByName(name); ok {
			contacts = append(contacts, contactObject(c))
		}
	}
	return list(contacts)
}

// addContact(name, link) keeps a link under a name, with the trust of a first use.
func (p *profile) addContact(args []js.Value) any {
	l, err := identity.ParseLink(text(arg(args, 1)))
	if err != nil {
		return failed(err)
	}
	if l.Account == p.id.Account() {
		return refused("self")
	}
	c := identity.ContactFrom(text(arg(args, 0)), l)
	if err := p.book.Add(c); err != nil {
		return failed(err)
	}
	return contactObject(&c)
}

// renameContact(old, new).
func (p *profile) renameContact(args []js.Value) any {
	old, ok := p.book.ByName(text(arg(args, 0)))
	if !ok {
		return refused("unknown")
	}
	c := *old
	p.book.Remove(old.Name)
	c.Name = text(arg(args, 1))
	if err := p.book.Add(c); err != nil {
		c.Name = text(arg(args, 0))
		_ = p.book.Add(c) // there is room where it was
		return failed(err)
	}
	return true
}

// removeContact(name).
func (p *profile) removeContact(args []js.Value) any { return p.book.Remove(text(arg(args, 0))) }

// verifyContact(name): its human has compared a number or a code.
func (p *profile) verifyContact(args []js.Value) any {
	c, ok := p.book.ByName(text(arg(args, 0)))
	if !ok {
		return refused("unknown")
	}
	c.Trust = identity.Verified
	return true
}

// safetyNumber(name) is what two people compare outside a call.
func (p *profile) safetyNumber(args []js.Value) any {
	c, ok := p.book.ByName(text(arg(args, 0)))
	if !ok {
		return refused("unknown")
	}
	return identity.SafetyNumber(p.id.Account(), c.Account)
}
