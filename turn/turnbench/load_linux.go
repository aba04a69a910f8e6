package main

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"time"
)

// Data packets: channel(2) length(2) sent(8) client(4) measurement(4) 0(104); sent in nanoseconds since 1970.
const (
	sentOffset        = channelHeader
	clientOffset      = sentOffset + 8
	measurementOffset = clientOffset + 4
)

// load is what one generator saw.
type load struct {
	wall           time.Duration
	sent, received uint64
	idle           time.Duration // nothing to do
	stall          time.Duration // the longest time in which the generator did nothing, though it would have: it had no core
	latencies      histogram
}

// busy is the share of time in which the generator had something to do.
func (l load) busy() float64 { return 1 - l.idle.Seconds()/l.wall.Seconds() }

func (l load) loss() float64 {
	if l.sent == 0 {
		return 0
	}
	return 1 - float64(l.received)/float64(l.sent)
}

func (k *client) prepare() {
	b := &k.packet
	binary.BigEndian.PutUint16(b[:], k.channel)
	binary.BigEndian.PutUint16(b[2:], payloadBytes)
	binary.BigEndian.PutUint32(b[clientOffset:], uint32(k.number))
}

// take counts a data packet and returns when it was sent; false if it is none of this measurement.
func (c *calls) take(b []byte) (sent int64, ok bool) {
	if len(b) != channelHeader+payloadBytes || b[0]>>6 != 1 {
		return 0, false
	}
	n := binary.BigEndian.Uint32(b[clientOffset:])
	if int(n) >= len(c.clients) || binary.BigEndian.Uint32(b[measurementOffset:]) != c.measurement {
		return 0, false // late packets too: a relay may hold many
	}
	to := c.peer(int(n))
	if !c.raw && binary.BigEndian.Uint16(b) != to.channel {
		return 0, false
	}
	to.heard = true
	return int64(binary.BigEndian.Uint64(b[sentOffset:])), true
}

// send queues the next packet of a client.
func (c *calls) send(k *client, now time.Time) {
	binary.BigEndian.PutUint64(k.packet[sentOffset:], uint64(now.UnixNano()))
	binary.BigEndian.PutUint32(k.packet[measurementOffset:], c.measurement)
	c.socket.queue(k.address, k.relay, k.packet[:])
}

var errSilent = errors.New("turnbench: not every client hears its peer")

// check sends one packet each way and wants all of them.
func (c *calls) check() error {
	for try := range 3 {
		missing := 0
		for _, k := range c.clients {
			k.prepare()
			if !c.peer(k.number).heard {
				missing++
				c.send(k, time.Now())
			}
			if c.socket.full() {
				c.socket.flush()
				c.collect(time.Millisecond)
			}
		}
		if missing == 0 {
			return nil
		}
		c.socket.flush()
		c.collect(time.Duration(try+1) * 100 * time.Millisecond)
	}
	for _, k := range c.clients {
		if !k.heard {
			return errSilent
		}
	}
	return nil
}

// collect receives until nothing has come for d.
func (c *calls) collect(d time.Duration) (received uint64) {
	for last := time.Now(); time.Since(last) < d; {
		n := c.socket.receive()
		for i := range n {
			if _, ok := c.take(c.socket.packet(i)); ok {
				received++
			}
		}
		if n > 0 {
			last = time.Now()
		}
	}
	c.inFlight = 0
	return received
}

const (
	// fullWindow packets are on their way at once; relays with small buffers drop the rest in the beginning, after which as
	// many are on their way as they hold.
	fullWindow = 1024
	// lostAfter of silence, what is on its way is lost.
	lostAfter = 20 * time.Millisecond
)

// shuffled is the clients of n calls in an order that is always the same, and no order.
func (c *calls) shuffled(n int) []*client {
	clients := slices.Clone(c.clients[:2*n])
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(clients), func(i, j int) { clients[i], clients[j] = clients[j], clients[i] })
	return clients
}

// full keeps a relay busy with n calls for d. What is on its way at the end is there when it is called again.
func (c *calls) full(n int, d time.Duration) load {
	clients := c.shuffled(n)
	var l load
	start := time.Now()
	last, heard := start, start
	next := 0
	for {
		now := time.Now()
		gap := now.Sub(last)
		l.stall = max(l.stall, gap)
		last = now
		if now.Sub(start) >= d {
			break
		}
		got := c.socket.receive()
		for i := range got {
			if _, ok := c.take(c.socket.packet(i)); ok {
				c.inFlight--
				l.received++
			}
		}
		if got > 0 {
			heard = now
		} else if now.Sub(heard) > lostAfter {
			c.inFlight, heard = 0, now
		}
		for c.inFlight < fullWindow && !c.socket.full() {
			c.send(clients[next], now)
			next = (next + 1) % len(clients)
			c.inFlight++
		}
		if sent := c.socket.queued; sent > 0 {
			l.sent += uint64(sent)
			c.socket.flush()
		} else if got == 0 {
			l.idle += time.Since(now)
		}
	}
	l.wall = time.Since(start)
	return l
}

// frame is how often each side of a call sends.
const frame = 20 * time.Millisecond

// drain is how long late packets count, at most.
const drain = 300 * time.Millisecond

// voice sends for n calls as phones do: everybody at a phase of his own.
func (c *calls) voice(n int, d time.Duration) (load, error) {
	if err := c.socket.stamp(1); err != nil {
		return load{}, err
	}
	defer func() { _ = c.socket.stamp(0) }()
	clients := c.shuffled(n)
	phases := make([]time.Duration, len(clients))
	random := rand.New(rand.NewPCG(3, 4))
	for i := range phases {
		phases[i] = time.Duration(random.Int64N(int64(frame)))
	}
	slices.Sort(phases)
	c.measurement++
	var l load
	start := time.Now()
	last := start
	next := 0
	due := start.Add(phases[0])
	cycle := start
	end := start.Add(d)
	for {
		now := time.Now()
		l.stall = max(l.stall, now.Sub(last))
		last = now
		if now.After(end) {
			break
		}
		for !due.After(now) && !c.socket.full() {
			c.send(clients[next], now)
			l.sent++
			if next++; next == len(clients) {
				next, cycle = 0, cycle.Add(frame)
			}
			due = cycle.Add(phases[next])
		}
		sent := c.socket.queued
		c.socket.flush()
		got := c.hearVoice(&l)
		if got == 0 && sent == 0 {
			l.idle += time.Since(now)
		}
	}
	l.wall = time.Since(start)
	for last := time.Now(); time.Since(last) < min(drain, d); {
		if c.hearVoice(&l) > 0 {
			last = time.Now()
		}
	}
	return l, nil
}

func (c *calls) hearVoice(l *load) int {
	n := c.socket.receive()
	for i := range n {
		if sent, ok := c.take(c.socket.packet(i)); ok {
			l.received++
			l.latencies.add(time.Duration(c.socket.arrival(i) - sent))
		}
	}
	return n
}
