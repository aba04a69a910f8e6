package netsim

import (
	"errors"
	"math"
	"net/netip"
	"time"
)

// access is how a host is connected: an address, the link it is reached by, and the router it is behind, if any.
type access struct {
	host     *Host
	addr     netip.Addr
	router   *Router
	rented   bool // the router is of the profile
	profile  Profile
	since    time.Time // when the profile began
	weather  weather
	up, down lane
}

// Use gives the host the access link of a profile, from now on. A profile with a NAT puts it behind a router with a public
// address of its own.
func (h *Host) Use(p Profile) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	h.useLocked(h.currentLocked(), p)
}

func (h *Host) useLocked(a *access, p Profile) {
	n := h.network
	if a == nil {
		return // it has none, in the gap of a move: that brings its own
	}
	a.profile, a.since = p, time.Now()
	seed := mix(n.cfg.Seed, hashAddr(a.addr))
	a.weather = weather{seed: seed, end: a.since}
	up, down := a.up.counts, a.down.counts
	a.up, a.down = newLane(mix(seed, 1)), newLane(mix(seed, 2))
	a.up.counts, a.down.counts = up, down
	if a.rented {
		delete(n.routers, a.router.public)
		a.router, a.rented = nil, false
	}
	if p.NAT != (NAT{}) && a.addr.Is4() {
		a.router, a.rented = n.routerLocked(n.spareLocked(mix(seed, 3)), p.NAT), true
	}
	if p.Switch.To != "" {
		began := a.since
		n.planLocked(began.Add(p.Switch.At), func() {
			if to, ok := ByName(p.Switch.To); ok && a.since.Equal(began) && h.currentLocked() == a {
				h.moveLocked(n.spareLocked(mix(seed, 4)), to, p.Switch.Overlap)
			}
		})
	}
}

// spareLocked finds an address that nobody has, in those for benchmarks (RFC 2544).
func (n *Network) spareLocked(h uint64) netip.Addr {
	for ; ; h++ {
		a := netip.AddrFrom4([4]byte{198, 18 + byte(h>>16&1), byte(h >> 8), byte(h)})
		if n.accesses[a] == nil && n.routers[a] == nil && n.hosts[a] == nil {
			return a
		}
	}
}

// SetRouter puts the host behind a router, or with nil on the open network.
func (h *Host) SetRouter(r *Router) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	if a := h.currentLocked(); a != nil {
		a.router, a.rented = r, false
	}
}

// Addr is the address that the host sends from; none in the gap of a move.
func (h *Host) Addr() netip.Addr {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	if a := h.currentLocked(); a != nil {
		return a.addr
	}
	return netip.Addr{}
}

// Counts says what became of the datagrams over the link in use.
func (h *Host) Counts() (up, down Counts) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	if a := h.currentLocked(); a != nil {
		return a.up.counts, a.down.counts
	}
	return Counts{}, Counts{}
}

var errTaken = errors.New("netsim: address of another host")

// Move takes the host to another network, where it has a new address and the link of a profile. For the overlap both work;
// a negative one is a gap in which neither does. Sockets that are bound to no address go on with the new one; what is bound
// to the old one, and streams, are dead as soon as that is gone.
func (h *Host) Move(to netip.Addr, p Profile, overlap time.Duration) error {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	if owner := h.network.hosts[to]; h.network.routers[to] != nil || h.network.accesses[to] != nil || (owner != nil && owner != h) {
		return errTaken
	}
	h.moveLocked(to, p, overlap)
	return nil
}

func (h *Host) moveLocked(to netip.Addr, p Profile, overlap time.Duration) {
	n, old, now := h.network, h.currentLocked(), time.Now()
	n.hosts[to] = h
	// What is due now is done now: who moved sends from the new address at once.
	later := func(d time.Duration, do func()) {
		if d <= 0 {
			do()
			return
		}
		n.planLocked(now.Add(d), do)
	}
	later(-overlap, func() { h.useLocked(h.attachLocked(to), p) })
	if old != nil {
		later(overlap, func() { h.detachLocked(old) })
	}
}

// attachLocked makes an access, which becomes the one in use.
func (h *Host) attachLocked(addr netip.Addr) *access {
	n := h.network
	a := &access{host: h, addr: addr}
	h.accesses = append(h.accesses, a)
	n.accesses[addr] = a
	for c := range h.unbound {
		n.sockets[netip.AddrPortFrom(addr, c.addr.Port())] = c
		c.addr = netip.AddrPortFrom(addr, c.addr.Port())
	}
	seed := mix(n.cfg.Seed, hashAddr(addr))
	a.up, a.down = newLane(mix(seed, 1)), newLane(mix(seed, 2))
	return a
}

func (h *Host) detachLocked(old *access) {
	n := h.network
	delete(n.accesses, old.addr)
	for i, a := range h.accesses {
		if a == old {
			h.accesses = append(h.accesses[:i:i], h.accesses[i+1:]...)
			break
		}
	}
	for c := range h.unbound {
		delete(n.sockets, netip.AddrPortFrom(old.addr, c.addr.Port()))
	}
}

// currentLocked is the newest access, nil in a gap.
func (h *Host) currentLocked() *access {
	if len(h.accesses) == 0 {
		return nil
	}
	return h.accesses[len(h.accesses)-1]
}

// nowLocked is what the access is at the moment. out: it is gone for a while.
func (a *access) nowLocked(now time.Time) (up, down Link, offset time.Duration, out bool) {
	up, down = a.profile.at(now.Sub(a.since))
	out, offset = a.weather.at(a.profile.Outages, now)
	return up, down, offset, out || a.host.down
}

// weather is the outages of an access, made as time passes: each is a function of the seed and its number.
type weather struct {
	seed       uint64
	number     uint64
	start, end time.Time     // of the outage that is next or now
	offset     time.Duration // of the delay, since the last outage
	next       time.Duration // of the delay, after this one
}

func (w *weather) at(o Outages, now time.Time) (out bool, offset time.Duration) {
	if o.Median <= 0 {
		return false, 0
	}
	for !w.end.After(now) {
		w.offset = w.next
		w.number++
		u := func(d draw) float64 { return unit(w.seed, w.number, d) }
		gap := o.MinGap + time.Duration(u(drawGap)*float64(o.MaxGap-o.MinGap))
		normal := Jitter{Shape: Normal, Spread: time.Second}.at(u(drawLength), u(drawLength2)).Seconds()
		length := time.Duration(float64(o.Median) * math.Exp(o.Sigma*normal))
		w.start = w.end.Add(gap)
		w.end = w.start.Add(min(max(length, o.Min), o.Max))
		w.next = time.Duration((2*u(drawOffset) - 1) * float64(o.DelayStep))
	}
	return !now.Before(w.start), w.offset
}
