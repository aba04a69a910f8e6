package calls

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// The files of a profile directory, each mode 0600 and replaced as a whole.
const (
	identityFile = "identity.key"
	contactsFile = "contacts"
	replayFile   = "replay"
)

// Profile is who one is: the secret identity, the contacts, and the memory of offers seen, which must survive a restart
// or an old offer could ring again. It may be used by one Phone at a time.
type Profile struct {
	// Static after CreateProfile or OpenProfile.
	dir        string // empty: nothing is written
	passphrase []byte

	// Guarded by mu.
	mu     sync.Mutex
	id     *identity.Identity
	book   identity.Book
	replay *seal.ReplaySet
}

// ProfileConfig replaces the network for CreateProfile: for tests and simulators.
type ProfileConfig struct {
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// CreateProfile makes an identity, registers it with server ("https://calls.example.org") and writes it to dir, which
// must not hold a profile yet (fs.ErrExist). With an empty dir the profile lives in memory. An empty passphrase leaves
// the key file protected by its mode only.
func CreateProfile(ctx context.Context, dir, server string, passphrase []byte) (*Profile, error) {
	return ProfileConfig{}.Create(ctx, dir, server, passphrase)
}

// Create is CreateProfile over another network.
func (cfg ProfileConfig) Create(ctx context.Context, dir, server string, passphrase []byte) (*Profile, error) {
	if err := checkServer(server); err != nil {
		return nil, err
	}
	if dir != "" {
		if _, err := os.Stat(filepath.Join(dir, identityFile)); err == nil {
			return nil, fmt.Errorf("calls: create a profile: %w", fs.ErrExist)
		}
	}
	id, err := identity.Generate(time.Now(), strings.TrimRight(server, "/"))
	if err != nil {
		return nil, err
	}
	p := &Profile{dir: dir, passphrase: passphrase, id: id, replay: new(seal.ReplaySet)}
	client, err := signaling.New(signaling.Config{Server: id.Server(), DialContext: cfg.DialContext})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	// Registering first: a profile that no server knows would only fail later and less clearly.
	if err := client.Register(ctx, p.registration()); err != nil {
		return nil, fmt.Errorf("register: %w", err)
	}
	if dir == "" {
		return p, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("calls: make the profile directory: %w", bare(err))
	}
	return p, errors.Join(p.saveIdentity(), p.saveContacts(), p.saveReplay())
}

// OpenProfile reads the profile in dir. It fails with fs.ErrNotExist, identity.ErrNeedPassphrase,
// identity.ErrPassphrase or identity.ErrFormat, and changes nothing.
func OpenProfile(dir string, passphrase []byte) (*Profile, error) {
	file, err := readPrivate(filepath.Join(dir, identityFile))
	if err != nil {
		return nil, err
	}
	id, err := identity.Open(file, passphrase)
	if err != nil {
		return nil, err
	}
	p := &Profile{dir: dir, passphrase: passphrase, id: id, replay: new(seal.ReplaySet)}
	contacts, err := readPrivate(filepath.Join(dir, contactsFile))
	if err == nil {
		p.book, err = p.openContacts(contacts)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("calls: contacts: %w", err)
	}
	seen, err := readPrivate(filepath.Join(dir, replayFile))
	if err == nil {
		p.replay, err = seal.ParseReplaySet(seen)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("calls: memory of offers: %w", err)
	}
	return p, nil
}

// Server is the base URL of the server this profile is registered with.
func (p *Profile) Server() string { return p.id.Server() }

// Account is the public key that names this person.
func (p *Profile) Account() record.AccountKey { return p.id.Account() }

// Address is "id@host", as people write it.
func (p *Profile) Address() string { return address(p.id.Account(), p.id.Server()) }

// Link is the contact link: whoever has it may ring.
func (p *Profile) Link() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return linkText(p.id.Link())
}

// Contacts returns copies, sorted by name.
func (p *Profile) Contacts() []identity.Contact {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := p.book.Names()
	contacts := make([]identity.Contact, 0, len(names))
	for _, name := range names {
		if c, ok := p.book.ByName(name); ok {
			contacts = append(contacts, *c)
		}
	}
	return contacts
}

// Contact returns a copy of the contact called name.
func (p *Profile) Contact(name string) (identity.Contact, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.book.ByName(name)
	if !ok {
		return identity.Contact{}, false
	}
	return *c, true
}

// AddContact keeps a contact link under name, with the trust of a first use.
func (p *Profile) AddContact(name, link string) error {
	l, err := identity.ParseLink(link)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.book.Add(identity.ContactFrom(name, l)); err != nil {
		return err
	}
	return p.saveContactsLocked()
}

// ContactForLink returns the contact with the link's account key. A link never seen before is kept under the first group
// of its id, so that a later change of keys is noticed.
func (p *Profile) ContactForLink(link string) (identity.Contact, error) {
	l, err := identity.ParseLink(link)
	if err != nil {
		return identity.Contact{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, ok := p.book.ByAccount(l.Account); ok {
		return *c, nil
	}
	c := identity.ContactFrom(shortName(l.Account), l)
	if err := p.book.Add(c); err != nil {
		return identity.Contact{}, err
	}
	return c, p.saveContactsLocked()
}

// RemoveContact forgets name.
func (p *Profile) RemoveContact(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book.Remove(name)
	return p.saveContactsLocked()
}

// updateContact checks what the directory publishes against what is known of the contact and remembers the newest.
func (p *Profile) updateContact(contact identity.Contact, published record.Published, now time.Time) (identity.Contact, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.book.ByAccount(contact.Account)
	if !ok {
		known = &contact
	}
	if err := known.Update(published, now); err != nil {
		return contact, err
	}
	if !ok {
		return *known, nil
	}
	return *known, p.saveContactsLocked()
}

// knows finds the contact with this account key.
func (p *Profile) knows(account record.AccountKey) (identity.Contact, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.book.ByAccount(account)
	if !ok {
		return identity.Contact{}, false
	}
	return *c, true
}

// registration is what the server must know to hold this profile's mailbox.
func (p *Profile) registration() signaling.RegisterRequest {
	return signaling.RegisterRequest{
		Published:       p.published(),
		Mailbox:         p.id.Mailbox(),
		DeliveryKeyHash: p.id.DeliveryKey().Hash(),
		Device:          p.id.DeviceID(),
		Sign:            p.id.SignDevice,
	}
}

// published is what everybody may know of this profile.
func (p *Profile) published() record.Published {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.id.Published()
}

// maintain rotates the prekey and signs the device list anew when they are due.
func (p *Profile) maintain(now time.Time) (changed bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if changed, err = p.id.Maintain(now); err != nil || !changed {
		return changed, err
	}
	return true, p.saveIdentityLocked()
}

func (p *Profile) saveIdentity() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.saveIdentityLocked()
}

func (p *Profile) saveIdentityLocked() error {
	if p.dir == "" {
		return nil
	}
	file, err := p.id.Seal(p.passphrase)
	if err != nil {
		return err
	}
	defer clear(file)
	return writePrivate(filepath.Join(p.dir, identityFile), file)
}

func (p *Profile) saveContacts() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.saveContactsLocked()
}

func (p *Profile) saveContactsLocked() error {
	if p.dir == "" {
		return nil
	}
	file, err := p.id.SealStore(contactsFile, p.book.Append(nil))
	if err != nil {
		return err
	}
	return writePrivate(filepath.Join(p.dir, contactsFile), file)
}

// openContacts reads the contacts, which are encrypted under the key file's secrets. Where those have no passphrase, contacts
// of an earlier version are read as well, which were not.
func (p *Profile) openContacts(file []byte) (identity.Book, error) {
	plain, err := p.id.OpenStore(contactsFile, file)
	if err == nil {
		return identity.ParseBook(plain)
	}
	if len(p.passphrase) == 0 {
		return identity.ParseBook(file)
	}
	return identity.Book{}, err
}

func (p *Profile) saveReplay() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.saveReplayLocked()
}

func (p *Profile) saveReplayLocked() error {
	if p.dir == "" {
		return nil
	}
	return writePrivate(filepath.Join(p.dir, replayFile), p.replay.Append(nil))
}

// Address is "id@host" of a contact.
func Address(c identity.Contact) string { return address(c.Account, c.Server) }

func address(account record.AccountKey, server string) string {
	id, err := account.ID().MarshalText()
	if err != nil {
		return ""
	}
	host := server
	if u, err := url.Parse(server); err == nil {
		host = u.Host
	}
	return string(id) + "@" + host
}

func linkText(l identity.Link) string {
	text, err := l.MarshalText()
	if err != nil {
		return ""
	}
	return string(text)
}

// shortName is the first group of the account id.
func shortName(account record.AccountKey) string {
	name, _, _ := strings.Cut(address(account, ""), "-")
	return name
}

// checkServer refuses plain HTTP to anywhere but this machine.
func checkServer(server string) error {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return errors.New("calls: a server is written like https://calls.example.org")
	}
	if u.Scheme == "https" {
		return nil
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback()) {
		return nil
	}
	return errors.New("calls: plain http is only for a server on this machine; use https")
}
