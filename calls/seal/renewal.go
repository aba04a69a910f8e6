package seal

import (
	"crypto/hpke"
	"log/slog"

	"github.com/taciturn-voice/taciturn/signaling/record"
)

// epochsPerRestart is how far apart the epochs of two voice roots begin: 65536 minutes of ratcheting, seven times the longest
// call there is.
const epochsPerRestart = 1 << 16

// Renewal is what the next voice root of a call is made of besides a fresh key share. It is not the secret of any frame, and
// none can be computed from it: to be kept as long as the call, while the roots themselves are ratcheted and wiped. Not safe
// for concurrent use. It prints as its type name.
type Renewal struct {
	_     [0]func() // incomparable
	rk    [hashBytes]byte
	th4   [hashBytes]byte
	count uint32 // restarts so far
}

func (*Renewal) String() string       { return "seal.Renewal" }
func (*Renewal) GoString() string     { return "seal.Renewal" }
func (*Renewal) LogValue() slog.Value { return slog.StringValue("seal.Renewal") }

// Renewal is what this root's successor will be made of. Take it before the root is ratcheted: afterwards it is another one.
func (r *MediaRoot) Renewal() *Renewal {
	n := &Renewal{th4: r.th4}
	expand(&r.mr, labelRenew, n.rk[:])
	return n
}

// Epoch counts the restarts.
func (n *Renewal) Epoch() uint32 { return n.count }

// Answer fills the key share of ack, which answers restart, and makes the next root.
func (n *Renewal) Answer(restart *Restart, ack *RestartAck) (*MediaRoot, error) {
	if restart.Epoch != n.count+1 || ack.Epoch != restart.Epoch {
		return nil, ErrState
	}
	enc, s, err := newSender(restart.EphemeralKey[:], labelRestart, n.th4)
	if err != nil {
		return nil, err
	}
	ack.Ciphertext = enc
	x, err := export(s, labelX3)
	if err != nil {
		return nil, err
	}
	return n.next(x, restart, ack)
}

// Finish makes the next root of the answer to restart, whose share this is. It works once with a share.
func (n *Renewal) Finish(share *Share, restart *Restart, ack *RestartAck) (*MediaRoot, error) {
	if share == nil || share.key == nil || restart.Epoch != n.count+1 || ack.Epoch != restart.Epoch {
		return nil, ErrState
	}
	r, err := newRecipient(ack.Ciphertext[:], share.key, labelRestart, n.th4)
	share.Wipe()
	if err != nil {
		return nil, err
	}
	x, err := export(r, labelX3)
	if err != nil {
		return nil, err
	}
	return n.next(x, restart, ack)
}

// next goes on, with no way back.
func (n *Renewal) next(x [secretSize]byte, restart *Restart, ack *RestartAck) (*MediaRoot, error) {
	defer clear(x[:])
	asked, err := encode(restart)
	if err != nil {
		return nil, err
	}
	answered, err := encode(ack)
	if err != nil {
		return nil, err
	}
	salt := th(thRekey, n.th4[:], asked, answered)
	ikm := append(x[:], n.rk[:]...)
	defer clear(ikm)
	n.count++
	root := &MediaRoot{mr: extract(salt[:], ikm), epoch: n.count * epochsPerRestart, th4: n.th4}
	expand(&root.mr, labelRenew, n.rk[:])
	return root, nil
}

// Wipe forgets the secret: no further root can be made.
func (n *Renewal) Wipe() { clear(n.rk[:]) }

// Share is the secret half of a RESTART's key share. It prints as its type name.
type Share struct {
	_      [0]func() // incomparable
	key    hpke.PrivateKey
	public [record.PrekeySize]byte
}

// NewShare draws a key share.
func NewShare() (*Share, error) {
	key, public, err := newEphemeral()
	if err != nil {
		return nil, err
	}
	return &Share{key: key, public: public}, nil
}

func (*Share) String() string       { return "seal.Share" }
func (*Share) GoString() string     { return "seal.Share" }
func (*Share) LogValue() slog.Value { return slog.StringValue("seal.Share") }

// Public is what RESTART says of it.
func (s *Share) Public() [record.PrekeySize]byte { return s.public }

// Wipe forgets the secret.
func (s *Share) Wipe() { s.key = nil }
