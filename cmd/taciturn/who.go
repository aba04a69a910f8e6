package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"text/tabwriter"

	"github.com/mdp/qrterminal/v3"
	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/urfave/cli/v2"
)

// initCommand makes the identity only after the server has accepted it, and asks the server only when the keys can be
// stored, so that a failed attempt leaves nothing behind on either side.
func initCommand(c *cli.Context, s session) error {
	if c.Args().Present() {
		return command.Usagef("taciturn init --server URL", "init takes no argument")
	}
	if err := command.Server("server", c.String("server")); err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return command.Failed(fmt.Errorf("make the profile directory: %w", command.Bare(err)), "name a directory you may write to with --home")
	}
	p, err := calls.CreateProfile(c.Context, s.dir, c.String("server"), s.passphrase)
	if err != nil {
		_ = os.Remove(s.dir) // which fails if there is anything in it
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return command.Failed(errors.New("this profile exists already and was left alone"), "choose another name with --profile")
	case err != nil:
		return explain(err)
	}
	return s.show(p)
}

func idCommand(c *cli.Context, s session) error {
	p, err := s.open()
	if err != nil {
		return err
	}
	switch {
	case c.Bool("link"):
		_, err = fmt.Fprintln(s.stdout, p.Link())
	case c.Bool("qr"):
		qrterminal.GenerateHalfBlock(p.Link(), qrterminal.L, s.stdout)
	default:
		err = s.show(p)
	}
	return err
}

func (s session) show(p *calls.Profile) error {
	if s.json {
		return json.NewEncoder(s.stdout).Encode(map[string]string{"id": p.Address(), "server": p.Server(), "link": p.Link()})
	}
	_, err := fmt.Fprintf(s.stdout, "id      %s\nserver  %s\nlink    %s\n\ngive the link to whoever may call you\n", p.Address(), p.Server(), p.Link())
	return err
}

func contactAddCommand(c *cli.Context, s session) error {
	if c.Args().Len() != 2 {
		return command.Usagef("taciturn contact add NAME LINK", "contact add needs a name and a link")
	}
	p, err := s.open()
	if err != nil {
		return err
	}
	return explain(p.AddContact(c.Args().Get(0), c.Args().Get(1)))
}

func contactRemoveCommand(c *cli.Context, s session) error {
	p, contact, err := s.contactArgument(c)
	if err != nil {
		return err
	}
	return p.RemoveContact(contact.Name)
}

func contactVerifyCommand(c *cli.Context, s session) error {
	p, contact, err := s.contactArgument(c)
	if err != nil {
		return err
	}
	if c.Bool("matches") {
		return p.VerifyContact(contact.Name)
	}
	number := identity.SafetyNumber(p.Account(), contact.Account)
	if s.json {
		return json.NewEncoder(s.stdout).Encode(map[string]string{"safety_number": number})
	}
	_, err = fmt.Fprintf(s.stdout, "%s\n\ncompare this number with the one the other side sees, over a way you trust; if it is the same:\n  taciturn contact verify --matches NAME\n", number)
	return err
}

func contactBlockCommand(c *cli.Context, s session) error {
	p, contact, err := s.contactArgument(c)
	if err != nil {
		return err
	}
	return p.BlockContact(contact.Name)
}

func contactUnblockCommand(c *cli.Context, s session) error {
	p, contact, err := s.contactArgument(c)
	if err != nil {
		return err
	}
	return p.UnblockContact(contact.Name)
}

func (s session) contactArgument(c *cli.Context) (*calls.Profile, identity.Contact, error) {
	if c.Args().Len() != 1 {
		return nil, identity.Contact{}, command.Usagef("taciturn contact list shows the names", "name exactly one contact")
	}
	p, err := s.open()
	if err != nil {
		return nil, identity.Contact{}, err
	}
	contact, ok := p.Contact(c.Args().First())
	if !ok {
		return nil, identity.Contact{}, unknownContact()
	}
	return p, contact, nil
}

func unknownContact() error {
	return command.Failed(errors.New("no contact has this name"), "taciturn contact list shows the names, taciturn contact add NAME LINK adds one")
}

var trustNames = map[identity.Trust]string{identity.Unknown: "first use", identity.Organisation: "organisation", identity.Verified: "verified"}

func contactListCommand(_ *cli.Context, s session) error {
	p, err := s.open()
	if err != nil {
		return err
	}
	contacts := p.Contacts()
	if s.json {
		type row struct {
			Name  string `json:"name"`
			ID    string `json:"id"`
			Trust string `json:"trust"`
			Block bool   `json:"blocked"`
		}
		rows := make([]row, 0, len(contacts))
		for _, contact := range contacts {
			rows = append(rows, row{contact.Name, calls.Address(contact), trustNames[contact.Trust], contact.Blocked})
		}
		return json.NewEncoder(s.stdout).Encode(rows)
	}
	if len(contacts) == 0 {
		_, err = fmt.Fprintln(s.stdout, "no contacts yet; taciturn contact add NAME LINK adds one")
		return err
	}
	w := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	for _, contact := range contacts {
		trust := trustNames[contact.Trust]
		if contact.Blocked {
			trust += ", blocked"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", contact.Name, calls.Address(contact), trust)
	}
	return w.Flush()
}
