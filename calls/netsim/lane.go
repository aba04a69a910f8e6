package netsim

import "time"

// Counts says what became of the datagrams that entered one direction of a link.
type Counts struct {
	Passed     int // with duplicates counted once
	Lost       int // by [Link.Loss]
	Overflowed int // the queue was full
	TooBig     int // for [Link.MTUBytes]
	Blocked    int // by a [Firewall]
	Down       int // during an outage
	Duplicated int
	Reordered  int // of those that passed: overtook others
}

// lane is the state of one direction of a link.
type lane struct {
	seed   uint64
	flows  map[uint64]*flow
	queue  []queued // the first to leave first
	counts Counts
}

// queued is a datagram in the queue of a link, until it is sent.
type queued struct {
	leaves time.Time
	bytes  int
}

// flow is what a link remembers of the datagrams from one socket to another, of one kind.
type flow struct {
	key       uint64
	next      uint64 // index of the next datagram
	bad       bool   // state of the chain
	overtakes bool   // did the last datagram
	last      time.Time
	crossed   time.Time // of the last one to cross the network between
}

func newLane(seed uint64) lane { return lane{seed: seed, flows: make(map[uint64]*flow)} }

func (l *lane) flow(id uint64) *flow {
	f := l.flows[id]
	if f == nil {
		f = &flow{key: mix(l.seed, id)}
		l.flows[id] = f
	}
	return f
}

// pass sends a datagram of a flow over the link: when it comes out, and how many of it. since is how long the link has been
// what it is, offset is added to its delay.
func (l *lane) pass(link Link, now time.Time, since, offset time.Duration, id uint64, bytes int) (out time.Time, copies int) {
	if link == (Link{}) && offset == 0 {
		l.counts.Passed++
		return now, 1
	}
	if link.MTUBytes > 0 && bytes > link.MTUBytes {
		l.counts.TooBig++
		return now, 0
	}
	f := l.flow(id)
	i := f.next
	f.next++
	sent, ok := l.enqueue(link, now, since, unit(f.key, i, drawBulk), bytes)
	if !ok {
		l.counts.Overflowed++
		return now, 0
	}
	if f.loses(link.Loss, i) {
		l.counts.Lost++
		return now, 0
	}
	out = f.arrival(link, i, sent, offset)
	if f.overtakes {
		l.counts.Reordered++
	}
	l.counts.Passed++
	if link.Duplicate > 0 && unit(f.key, i, drawDuplicate) < link.Duplicate {
		l.counts.Duplicated++
		return out, 2
	}
	return out, 1
}

// enqueue says when the last bit of it has left, unless the queue is full. What fits an empty queue only is let in there:
// else a large packet could never pass.
func (l *lane) enqueue(link Link, now time.Time, since time.Duration, u float64, bytes int) (sent time.Time, ok bool) {
	if link.BitsPerSecond <= 0 {
		l.queue = l.queue[:0]
		return now, true
	}
	gone := 0
	for gone < len(l.queue) && !l.queue[gone].leaves.After(now) {
		gone++
	}
	l.queue = l.queue[:copy(l.queue, l.queue[gone:])]
	bulk := link.Bulk.waiting(link, since, u)
	waiting := bulk
	for _, q := range l.queue {
		waiting += q.bytes
	}
	if waiting > 0 && (waiting+bytes > link.queueBytes() || len(l.queue) >= link.queuePackets()) {
		return now, false
	}
	sent = now.Add(link.transmission(bulk))
	if len(l.queue) > 0 {
		if before := l.queue[len(l.queue)-1].leaves; before.After(sent) {
			sent = before
		}
	}
	sent = sent.Add(link.transmission(bytes))
	l.queue = append(l.queue, queued{sent, bytes})
	return sent, true
}

// loses takes the chain one step on.
func (f *flow) loses(loss Loss, i uint64) bool {
	if loss.Enter > 0 {
		u := unit(f.key, i, drawState)
		switch {
		case i == 0:
			f.bad = u < loss.equilibrium()
		case f.bad:
			f.bad = u >= loss.Leave
		default:
			f.bad = u < loss.Enter
		}
	} else {
		f.bad = false
	}
	part := loss.Good
	if f.bad {
		part = loss.bad()
	}
	return part > 0 && unit(f.key, i, drawLoss) < part
}

// arrival adds delay and jitter, in order.
func (f *flow) arrival(link Link, i uint64, sent time.Time, offset time.Duration) time.Time {
	if link.Reorder > 0 {
		if i == 0 || unit(f.key, i, drawRepeat) >= link.ReorderCorrelation {
			f.overtakes = unit(f.key, i, drawReorder) < link.Reorder
		}
		if f.overtakes {
			return sent
		}
	} else {
		f.overtakes = false
	}
	delay := link.Delay + offset
	if link.Jitter.Spread > 0 {
		delay += link.Jitter.at(unit(f.key, i, drawJitter), unit(f.key, i, drawJitter2))
	}
	out := sent.Add(max(0, delay))
	if out.Before(f.last) {
		return f.last
	}
	f.last = out
	return out
}
