package light

import (
	"container/heap"
	"net/netip"
	"time"

	"github.com/taciturn-voice/taciturn/calls/netsim"
)

// edge is the bad network between one leg and the relay.
type edge struct {
	link        *netsim.Edge
	self, relay netip.AddrPort
}

// delayed is a datagram on its way through an edge.
type delayed struct {
	at    time.Time
	order uint64
	leg   *leg
	up    bool
	p     []byte
}

// traffic is what is on its way, the first to arrive first.
type traffic struct {
	waiting []delayed
	order   uint64
}

func (t *traffic) Len() int { return len(t.waiting) }
func (t *traffic) Less(i, j int) bool {
	a, b := t.waiting[i], t.waiting[j]
	return a.at.Before(b.at) || (a.at.Equal(b.at) && a.order < b.order)
}
func (t *traffic) Swap(i, j int) { t.waiting[i], t.waiting[j] = t.waiting[j], t.waiting[i] }
func (t *traffic) Push(x any)    { t.waiting = append(t.waiting, x.(delayed)) }
func (t *traffic) Pop() any {
	last := len(t.waiting) - 1
	x := t.waiting[last]
	t.waiting[last] = delayed{}
	t.waiting = t.waiting[:last]
	return x
}

// pass puts p on its way through the edge of l, as often as it gets through.
func (t *traffic) pass(l *leg, up bool, p []byte, now time.Time) {
	through, from, to := l.edge.link.Up, l.edge.self, l.edge.relay
	if !up {
		through, from, to = l.edge.link.Down, l.edge.relay, l.edge.self
	}
	at, copies := through(now, from, to, p)
	for range copies {
		t.order++
		heap.Push(t, delayed{at, t.order, l, up, append([]byte(nil), p...)})
	}
}

// arrived is the next datagram that is due, if there is one.
func (t *traffic) arrived(now time.Time) (delayed, bool) {
	if len(t.waiting) == 0 || t.waiting[0].at.After(now) {
		return delayed{}, false
	}
	return heap.Pop(t).(delayed), true
}
