package turn

import (
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
)

// junk makes malformed packets out of good ones of many protocols.
type junk struct {
	rand  *rand.Rand
	seeds [][]byte
}

func newJunk(b *bench) *junk {
	j := &junk{rand: rand.New(rand.NewPCG(1, 2))}
	cred := stock(b.secret, "99999999999:junk")
	for _, method := range []stun.Method{stun.MethodBinding, stun.MethodAllocate, stun.MethodRefresh, stun.MethodCreatePermission, stun.MethodChannelBind} {
		j.seeds = append(j.seeds,
			header(uint16(method), 0),
			b.login(clientAddress(1), cred, method, udp, lifetime(time.Hour), requested(family4), peer(at4(5000)), peer(at6(5000)), number(0x4000)))
	}
	send := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), peer(at4(5000)), raw(stun.AttrData, make([]byte, 100)))
	j.seeds = append(j.seeds, send.Raw,
		channelData(0x4000, string(make([]byte, 160))), channelData(0x4FFF, ""),
		[]byte{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 1, 0, 0, 28, 0, 0, 0, 0, 0, 0, 0, 28, 254, 253},               // DTLS hello
		append([]byte{0xA0, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, make([]byte, 160)...),                                     // RTP, padding bit
		append([]byte{0x81, 200, 0xFF, 0xFF}, make([]byte, 40)...),                                                        // RTCP
		append([]byte{0x13, 0x88, 0x13, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0xFF, 0xFF}, make([]byte, 40)...),             // SCTP
		[]byte{22, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3}, []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), make([]byte, 2048), nil, // TLS, HTTP
	)
	return j
}

// next is valid until the next.
func (j *junk) next(b []byte) []byte {
	b = append(b[:0], j.seeds[j.rand.IntN(len(j.seeds))]...)
	for range 1 + j.rand.IntN(4) {
		switch n := len(b); j.rand.IntN(6) {
		case 0:
			b = b[:j.rand.IntN(n+1)]
		case 1:
			for range j.rand.IntN(40) {
				b = append(b, byte(j.rand.Uint32()))
			}
		case 2:
			if n >= 4 { // a length
				at := j.rand.IntN(n/4) * 4
				b[at+2-at%4], b[at+3-at%4] = byte(j.rand.IntN(3)*127), byte(j.rand.Uint32())
			}
		default:
			if n > 0 {
				b[j.rand.IntN(n)] ^= 1 << j.rand.IntN(8)
			}
		}
	}
	if len(b) >= stunHeader && j.rand.IntN(2) == 0 { // else most would fail at the length
		b[0] &= 0x3F
		b = b[:len(b)&^3]
		putLength(b, 0)
	}
	return b[:min(len(b), maxPacketBytes+1)]
}

// millions is how many malformed packets each listener gets: fewer where each takes longer.
func millions() int {
	if raceDetector || testing.Short() {
		return 100_000
	}
	return 1_000_000
}

func (b *bench) panics() uint64 { return b.worker.socket.counters.drops[DropPanic].Load() }

// wantNoGrowth runs f and wants the heap, the goroutines and the table as they were.
func wantNoGrowth(t *testing.T, panics func() uint64, f func()) {
	t.Helper()
	measure := func() (uint64, int) {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, runtime.NumGoroutine()
	}
	heap, goroutines := measure()
	f()
	heapAfter, goroutinesAfter := measure()
	if heapAfter > heap+1<<20 || goroutinesAfter > goroutines {
		t.Errorf("heap of %d bytes and %d goroutines became %d and %d", heap, goroutines, heapAfter, goroutinesAfter)
	}
	if n := panics(); n != 0 {
		t.Errorf("%d panics", n)
	}
}

// covers T2, T11 (CVE-2026-54909, CVE-2026-54908, CVE-2025-49140, CVE-2022-29189 and kin)
func TestAMillionMalformedDatagrams(t *testing.T) {
	b := newBench(t)
	call := b.calls(1)
	j := newJunk(b)
	wantNoGrowth(t, b.panics, func() {
		in := make([]datagram, batchPackets)
		for i := range in {
			in[i].b = make([]byte, 0, maxPacketBytes+100)
		}
		for range millions() / batchPackets {
			for i := range in {
				in[i].b, in[i].addr = j.next(in[i].b), call[i%len(call)].addr // with all that a client may do
			}
			b.packets(in)
		}
	})
	if out, to := b.answer(call[0].addr, call[0].b); out == nil || to != call[1].addr {
		t.Error("the call is over")
	}
}

// covers T1, T2, T11
func TestAMillionMalformedFrames(t *testing.T) {
	b := newBench(t)
	call := b.calls(1)
	j := newJunk(b)
	w := newWorker(b.server, nil, &streamTransport{}, 1)
	st := &stream{
		server: b.server, conn: pipe{}, who: tuple{clientAddress(7), 7}, queue: newQueue(), closed: make(chan struct{}),
		socket: &socket{group: 7, counters: b.worker.socket.counters},
	}
	st.once.Do(func() {}) // close does nothing
	lost := 0
	wantNoGrowth(t, b.panics, func() {
		p := make([]byte, 0, maxPacketBytes+100)
		for range millions() {
			p = j.next(p)
			for len(p) > 0 { // as reads would have it
				n := copy(st.in[st.have:], p)
				st.have += n
				p = p[n:]
				if size, ok := frameSize(st.in[:st.have]); ok && size != 0 && st.have >= size {
					w.frames(st)
				}
				if size, ok := frameSize(st.in[:st.have]); !ok || size == 0 && st.have == len(st.in) {
					clear(st.in[:])
					st.have = 0
					lost++
				}
				st.queue.give(st.queue.take())
			}
		}
		st.queue.wipe()
	})
	if lost == 0 || st.have > maxPacketBytes {
		t.Errorf("%d connections lost, %d bytes wait", lost, st.have)
	}
	if out, to := b.answer(call[0].addr, call[0].b); out == nil || to != call[1].addr {
		t.Error("the call is over")
	}
}

// covers T13 (junk at 10,000 packets a second, from strangers and in the name of nobody, while a call is made and lives)
func TestACallIsMadeUnderJunk(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		j := newJunk(newBench(t))
		eve := w.listen(eve4, 0)
		defer eve.Close()
		over := make(chan struct{})
		go func() {
			for {
				for range 10 {
					_, _ = eve.WriteTo(j.next(nil), net.UDPAddrFromAddrPort(relayAt))
				}
				select {
				case <-over:
					return
				case <-time.After(time.Millisecond):
				}
			}
		}()
		alice, bob := w.callOver(overUDP, overUDP)
		for range 500 { // 10 s of voice
			alice.sendChannel(0x4000, "voice")
			bob.wantChannel(0x4001, "voice")
			bob.sendChannel(0x4001, "voice")
			alice.wantChannel(0x4000, "voice")
			time.Sleep(20 * time.Millisecond)
		}
		close(over)
		if s := w.server.Stats(); s.Drops[DropMalformed] < 50_000 || s.Drops[DropPanic] != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// A credential at 100 times its rate, a thousand idle connections and 50,000 strangers' Allocates a second: a call loses nothing and
// waits for nobody. What it costs on real sockets says BenchmarkNoisyNeighbour.
func TestANoisyNeighbourIsNotHeard(t *testing.T) {
	limits := func(c *Config) {
		c.BytesPerSecond, c.MaxConnectionsPerSource = 20_000, 2000
		c.UnauthenticatedPerSecond = 0
	}
	inWorld(t, limits, func(t *testing.T, w *world) {
		mallory, mate := w.callOver(overUDP, overUDP)
		alice, bob := w.callOver(overUDP, overTCP)
		for i := range 1000 {
			w.stream(eve4, 3478)
			if i%100 == 99 {
				synctest.Wait()
			}
		}
		var strangers []*client
		for range 20 {
			strangers = append(strangers, w.client(eve4, Credential{}))
		}
		allocate := strangers[0].build(stun.MethodAllocate, udp).Raw
		noise := channelData(0x4000, string(make([]byte, 500-channelHeader-packetOverhead)))
		start := w.server.Stats()
		const voice = 100 // 2 s
		for range voice {
			alice.sendChannel(0x4000, "voice")
			bob.sendChannel(0x4001, "voice")
			for range 20 { // milliseconds
				for k := range 50 {
					strangers[k%len(strangers)].write(allocate)
				}
				for range 4 {
					mallory.write(noise)
				}
				time.Sleep(time.Millisecond)
			}
			sent := time.Now()
			bob.wantChannel(0x4001, "voice")
			alice.wantChannel(0x4000, "voice")
			if d := time.Since(sent); d != 0 {
				t.Fatalf("%v late", d)
			}
			for _, c := range append(strangers, mate) {
				for c.readNow() != nil {
				}
			}
		}
		s := w.server.Stats()
		if s.Drops[DropSilenced] < 90_000 || s.Drops[DropBandwidth] < 7_000 || s.Connections != 1001 {
			t.Errorf("%+v", s)
		}
		if n := s.Forwarded - start.Forwarded; n > 2*voice+200 {
			t.Errorf("%d forwarded, so mallory had more than her share", n)
		}
	})
}
