package quality

import "time"

// Where a Watch changes its mind. The Recommendation G.107, annex B, calls users below the first nearly all dissatisfied (R under
// 60), and from the second on only some of them (R from 70). All three scales share this curve.
const (
	PoorMOS = 3.10
	GoodMOS = 3.60
)

const (
	// poorAfter: a hiccup is over before anybody has read that there is one.
	poorAfter = 4 * time.Second
	// goodAfter is longer: a network that comes and goes is a poor network, and is to be called so once.
	goodAfter = 10 * time.Second
)

// Watch makes of a live call's estimates the two things that a person can be told: the network is poor, and it is good again.
// It says poor when the MOS has been below PoorMOS for four seconds, and good again when it has been at least GoodMOS for ten;
// one estimate on the wrong side begins the time anew. The zero value is a network that is good.
type Watch struct {
	poor  bool
	since time.Time // of the estimates that speak for a change; zero: the last did not
}

// Poor is what was said last.
func (w *Watch) Poor() bool { return w.poor }

// See takes the estimate of now and says whether Poor has changed. A MOS that is not a number speaks for nothing.
func (w *Watch) See(now time.Time, mos float64) (changed bool) {
	against, patience := mos < PoorMOS, poorAfter
	if w.poor {
		against, patience = mos >= GoodMOS, goodAfter
	}
	switch {
	case !against:
		w.since = time.Time{}
	case w.since.IsZero():
		w.since = now
	case now.Sub(w.since) >= patience:
		w.poor, w.since = !w.poor, time.Time{}
		return true
	}
	return false
}
