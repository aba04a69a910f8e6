package server

import (
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Our choices.
const (
	sourceBurst  = 10 // seconds' worth of requests at once
	saltLifetime = 10 * time.Minute
	maxSources   = 1 << 16 // beyond them, all new ones share one limit
	prefixBits4  = 32
	prefixBits6  = 64
)

// sources limits requests for each source prefix without remembering any.
type sources struct {
	perSecond int // static; not positive: no limit

	// Guarded by mu.
	mu      sync.Mutex
	salt    [32]byte
	renewed time.Time
	limits  map[[16]byte]*rate.Limiter
	rest    *rate.Limiter
}

func newSources(perSecond int) *sources {
	s := &sources{perSecond: perSecond}
	s.forgetLocked(time.Now())
	return s
}

func (s *sources) forgetLocked(now time.Time) {
	rand.Read(s.salt[:]) // cannot fail since Go 1.24
	s.renewed, s.limits, s.rest = now, make(map[[16]byte]*rate.Limiter), s.limiter()
}

func (s *sources) limiter() *rate.Limiter {
	return rate.NewLimiter(rate.Limit(s.perSecond), s.perSecond*sourceBurst)
}

// renew forgets all sources when the salt has served its time.
func (s *sources) renew(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.renewed) >= saltLifetime {
		s.forgetLocked(now)
	}
}

// allow counts one request from a remote address as net/http writes it.
func (s *sources) allow(remote string, now time.Time) bool {
	at, err := netip.ParseAddrPort(remote)
	if s.perSecond <= 0 || err != nil || at.Addr().Unmap().IsLoopback() {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := s.keyLocked(at.Addr().Unmap())
	limit, ok := s.limits[key]
	switch {
	case ok:
	case len(s.limits) >= maxSources:
		limit = s.rest
	default:
		limit = s.limiter()
		s.limits[key] = limit
	}
	return limit.AllowN(now, 1)
}

// keyLocked is a salted hash of the prefix: the map must not be a list of addresses.
func (s *sources) keyLocked(a netip.Addr) [16]byte {
	bits := prefixBits6
	if a.Is4() {
		bits = prefixBits4
	}
	prefix, err := a.WithZone("").Prefix(bits)
	if err != nil {
		panic("server: internal error: a prefix is longer than its address")
	}
	b := prefix.Addr().As16()
	sum := sha256.Sum256(append(s.salt[:], b[:]...))
	return [16]byte(sum[:])
}

// allow counts a request against its source's limit, or answers.
func (s *Server) allow(w http.ResponseWriter, r *http.Request) bool {
	if s.sources.allow(r.RemoteAddr, time.Now()) {
		return true
	}
	s.counters.limited.Add(1)
	w.Header().Set("Retry-After", "1")
	fail(w, http.StatusTooManyRequests)
	return false
}
