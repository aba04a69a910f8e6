package turn

import "time"

// login is who sent a request, proved by its integrity.
type login struct {
	user userID
	key  integrityKey
	seal uint16 // the type of attribute that proved it
	tag  pairTag
	open bool // may open an allocation: fresh, and of a secret that counts; else it only serves a live one. tag is set
}

// authenticate is RFC 8489 section 9.2.4. Cheap checks come first: who has not seen a nonce at this very address makes the
// relay compute one hash.
func (w *worker) authenticate(m *message, who tuple) (login, errorCode) {
	s := w.server
	seal, ok := m.integrity()
	if !ok {
		return login{}, codeUnauthorized
	}
	name, ok1 := m.find(attrUsername)
	realm, ok2 := m.find(attrRealm)
	nonce, ok3 := m.find(attrNonce)
	if !ok1 || !ok2 || !ok3 {
		return login{}, codeBadRequest
	}
	if !w.hasher.validNonce(nonce, who, w.now) {
		return login{}, codeStaleNonce
	}
	if string(realm) != s.cfg.Realm {
		return login{}, codeUnauthorized
	}
	algorithm, ok := m.algorithm()
	if !ok {
		return login{}, codeBadRequest
	}
	l := login{seal: seal.kind}
	copy(l.user[:], w.hasher.user.sum(name))
	if key, ok := s.table.known(who, l.user, m.kind, w.now); ok {
		l.key = key
		if !w.hasher.sealed(m, seal, &l.key) {
			return login{}, codeUnauthorized
		}
		return l, 0
	}
	u, ok := parseUsername(name)
	if !ok || time.Now().Unix() >= u.expiry { // made by another clock, so the wall clock counts
		return login{}, codeUnauthorized
	}
	for i := range s.cfg.Secrets {
		if u.ours && u.keyID != s.keyIDs[i] {
			continue
		}
		password := passwordOf(w.hasher.secrets[i], name)
		l.key = w.hasher.longTermKey(algorithm, name, s.cfg.Realm, password[:])
		if w.hasher.sealed(m, seal, &l.key) {
			l.tag, l.open = u.tag, true
			return l, 0
		}
	}
	return login{}, codeUnauthorized
}

// known returns the key of a user who has an allocation here already, whatever became of the credential since. One that has
// just ended serves only to hear the answer to its last Refresh again.
func (t *table) known(who tuple, user userID, kind uint16, now time.Duration) (integrityKey, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	a, _ := t.findLocked(who)
	if a == nil || a.user != user || now >= a.expires || a.state == stateEnded && kind != refreshRequest {
		return integrityKey{}, false
	}
	return a.key, true
}
