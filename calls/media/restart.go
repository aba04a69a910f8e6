package media

// Restart is what the peer says of its media in the middle of a call. If its
// credentials are the ones that are known, its candidates are further ones of
// the same ICE session. If they are new, it has restarted ICE, as browsers do:
// then this side restarts too, and Local has new credentials afterwards. DTLS
// and SRTP go on. The fingerprint of remote does not matter: it cannot change.
func (c *Conn) Restart(remote Description) error {
	if !c.isUp() {
		return ErrState
	}
	c.candMu.Lock()
	defer c.candMu.Unlock()
	remote.Fingerprint = c.peer.Fingerprint
	if err := remote.check(); err != nil {
		return err
	}
	if remote.Ufrag == c.peer.Ufrag && remote.Pwd == c.peer.Pwd {
		return c.addLocked(remote.Candidates)
	}
	c.remotes, c.restarted = nil, true
	applied := c.applied
	c.applied = -1 // describe puts them into the description
	err := c.addLocked(remote.Candidates)
	c.applied = applied
	remote.Candidates = c.remotes
	if e := c.describe(remote, true); e != nil {
		return e
	}
	c.applied = len(c.remotes)
	c.peer = remote

	return err
}
