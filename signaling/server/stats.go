package server

import "sync/atomic"

// Drop is why an envelope that had been accepted was never read.
type Drop uint8

// Reasons.
const (
	DropFull      Drop = 1 + iota // newer ones needed the room
	DropExpired                   // nobody read it for 60 s
	DropDuplicate                 // the same one was waiting already
	DropAbandoned                 // its queue ended
	dropEnd
)

func (d Drop) String() string {
	switch d {
	case DropFull:
		return "full"
	case DropExpired:
		return "expired"
	case DropDuplicate:
		return "duplicate"
	case DropAbandoned:
		return "abandoned"
	}
	return "unset"
}

// Stats counts since New.
type Stats struct {
	Accepted uint64 // envelopes that reached a box
	Refused  uint64 // envelopes that did not
	Limited  uint64 // requests over the limit of their source
	Drops    map[Drop]uint64
}

// counters are the living form of Stats.
type counters struct {
	accepted, refused, limited atomic.Uint64
	drops                      [dropEnd]atomic.Uint64
}

// Stats counts.
func (s *Server) Stats() Stats {
	c := &s.counters
	out := Stats{c.accepted.Load(), c.refused.Load(), c.limited.Load(), make(map[Drop]uint64)}
	for d := DropFull; d < dropEnd; d++ {
		out.Drops[d] = c.drops[d].Load()
	}
	return out
}
