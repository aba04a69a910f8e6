package identity

import (
	"time"

	"github.com/taciturn-voice/taciturn/signaling/record"
)

const (
	// rotateEvery bounds what a stolen device can open of what was recorded before.
	rotateEvery = 24 * time.Hour
	// graceAfterRotation lets offers arrive that were sealed just before: they live 60 seconds, and a caller may have
	// fetched the prekey some minutes earlier.
	graceAfterRotation = 10 * time.Minute
	// resignBelow leaves half of a list's lifetime for a device that is offline.
	resignBelow = record.MaxListLifetime / 2
	// clockSlack is how far the clock may have been set back before records of the future are replaced: others would
	// refuse them.
	clockSlack = 5 * time.Minute
)

// Maintain does what is due at now: erases a superseded prekey, rotates the current one, signs the device list anew. When
// it says that something changed, store the identity first and publish it then: a prekey that is published but not stored
// would be lost with a crash, and calls with it.
func (id *Identity) Maintain(now time.Time) (changed bool, err error) {
	s := id.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wiped {
		return false, errWiped
	}
	if len(s.prekeys) > 1 && outside(now, s.prekeys[1].superseded, graceAfterRotation) {
		s.eraseOldLocked()
		changed = true
	}
	if outside(now, s.prekeys[0].public.NotBefore, rotateEvery) {
		if err := s.rotateLocked(now); err != nil {
			return changed, err
		}
		changed = true
	}
	if outside(now, s.list.Issued, s.list.Expires.Sub(s.list.Issued)-resignBelow) {
		s.signListLocked(now)
		changed = true
	}
	return changed, nil
}

// outside says whether now is not within span after start, the clock having been set back included.
func outside(now, start time.Time, span time.Duration) bool {
	return now.Before(start.Add(-clockSlack)) || !now.Before(start.Add(span))
}

// seconds is t as records write it.
func seconds(t time.Time) time.Time { return time.Unix(t.Unix(), 0).UTC() }

// rotateLocked puts a new prekey before the current one.
func (s *state) rotateLocked(now time.Time) error {
	fresh, err := newPrekeySecret()
	if err != nil {
		return err
	}
	fresh.public.Device = s.self.ID
	fresh.public.Mailbox = s.mailbox
	fresh.public.NotBefore = seconds(now)
	fresh.public.NotAfter = fresh.public.NotBefore.Add(record.PrekeyLifetime)
	fresh.public.Sign(s.signDeviceLocked)
	s.eraseOldLocked()
	next := []prekeySecret{*fresh}
	fresh.wipe()
	if len(s.prekeys) > 0 {
		s.prekeys[0].superseded = seconds(now)
		next = append(next, s.prekeys[0])
		s.prekeys[0].wipe()
	}
	s.prekeys = next
	return nil
}

// eraseOldLocked erases all prekeys but the current one.
func (s *state) eraseOldLocked() {
	for i := 1; i < len(s.prekeys); i++ {
		s.prekeys[i].wipe()
	}
	s.prekeys = s.prekeys[:min(1, len(s.prekeys))]
}

// signListLocked makes the list's successor, or the first list.
func (s *state) signListLocked(now time.Time) {
	next := copyList(s.list)
	if next.Epoch > 0 {
		next.Previous = s.list.Hash()
	}
	next.Epoch++
	next.Issued = seconds(now)
	next.Expires = next.Issued.Add(record.MaxListLifetime)
	next.Sign(s.signAccountLocked)
	s.list = next
}
