package callstate

import "time"

// A server that dies loses what it has taken, so whoever waits for an answer sends the identical envelope again: an OFFER
// until RING, RING and ACCEPT until CONFIRM, CONFIRM until CONNECTED, RESTART until RESTART-ACK, RESTART-ACK until a frame
// with the new key. The gaps double. Receivers drop duplicates.
const (
	firstGap        = time.Second
	maxOfferGap     = 8 * time.Second
	maxRestartGap   = 32 * time.Second
	handshakeSends  = 4 // after 1, 3, 7 and 15 s: as long as ConnectTimeout
	elsewhereSends  = 2
	restartSends    = 8                // two minutes; a later impairment begins anew
	offerSendsLimit = 1 << 10          // until OfferTimeout
	callerPatience  = 5 * time.Second  // for a restart to help, before the next
	calleePatience  = 8 * time.Second  // later than the caller, so that they seldom collide
	RecoverTimeout  = 30 * time.Second // from MediaImpaired until the call is given up
)

// repeater says when to send something again. Its zero value is at rest.
type repeater struct {
	at   time.Time
	gap  time.Duration
	max  time.Duration
	left int
}

func (r *repeater) start(now time.Time, sends int, longest time.Duration) {
	*r = repeater{at: now.Add(firstGap), gap: firstGap, max: longest, left: sends}
}

func (r *repeater) stop() { *r = repeater{} }

// due says whether it is time, and sets the next time.
func (r *repeater) due(now time.Time) bool {
	if r.at.IsZero() || r.at.After(now) {
		return false
	}
	if r.left--; r.left <= 0 {
		r.stop()
		return true
	}
	r.gap = min(2*r.gap, r.max)
	r.at = now.Add(r.gap)
	return true
}
