//go:build js && wasm

package main

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"syscall/js"

	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

// profile is who one is: identity, contacts, and the memory of offers seen.
type profile struct {
	id     *identity.Identity
	book   identity.Book
	replay *seal.ReplaySet

	line  *callstate.Line
	last  callstate.Ref
	calls map[callstate.Ref]*call // not ended
	moved []*call                 // since the last settle
	fed   []callstate.Feed        // of the line
}

func newProfile(id *identity.Identity) *profile {
	return &profile{
		id: id, replay: new(seal.ReplaySet), calls: make(map[callstate.Ref]*call),
		line: callstate.NewLine(callstate.LineConfig{
			Self:  callstate.Party{Account: id.Account().ID(), Device: id.DeviceID()},
			Limit: maxCalls,
		}),
	}
}

// maxCalls is how many calls may be live before callers hear busy.
const maxCalls = 1

// create(now, server) draws a new identity.
func create(args []js.Value) any {
	id, err := identity.Generate(timeOf(arg(args, 0)), text(arg(args, 1)))
	if err != nil {
		return refused("server")
	}
	return newProfile(id).object()
}

// open(identity file, contacts, memory of offers, passphrase): the second and third may be missing.
func open(args []js.Value) any {
	file, phrase := fromBytes(arg(args, 0)), []byte(text(arg(args, 3)))
	defer clear(file)
	id, err := identity.Open(file, phrase)
	if err != nil {
		return failed(err)
	}
	p := newProfile(id)
	if b := fromBytes(arg(args, 1)); b != nil {
		if p.book, err = identity.ParseBook(b); err != nil {
			return failed(err)
		}
	}
	if b := fromBytes(arg(args, 2)); b != nil {
		if p.replay, err = seal.ParseReplaySet(b); err != nil {
			return failed(identity.ErrFormat)
		}
	}
	return p.object()
}

// needsPhrase(identity file) says whether the file is encrypted.
func needsPhrase(args []js.Value) any {
	id, err := identity.Open(fromBytes(arg(args, 0)), nil)
	if err == nil {
		id.Wipe()
	}
	return err == identity.ErrNeedPassphrase
}

func (p *profile) object() js.Value {
	account, _ := p.id.Account().ID().MarshalText() // never fails
	device := p.id.DeviceID()
	o := object(map[string]any{
		"server":  p.id.Server(),
		"account": string(account),
		"address": address(p.id.Account(), p.id.Server()),
		"device":  toBytes(device[:]),
	})
	export(o, map[string]func([]js.Value) any{
		"identityFile": p.identityFile,
		"contactsFile": func([]js.Value) any { return toBytes(p.book.Append(nil)) },
		"replayFile":   func([]js.Value) any { return toBytes(p.replay.Append(nil)) },
		"link":         p.link,
		"maintain":     p.maintain,
		"registration": p.registration,
		"publication":  func([]js.Value) any { return toBytes(p.id.Published().Append(nil)) },
		"signRequest":  p.signRequest,
		"login":        p.login,
		"contacts":     p.contacts,
		"addContact":   p.addContact,
		"rename":       p.renameContact,
		"remove":       p.removeContact,
		"verify":       p.verifyContact,
		"safetyNumber": p.safetyNumber,
		"dial":         p.dial,
		"offered":      p.offered,
	})
	return o
}

// identityFile(passphrase) is the key file. Without a passphrase the page must encrypt it itself.
func (p *profile) identityFile(args []js.Value) any {
	file, err := p.id.Seal([]byte(text(arg(args, 0))))
	if err != nil {
		return failed(err)
	}
	defer clear(file)
	return toBytes(file)
}

// link() is the contact link.
func (p *profile) link([]js.Value) any {
	link, err := p.id.Link().MarshalText()
	if err != nil {
		return failed(err)
	}
	return string(link)
}

// maintain(now) says whether the identity must be stored and published again.
func (p *profile) maintain(args []js.Value) any {
	changed, err := p.id.Maintain(timeOf(arg(args, 0)))
	if err != nil {
		return failed(err)
	}
	return changed
}

// registration() is the body of POST /v1/registrations (package signaling).
func (p *profile) registration([]js.Value) any {
	mailbox, hash := p.id.Mailbox().Bytes(), p.id.DeliveryKey().Hash()
	body := append(mailbox[:], hash[:]...)
	return toBytes(p.id.Published().Append(body))
}

// frameLogin is the type of the frame that opens a mailbox. Package signaling is not linked: it would bring net/http. The
// labels of signatures made for a server are its own, and come from the page's side of signaling.
const frameLogin = 16

// signRequest(label, method, host, path, revision [32], body) signs a change of the account.
func (p *profile) signRequest(args []js.Value) any {
	revision := fromBytes(arg(args, 4))
	if len(revision) != sha256.Size {
		return refused("format")
	}
	var message []byte
	for _, s := range []string{text(arg(args, 1)), strings.ToLower(text(arg(args, 2))), text(arg(args, 3))} {
		message = appendText(message, s)
	}
	message = append(message, revision...)
	sum := sha256.Sum256(fromBytes(arg(args, 5)))
	signature := p.id.SignDevice(text(arg(args, 0)), append(message, sum[:]...))
	return toBytes(signature[:])
}

// login(label, host, nonce [32]) is the frame that opens the mailbox.
func (p *profile) login(args []js.Value) any {
	nonce := fromBytes(arg(args, 2))
	if len(nonce) != sha256.Size {
		return refused("format")
	}
	account, device := p.id.Account().ID(), p.id.DeviceID()
	raw := account.Bytes()
	message := append(appendText(nil, strings.ToLower(text(arg(args, 1)))), nonce...)
	message = append(append(message, raw[:]...), device[:]...)
	signature := p.id.SignDevice(text(arg(args, 0)), message)
	name, _ := account.MarshalText()
	frame := append([]byte{frameLogin}, name...)
	return toBytes(append(append(frame, device[:]...), signature[:]...))
}

func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

func envelopeFrom(v js.Value) (*seal.Envelope, bool) {
	b := fromBytes(v)
	if len(b) != envelope.Size {
		return nil, false
	}
	return (*seal.Envelope)(b), true
}
