package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// Errors.
var (
	// ErrFormat: not a key file, contact link or book of contacts, or a damaged one.
	ErrFormat = errors.New("identity: malformed")
	// ErrPassphrase: the passphrase is wrong, or the file was changed. The two cannot be told apart.
	ErrPassphrase = errors.New("identity: wrong passphrase")
	// ErrNeedPassphrase: the file is encrypted and no passphrase was given.
	ErrNeedPassphrase = errors.New("identity: a passphrase is needed")

	errServer = errors.New("identity: a server is written like https://calls.example.org")
	errWiped  = errors.New("identity: used after Wipe")
	errSecret = errors.New("identity: a secret is not written as json")
)

// Identity is an account with its secrets, on the device that made it. It may be used by several goroutines at once and
// prints as its type name.
type Identity struct{ s *hidden }

// hidden keeps fmt out. A type that holds an Identity in an unexported field is printed without calling its String: under
// a verb that fits no pointer, such as %s, fmt then follows one pointer, but never a second one.
type hidden struct{ *state }

type state struct {
	// Static after Generate or Open, but for Wipe, which needs mu.
	server      string
	account     ed25519.PrivateKey
	device      ed25519.PrivateKey
	self        record.Device
	accountKey  record.AccountKey
	mailbox     envelope.QueueID
	deliveryKey envelope.DeliveryKey

	// Guarded by mu.
	mu      sync.Mutex
	list    record.DeviceList
	prekeys []prekeySecret // the newest first; a second one only for the grace period after rotation
	wiped   bool
}

// Generate makes a new account on server, which is written like "https://calls.example.org".
func Generate(now time.Time, server string) (*Identity, error) {
	if !validServer(server) {
		return nil, errServer
	}
	s := &state{server: server}
	var id record.DeviceID
	var seed [ed25519.SeedSize]byte
	defer clear(seed[:])
	// crypto/rand never fails: the runtime ends the program first.
	rand.Read(seed[:])
	s.account = ed25519.NewKeyFromSeed(seed[:])
	rand.Read(seed[:])
	s.device = ed25519.NewKeyFromSeed(seed[:])
	rand.Read(id[:])
	var err error
	if s.mailbox, err = envelope.NewQueueID(rand.Reader); err != nil {
		return nil, err
	}
	if s.deliveryKey, err = envelope.NewDeliveryKey(rand.Reader); err != nil {
		return nil, err
	}
	s.accountKey = record.AccountKeyFrom(publicOf(s.account))
	s.self = deviceFor(id, s.device)
	s.list = record.DeviceList{Account: s.accountKey, Devices: []record.Device{s.self}}
	s.signListLocked(now)
	if err := s.rotateLocked(now); err != nil {
		return nil, err
	}
	return &Identity{&hidden{s}}, nil
}

func deviceFor(id record.DeviceID, key ed25519.PrivateKey) record.Device {
	return record.Device{
		ID:       id,
		Key:      record.DeviceKeyFrom(publicOf(key)),
		Kind:     record.KindNative,
		MinSuite: record.SuiteXWing,
		MaxSuite: record.SuiteXWing,
	}
}

func publicOf(key ed25519.PrivateKey) [record.KeySize]byte {
	return [record.KeySize]byte(key[ed25519.SeedSize:]) // RFC 8032: Go keeps a private key as seed ‖ public key
}

// Account is the public key that makes this account that account.
func (id *Identity) Account() record.AccountKey { return id.s.accountKey }

// Device describes this device as the device list does.
func (id *Identity) Device() record.Device { return id.s.self }

// DeviceID names this device.
func (id *Identity) DeviceID() record.DeviceID { return id.s.self.ID }

// Server is the base URL of the account's server.
func (id *Identity) Server() string { return id.s.server }

// Mailbox is where offers to this device go.
func (id *Identity) Mailbox() envelope.QueueID { return id.s.mailbox }

// DeliveryKey is what the mailbox demands of callers.
func (id *Identity) DeliveryKey() envelope.DeliveryKey { return id.s.deliveryKey }

// List is the newest device list.
func (id *Identity) List() record.DeviceList {
	id.s.mu.Lock()
	defer id.s.mu.Unlock()
	return copyList(id.s.list)
}

// Published is what a directory should hold of this account: the device list and the current prekey, never one that has
// been superseded.
func (id *Identity) Published() record.Published {
	id.s.mu.Lock()
	defer id.s.mu.Unlock()
	p := record.Published{List: copyList(id.s.list)}
	if !id.s.wiped {
		p.Prekeys = []record.Prekey{id.s.prekeys[0].public}
	}
	return p
}

// Link is what one gives to whoever may call.
func (id *Identity) Link() Link {
	id.s.mu.Lock()
	defer id.s.mu.Unlock()
	return Link{Account: id.s.accountKey, Server: id.s.server, ListHash: id.s.list.Hash(), DeliveryKey: id.s.deliveryKey}
}

// SignDevice signs label ‖ 0x00 ‖ msg with the device key. After Wipe it returns zeros, which verify nowhere.
func (id *Identity) SignDevice(label string, msg []byte) [record.SignatureSize]byte {
	id.s.mu.Lock()
	defer id.s.mu.Unlock()
	if id.s.wiped {
		return [record.SignatureSize]byte{}
	}
	return id.s.signDeviceLocked(record.SignedBytes(label, msg))
}

// Prekey finds the prekey that an envelope names. A superseded one is found until Maintain erases it.
func (id *Identity) Prekey(want record.PrekeyID) (Prekey, bool) {
	id.s.mu.Lock()
	defer id.s.mu.Unlock()
	for i := range id.s.prekeys {
		if p := &id.s.prekeys[i]; p.public.ID == want {
			return p.open(), true
		}
	}
	return Prekey{}, false
}

// Wipe erases the secrets. Afterwards the identity signs, opens and seals nothing.
func (id *Identity) Wipe() {
	id.s.mu.Lock()
	defer id.s.mu.Unlock()
	clear(id.s.account)
	clear(id.s.device)
	for i := range id.s.prekeys {
		id.s.prekeys[i].wipe()
	}
	id.s.prekeys = nil
	id.s.wiped = true
}

func (s *state) signDeviceLocked(msg []byte) [record.SignatureSize]byte {
	return [record.SignatureSize]byte(ed25519.Sign(s.device, msg))
}

func (s *state) signAccountLocked(msg []byte) [record.SignatureSize]byte {
	return [record.SignatureSize]byte(ed25519.Sign(s.account, msg))
}

func copyList(l record.DeviceList) record.DeviceList {
	l.Devices = append([]record.Device(nil), l.Devices...)
	return l
}

func (Identity) String() string               { return "identity.Identity" }
func (Identity) GoString() string             { return "identity.Identity" }
func (Identity) LogValue() slog.Value         { return slog.StringValue("identity.Identity") }
func (Identity) MarshalJSON() ([]byte, error) { return nil, errSecret }
