package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/record"
	"golang.org/x/crypto/cryptobyte"
)

const (
	organisationMagic = "taciturn/1 organisation"
	// EndorsementLifetime is how long an endorsement lasts that nobody asks to last otherwise.
	EndorsementLifetime = 366 * 24 * time.Hour
)

// ErrEndorsement: not an endorsement of this account by an organisation that is trusted here, or not one for now.
var ErrEndorsement = errors.New("identity: no valid endorsement by a trusted organisation")

// Signer is an organisation's secret key. It signs, seldom and on a machine without a network, the account keys of the
// organisation's people; whoever trusts the organisation then sees them as trusted without comparing
// anything. It prints as its type name and may be used by several goroutines at once.
type Signer struct{ o *hiddenSigner }

// hiddenSigner keeps fmt out, as hidden does.
type hiddenSigner struct{ *signer }

type signer struct {
	public record.OrganisationKey // static

	// Guarded by mu.
	mu    sync.Mutex
	key   ed25519.PrivateKey
	wiped bool
}

func signerFrom(seed []byte) *Signer {
	key := ed25519.NewKeyFromSeed(seed)
	return &Signer{&hiddenSigner{&signer{key: key, public: record.OrganisationKeyFrom(publicOf(key))}}}
}

// GenerateSigner draws a key.
func GenerateSigner() *Signer {
	var seed [ed25519.SeedSize]byte
	defer clear(seed[:])
	rand.Read(seed[:])
	return signerFrom(seed[:])
}

// Key is what everybody needs who is to trust the organisation.
func (s *Signer) Key() record.OrganisationKey { return s.o.public }

// Endorse signs that account belongs to one of the organisation's people. It fails when lifetime is not positive or longer
// than record.MaxEndorsementLifetime.
func (s *Signer) Endorse(account record.AccountKey, now time.Time, lifetime time.Duration) (record.Endorsement, error) {
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	if s.o.wiped {
		return record.Endorsement{}, errWiped
	}
	e := record.Endorsement{Organisation: s.o.public, Account: account, Issued: seconds(now)}
	e.Expires = e.Issued.Add(lifetime)
	e.Sign(func(msg []byte) [record.SignatureSize]byte {
		return [record.SignatureSize]byte(ed25519.Sign(s.o.key, msg))
	})
	return e, e.Verify(now)
}

// Seal writes the key under a passphrase, which must not be empty: see the package doc. The file is to be kept as safe as
// the organisation's seal, on paper or a disk in a drawer.
func (s *Signer) Seal(passphrase []byte) ([]byte, error) { return s.seal(passphrase, defaultCost) }

func (s *Signer) seal(passphrase []byte, c cost) ([]byte, error) {
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	if s.o.wiped {
		return nil, errWiped
	}
	if len(passphrase) == 0 {
		return nil, ErrNeedPassphrase
	}
	seed := s.o.key.Seed()
	defer clear(seed)
	return lock([]byte(organisationMagic), seed, passphrase, c)
}

// OpenSigner reads what Seal wrote. It fails with ErrFormat, ErrNeedPassphrase or ErrPassphrase.
func OpenSigner(file, passphrase []byte) (*Signer, error) {
	rest := cryptobyte.String(file)
	var magic []byte
	if !rest.ReadBytes(&magic, len(organisationMagic)) || string(magic) != organisationMagic {
		return nil, ErrFormat
	}
	seed, err := unlock(file, rest, passphrase, ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	if len(seed) != ed25519.SeedSize {
		return nil, ErrFormat
	}
	return signerFrom(seed), nil
}

// Wipe erases the secret. Afterwards it signs and seals nothing.
func (s *Signer) Wipe() {
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	clear(s.o.key)
	s.o.wiped = true
}

func (Signer) String() string               { return "identity.Signer" }
func (Signer) GoString() string             { return "identity.Signer" }
func (Signer) LogValue() slog.Value         { return slog.StringValue("identity.Signer") }
func (Signer) MarshalJSON() ([]byte, error) { return nil, errSecret }
