package netsim

import (
	"container/heap"
	"time"
)

// event is something that happens later, under the network's lock.
type event struct {
	at    time.Time
	order uint64 // of being planned: what happens at the same time happens in this order
	run   func()
}

// events is a heap.
type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at.Before(e[j].at) || (e[i].at.Equal(e[j].at) && e[i].order < e[j].order)
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = event{}
	*e = (*e)[:last]
	return x
}

// planLocked runs a function at a time: now, if it is due and nothing else is due before it.
func (n *Network) planLocked(at time.Time, run func()) {
	now := time.Now()
	if !at.After(now) && (len(n.events) == 0 || n.events[0].at.After(now)) {
		run()
		return
	}
	n.order++
	heap.Push(&n.events, event{at, n.order, run})
	if n.events[0].order == n.order {
		n.armLocked(now)
	}
}

func (n *Network) armLocked(now time.Time) {
	if len(n.events) == 0 {
		return
	}
	wait := n.events[0].at.Sub(now)
	if n.timer == nil {
		n.timer = time.AfterFunc(wait, n.runEvents)
		return
	}
	n.timer.Reset(wait)
}

// runEvents runs all that are due. Nothing waits meanwhile: a timer starts it.
func (n *Network) runEvents() {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	for len(n.events) > 0 && !n.events[0].at.After(now) {
		heap.Pop(&n.events).(event).run()
	}
	n.armLocked(now)
}
