package probe

import (
	"fmt"
	"time"

	"github.com/pion/stun/v4"
)

// streams are probes of TCP and TLS.
var streams = []probe{
	{"stream.split-message", "RFC 8656 section 12.5", []string{"success"}, nil, onStream(func(e *env) string {
		c, err := e.client(user{})
		if err != nil {
			return "no connection"
		}
		m := stun.MustBuild(stun.TransactionID, stun.BindingRequest)
		for _, part := range [][]byte{m.Raw[:1], m.Raw[1:9], m.Raw[9:]} {
			if c.write(part) != nil {
				return "closed"
			}
			time.Sleep(splitPause)
		}
		b, err := c.read(time.Now().Add(2 * e.cfg.Wait))
		if err != nil {
			return broken(err)
		}
		answer := &stun.Message{Raw: b}
		if answer.Decode() != nil || answer.TransactionID != m.TransactionID {
			return "nonsense"
		}
		return c.outcome(answer)
	})},
	{"stream.not-turn", "RFC 8656 section 12.5", []string{"closed"}, []string{"silence"}, onStream(func(e *env) string {
		return e.throws([]byte{0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	})},
	{"stream.slow", "slowloris", []string{"survives"}, nil, onStream(slow)},
	{"stream.length-of-channel-data", "framing spin: 9 bytes without a login", []string{"closed"}, []string{"silence"}, onStream(func(e *env) string {
		return e.spins([]byte{0x40, 0, 0, 0, 0, 0, 0, 0, 0}, channelHeader)
	})},
	{"stream.length-of-a-stun-message", "framing spin", []string{"closed"}, []string{"silence"}, onStream(func(e *env) string {
		m := stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw
		return e.spins(m, stunHeader)
	})},
}

const (
	splitPause = 20 * time.Millisecond
	slowConns  = 50

	// A server that spins takes all of a core that others leave it, and one that answers nothing no more than before.
	spinWatch = 400 * time.Millisecond
	spinShare = 0.1
)

func onStream(run func(*env) string) func(*env) string {
	return func(e *env) string {
		if e.cfg.Transport == UDP {
			return skip + "is of TCP and TLS"
		}
		return run(e)
	}
}

// throws writes bytes on a new connection and says what comes of it.
func (e *env) throws(b []byte) string {
	c, err := e.client(user{})
	if err != nil {
		return "no connection"
	}
	if c.write(b) != nil {
		return "closed"
	}
	if _, err = c.read(time.Now().Add(e.cfg.Wait)); err != nil {
		return broken(err)
	}
	return "an answer"
}

// spins sends lengths that become about 0 when the header is added in 16 bits: a server that then takes messages of no bytes
// from the stream never stops. It is told from a patient one by the time that its process takes.
func (e *env) spins(message []byte, header int) string {
	worst := "closed"
	for length := 0x10000 - header - 3; length <= 0x10000-header; length++ {
		m := append([]byte(nil), message...)
		m[2], m[3] = byte(length>>8), byte(length)
		if got := e.throws(m); got != "closed" {
			worst = got
		}
		share, known := e.busy()
		if known && share > e.idle+spinShare { // and once more, for it may still have been at work
			share, known = e.busy()
		}
		if known && share > e.idle+spinShare {
			return fmt.Sprintf("spins: %.0f %% of a core, idle", 100*share)
		}
	}
	if got := e.alive(worst); got != worst {
		return got
	}
	return worst
}

// busy is the share of a core that the server takes while nothing is asked of it.
func (e *env) busy() (share float64, known bool) {
	before, ok := cpuTime(e.cfg.PID)
	if !ok {
		return 0, false
	}
	began := time.Now()
	time.Sleep(spinWatch)
	after, ok := cpuTime(e.cfg.PID)
	return (after - before).Seconds() / time.Since(began).Seconds(), ok
}

// slow holds connections open with a byte each, and asks on another one.
func slow(e *env) string {
	for range slowConns {
		c, err := e.client(user{})
		if err != nil {
			break // a bound on connections of one source is an answer, too
		}
		_ = c.write([]byte{0})
	}
	return e.alive("survives")
}
