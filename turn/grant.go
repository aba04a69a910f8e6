package turn

import (
	"net/netip"
	"time"
)

// grant is what the answer to an Allocate says.
type grant struct {
	port              uint16
	families, refused families
	lifetime          time.Duration
}

func (a *allocation) grant() grant {
	return grant{a.port, a.families | a.deleted, a.refused, a.granted}
}

// allocate adds a, unless code says why not. A 5-tuple in use comes first (RFC 8656 section 7.2), so that a request that comes
// again gets its answer.
func (t *table) allocate(a allocation, code errorCode, open bool, now time.Duration) (grant, errorCode) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, n := t.findLocked(a.tuple)
	switch {
	case old != nil && old.live(now) && old.transaction == a.transaction && old.user == a.user:
		return old.grant(), 0
	case old != nil && old.live(now):
		return grant{}, codeMismatch
	case code != 0:
		return grant{}, code
	case !open: // it was live when its user was looked up
		return grant{}, codeMismatch
	case t.draining && !t.calledLocked(a.tag, now):
		return grant{}, codeTryAlternate
	case old != nil:
		t.wipeLocked(n)
	}
	slot, code := t.addLocked(a)
	if code != 0 {
		return grant{}, code
	}
	return slot.grant(), 0
}

// ownLocked returns the live allocation that a user may change.
func (t *table) ownLocked(who tuple, user userID, now time.Duration) (*allocation, errorCode) {
	a, _ := t.findLocked(who)
	switch {
	case a == nil || !a.live(now):
		return nil, codeMismatch
	case a.user != user:
		return nil, codeWrongCredentials
	}
	return a, 0
}

// refresh sets the lifetime; 0 ends the allocation, or its part of one family.
func (t *table) refresh(who tuple, user userID, of families, lifetime time.Duration, id transactionID, now time.Duration) errorCode {
	t.mu.Lock()
	defer t.mu.Unlock()
	a, n := t.findLocked(who)
	if a != nil && a.state == stateEnded && now < a.expires && a.user == user && a.transaction == id && lifetime == 0 {
		return 0
	}
	a, code := t.ownLocked(who, user, now)
	if code != 0 {
		return code
	}
	switch {
	case lifetime == 0 && of != 0 && a.deleted&of == of:
		return 0
	case of&^a.families != 0:
		return codePeerFamily
	case lifetime == 0 && (of == 0 || of == a.families):
		t.endLocked(n, id, now)
		return 0
	}
	t.retractLocked(a)
	if lifetime == 0 {
		a.drop(of)
	} else {
		a.expires = now + lifetime
		t.dueLocked(a.expires)
	}
	t.publishLocked(a, now)
	return 0
}

// forbid is 403, unless there is a better reason.
func (t *table) forbid(who tuple, user userID, now time.Duration) errorCode {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if _, code := t.ownLocked(who, user, now); code != 0 {
		return code
	}
	return codeForbidden
}

// permit opens an allocation to this server's addresses of some families.
func (t *table) permit(who tuple, user userID, peers families, now time.Duration) errorCode {
	t.mu.Lock()
	defer t.mu.Unlock()
	a, code := t.ownLocked(who, user, now)
	switch {
	case code != 0:
		return code
	case peers == 0:
		return codeBadRequest
	case peers&^a.families != 0:
		return codePeerFamily
	}
	for _, f := range [...]family{family4, family6} {
		if peers.has(f) {
			a.permit(f, now)
		}
	}
	t.publishLocked(a, now) // a permission only makes flows longer
	return 0
}

// bind binds a channel to an allocation of the same call. All other ports look alike, so that nobody can probe which live.
func (t *table) bind(who tuple, user userID, number uint16, peer netip.AddrPort, now time.Duration) errorCode {
	t.mu.Lock()
	defer t.mu.Unlock()
	a, code := t.ownLocked(who, user, now)
	if code != 0 {
		return code
	}
	f := familyOf(peer.Addr())
	if !a.families.has(f) {
		return codePeerFamily
	}
	n := t.ports[peer.Port()]
	if n == 0 {
		return codeForbidden
	}
	if p := t.slot(n); p.tag != a.tag || !p.live(now) || !p.families.has(f) {
		return codeForbidden
	}
	t.retractLocked(a)
	code = a.bind(number, f, peer.Port(), now)
	t.publishLocked(a, now)
	return code
}
