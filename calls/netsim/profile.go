package netsim

import "time"

// Profile is an access link, what happens to it in the course of time, and what stands between it and the rest.
type Profile struct {
	Name   string
	Source string // of the figures
	Note   string // what to know to read a result

	Up, Down Link
	// Steps replace Up and Down, each from its time on. They are in order, and begin again after Every; zero: never.
	Steps []Step
	Every time.Duration
	// Outages are gaps in which nothing passes.
	Outages Outages
	// NAT: the host is behind one. The zero value: it is not.
	NAT      NAT
	Firewall Firewall
	// Switch is a change of the network, and so of the address.
	Switch Switch
}

// Step is a link from a time on.
type Step struct {
	At       time.Duration
	Up, Down Link
}

// Outages come at random, a gap of MinGap to MaxGap after the one before. Their length is lognormal, between Min and Max. With
// each, the delay in both directions changes to the one of the link and up to DelayStep more or less. Without a Median there
// are none.
type Outages struct {
	MinGap, MaxGap   time.Duration
	Min, Median, Max time.Duration
	Sigma            float64 // of the logarithm of the length
	DelayStep        time.Duration
}

// Firewall is what does not pass.
type Firewall struct {
	NoUDP    bool
	TCPPorts []uint16 // all that may be dialled; empty: any
}

func (f Firewall) dials(port uint16) bool {
	for _, p := range f.TCPPorts {
		if p == port {
			return true
		}
	}
	return len(f.TCPPorts) == 0
}

// Switch is a [Host.Move] at a time, to an address that nobody has and to the profile of a name.
type Switch struct {
	At      time.Duration
	Overlap time.Duration
	To      string
}

// at are the links at a time since the profile began.
func (p Profile) at(since time.Duration) (up, down Link) {
	if p.Every > 0 {
		since %= p.Every
	}
	up, down = p.Up, p.Down
	for _, s := range p.Steps {
		if s.At > since {
			break
		}
		up, down = s.Up, s.Down
	}
	return up, down
}
