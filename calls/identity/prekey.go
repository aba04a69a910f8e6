package identity

import (
	"crypto/hpke"
	"crypto/rand"
	"fmt"
	"log/slog"
	"time"

	"github.com/taciturn-voice/taciturn/signaling/record"
)

const seedSize = 32 // of an X-Wing secret key

// prekeySecret is a prekey with its secret. Only the seed is kept: keys are derived from it when an envelope names it.
type prekeySecret struct {
	public     record.Prekey
	seed       [seedSize]byte
	superseded time.Time // zero for the current one
}

// newPrekeySecret draws a prekey; its caller signs it.
func newPrekeySecret() (*prekeySecret, error) {
	p := new(prekeySecret)
	rand.Read(p.seed[:])
	rand.Read(p.public.ID[:])
	key, err := hpke.MLKEM768X25519().NewPrivateKey(p.seed[:])
	if err != nil {
		return nil, fmt.Errorf("identity: make a prekey: %w", err)
	}
	p.public.Key = [record.PrekeySize]byte(key.PublicKey().Bytes())
	return p, nil
}

// open derives the keys.
func (p *prekeySecret) open() Prekey {
	key, err := hpke.MLKEM768X25519().NewPrivateKey(p.seed[:])
	if err != nil {
		panic("identity: internal error: a seed that made a key makes none: " + err.Error())
	}
	return Prekey{ID: p.public.ID, key: &hiddenKey{key}}
}

func (p *prekeySecret) wipe() { clear(p.seed[:]) }

// Prekey is one prekey with its secret. It prints as its type name; the zero value holds no key.
type Prekey struct {
	ID  record.PrekeyID
	key *hiddenKey
}

// hiddenKey keeps fmt out, as hidden does.
type hiddenKey struct{ hpke.PrivateKey }

// Public is the key as it is published.
func (p Prekey) Public() [record.PrekeySize]byte {
	return [record.PrekeySize]byte(p.key.PublicKey().Bytes())
}

// Private opens what was sealed to Public. It is not wiped with the identity: drop it once the envelope is open.
func (p Prekey) Private() hpke.PrivateKey { return p.key.PrivateKey }

func (Prekey) String() string               { return "identity.Prekey" }
func (Prekey) GoString() string             { return "identity.Prekey" }
func (Prekey) LogValue() slog.Value         { return slog.StringValue("identity.Prekey") }
func (Prekey) MarshalJSON() ([]byte, error) { return nil, errSecret }
