package seal

import (
	"crypto/cipher"
	"encoding/binary"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

// window is how many key ids the receiver keeps ahead of what it has opened.
const window = 64

// half is one direction of a session.
type half struct {
	aead  cipher.AEAD
	iv    [chacha20poly1305.NonceSize]byte
	idKey [secretSize]byte
	// next is the first unused number of a sender; of a receiver the first number without an id in expected.
	next     uint64
	expected map[envelope.KeyID]uint64 // of a receiver
}

func newHalf(hs *[hashBytes]byte, key, iv, id string) half {
	var (
		h half
		k [secretSize]byte
	)
	defer clear(k[:])
	expand(hs, labelKeys+key, k[:])
	expand(hs, labelKeys+iv, h.iv[:])
	expand(hs, labelKeys+id, h.idKey[:])
	var err error
	if h.aead, err = chacha20poly1305.New(k[:]); err != nil {
		panic("seal: internal error: ChaCha20-Poly1305 refuses its key")
	}
	return h
}

func (h *half) keyID(seq uint64) envelope.KeyID {
	sum := mac(&h.idKey, binary.BigEndian.AppendUint64(nil, seq))
	return envelope.KeyID(sum[:envelope.KeyIDSize])
}

func (h *half) nonce(seq uint64) []byte {
	n := h.iv
	tail := n[len(n)-8:]
	binary.BigEndian.PutUint64(tail, binary.BigEndian.Uint64(tail)^seq)
	return n[:]
}

// expect fills the window of a receiver.
func (h *half) expect() {
	if h.expected == nil {
		h.expected = make(map[envelope.KeyID]uint64, window)
	}
	for len(h.expected) < window {
		h.expected[h.keyID(h.next)] = h.next
		h.next++
	}
}

// session is what two devices share once RING has been opened. Not safe for concurrent use.
type session struct {
	out, in  half
	peer     envelope.QueueID // where the other side reads
	finA     [secretSize]byte
	finB     [secretSize]byte
	media    [secretSize]byte
	th2      [hashBytes]byte
	hs       [hashBytes]byte // until the code is known
	fromPeer func(Type) bool // what the other role may say in a session
}

var (
	calleeMaySay = func(t Type) bool {
		switch t {
		case TypeAccept, TypeConnected, TypeCandidates, TypeRestart, TypeRestartAck, TypeReject, TypeHangup, TypeNop:
			return true
		}
		return false
	}
	callerMaySay = func(t Type) bool {
		switch t {
		case TypeConfirm, TypeCandidates, TypeRestart, TypeRestartAck, TypeElsewhere, TypeHangup, TypeNop:
			return true
		}
		return false
	}
)

// newSession derives everything from the two exported secrets and the transcript.
func newSession(x1, x2 [secretSize]byte, th2 [hashBytes]byte, caller bool, peer envelope.QueueID) *session {
	ikm := append(x1[:], x2[:]...)
	defer clear(ikm)
	s := &session{th2: th2, hs: extract(th2[:], ikm), peer: peer}
	a2b := newHalf(&s.hs, keyA2B, ivA2B, idA2B)
	b2a := newHalf(&s.hs, keyB2A, ivB2A, idB2A)
	s.out, s.in, s.fromPeer = a2b, b2a, calleeMaySay
	if !caller {
		s.out, s.in, s.fromPeer = b2a, a2b, callerMaySay
	}
	s.in.expect()
	expand(&s.hs, labelKeys+keyFinA, s.finA[:])
	expand(&s.hs, labelKeys+keyFinB, s.finB[:])
	expand(&s.hs, labelKeys+keyMedia, s.media[:])
	return s
}

// seal makes the envelope of m and returns its plaintext for the transcript.
func (s *session) seal(m Message) (env envelope.Envelope, plaintext []byte, err error) {
	plaintext, err = encode(m)
	if err != nil {
		return env, nil, err
	}
	padded, err := pad(plaintext)
	if err != nil {
		return env, nil, err
	}
	defer clear(padded)
	enc, err := decoyEnc()
	if err != nil {
		return env, nil, err
	}
	seq := s.out.next
	s.out.next++
	head := envelope.Header{Queue: s.peer, KeyID: s.out.keyID(seq)}.Append(env[:0])
	head = append(head, enc[:]...)
	s.out.aead.Seal(head, s.out.nonce(seq), padded, head)
	return env, plaintext, nil
}

// has says whether id is one that the other side may use next.
func (s *session) has(id envelope.KeyID) bool {
	_, ok := s.in.expected[id]
	return ok
}

// open authenticates an envelope, which uses up its number, and parses its message.
func (s *session) open(id envelope.KeyID, env *envelope.Envelope) (m Message, plaintext []byte, err error) {
	seq, ok := s.in.expected[id]
	if !ok {
		return nil, nil, ErrEnvelope
	}
	const head = envelope.HeaderSize + envelope.EncSize
	padded, err := s.in.aead.Open(nil, s.in.nonce(seq), env[head:], env[:head])
	if err != nil {
		return nil, nil, ErrEnvelope
	}
	delete(s.in.expected, id)
	s.in.expect()
	if plaintext, err = unpad(padded); err != nil {
		return nil, nil, err
	}
	if m, err = decode(plaintext); err != nil {
		return nil, nil, err
	}
	if !s.fromPeer(m.Type()) {
		return nil, nil, ErrEnvelope
	}
	return m, plaintext, nil
}

func (s *session) wipe() {
	clear(s.hs[:])
	clear(s.finA[:])
	clear(s.finB[:])
	clear(s.media[:])
	s.out, s.in = half{}, half{}
}
