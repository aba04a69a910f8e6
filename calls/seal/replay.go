package seal

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

const (
	// replayMemory is how long an offer is remembered: longer than age and clock tolerance together can make it valid.
	replayMemory = 10 * time.Minute
	// maxReplay bounds the memory: nobody is called seven times a second for ten minutes by people who have the key.
	maxReplay     = 4096
	replayVersion = 1
)

// ErrReplaySet: the stored memory of offers cannot be read.
var ErrReplaySet = errors.New("seal: damaged memory of offers")

// ReplaySet remembers offers for ten minutes. The zero value is empty and ready; it is not safe for concurrent use. Store
// it after each offer, or an old offer could ring again after a restart.
type ReplaySet struct {
	seen map[[hashBytes]byte]int64 // TH(enc) → unix milliseconds
}

// contains says whether the offer with this hash was seen.
func (r *ReplaySet) contains(hash [hashBytes]byte) bool {
	_, ok := r.seen[hash]
	return ok
}

// add remembers an offer; false when the memory is full, which must count as seen.
func (r *ReplaySet) add(hash [hashBytes]byte, now time.Time) bool {
	old := now.Add(-replayMemory).UnixMilli()
	for h, at := range r.seen {
		if at < old {
			delete(r.seen, h)
		}
	}
	if len(r.seen) >= maxReplay {
		return false
	}
	if r.seen == nil {
		r.seen = make(map[[hashBytes]byte]int64)
	}
	r.seen[hash] = now.UnixMilli()
	return true
}

// Append writes u8 version ‖ (hash [32] ‖ u64 unix milliseconds) …, sorted by hash.
func (r *ReplaySet) Append(b []byte) []byte {
	hashes := make([][hashBytes]byte, 0, len(r.seen))
	for h := range r.seen {
		hashes = append(hashes, h)
	}
	slices.SortFunc(hashes, func(a, b [hashBytes]byte) int { return bytes.Compare(a[:], b[:]) })
	w := cryptobyte.NewBuilder(append(b, replayVersion))
	for _, h := range hashes {
		w.AddBytes(h[:])
		w.AddUint64(uint64(r.seen[h]))
	}
	return w.BytesOrPanic()
}

// ParseReplaySet reads what Append wrote. It fails with ErrReplaySet.
func ParseReplaySet(b []byte) (*ReplaySet, error) {
	var (
		s       = cryptobyte.String(b)
		version uint8
		last    [hashBytes]byte
		r       = &ReplaySet{seen: make(map[[hashBytes]byte]int64)}
	)
	if !s.ReadUint8(&version) || version != replayVersion {
		return nil, ErrReplaySet
	}
	for !s.Empty() {
		var (
			h  [hashBytes]byte
			at uint64
		)
		if !s.CopyBytes(h[:]) || !s.ReadUint64(&at) || at >= 1<<62 || len(r.seen) >= maxReplay ||
			(len(r.seen) > 0 && bytes.Compare(last[:], h[:]) >= 0) {
			return nil, ErrReplaySet
		}
		r.seen[h], last = int64(at), h
	}
	return r, nil
}
