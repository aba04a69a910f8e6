package turn

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// discard is a transport that sends into nothing.
type discard struct{}

func (discard) read([]datagram) (int, error) { return 0, nil }
func (discard) write([]datagram)             {}
func (discard) wipe()                        {}

// bench is a worker without a socket.
type bench struct {
	tb     testing.TB
	server *Server
	worker *worker
	secret Secret
}

func newBench(tb testing.TB) *bench { return newBenchOf(tb, func(*Config) {}) }

func newBenchOf(tb testing.TB, change func(*Config)) *bench {
	tb.Helper()
	secret := testSecret(tb, 's')
	cfg := Config{
		Secrets: []Secret{secret}, Public4: relay4, Public6: relay6, UnauthenticatedPerSecond: -1, BytesPerSecond: -1, Log: slog.New(slog.DiscardHandler),
	}
	change(&cfg)
	s, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	w := newWorker(s, &socket{group: 1, counters: new(counters)}, discard{}, batchPackets)
	w.now = s.now()
	return &bench{tb, s, w, secret}
}

// packets runs a batch through the worker.
func (b *bench) packets(in []datagram) {
	w := b.worker
	for i, d := range in {
		w.in[i].addr, w.in[i].b = d.addr, w.buffers[i][:copy(w.buffers[i][:], d.b)]
	}
	scrub()
	w.batch(len(in))
	scrub()
}

// answer runs one packet and returns what goes out.
func (b *bench) answer(from netip.AddrPort, p []byte) (out []byte, to netip.AddrPort) {
	w := b.worker
	w.now = b.server.now()
	d := datagram{b: append(make([]byte, 0, maxPacketBytes+1), p...), addr: from}
	w.packet(&d, w.scratch[0][:])
	if len(w.out) != 0 {
		out, to = append(out, w.out[0].b...), w.out[0].addr
	}
	w.flush()
	w.wipe(1)
	return out, to
}

// login builds a sealed request from an address.
func (b *bench) login(from netip.AddrPort, cred Credential, method stun.Method, setters ...stun.Setter) []byte {
	nonce := b.worker.hasher.appendNonce(nil, tuple{from, 1}, b.server.now())
	realm := b.server.cfg.Realm
	all := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, setters...)
	all = append(all, stun.NewUsername(cred.Username), stun.NewRealm(realm), stun.NewNonce(string(nonce)),
		stun.NewLongTermIntegrity(cred.Username, realm, cred.Password))
	m, err := stun.Build(all...)
	if err != nil {
		b.tb.Fatal(err)
	}
	return m.Raw
}

// calls makes n calls on channels and returns one ChannelData packet of each side.
func (b *bench) calls(n int) []datagram {
	b.tb.Helper()
	var packets []datagram
	for i := range n {
		p, err := Mint(b.secret, time.Now(), time.Hour)
		if err != nil {
			b.tb.Fatal(err)
		}
		var from [2]netip.AddrPort
		var relayed [2]netip.AddrPort
		for side, cred := range []Credential{p.A, p.B} {
			from[side] = clientAddress(2*i + side)
			out, _ := b.answer(from[side], b.login(from[side], cred, stun.MethodAllocate, udp))
			m := &stun.Message{Raw: out}
			if err := m.Decode(); err != nil || codeOf(m) != 0 {
				b.tb.Fatalf("Allocate: %v %d", err, codeOf(m))
			}
			relayed[side] = addressIn(b.tb, m, stun.AttrXORRelayedAddress)
		}
		for side, cred := range []Credential{p.A, p.B} {
			out, _ := b.answer(from[side], b.login(from[side], cred, stun.MethodChannelBind, number(0x4000+uint16(side)), peer(relayed[1-side])))
			m := &stun.Message{Raw: out}
			if err := m.Decode(); err != nil || codeOf(m) != 0 {
				b.tb.Fatalf("ChannelBind: %v %d", err, codeOf(m))
			}
			packets = append(packets, datagram{b: channelData(0x4000+uint16(side), string(make([]byte, 120))), addr: from[side]})
		}
	}
	return packets
}

func clientAddress(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 40000)
}

func TestForwardingAllocatesNothing(t *testing.T) {
	b := newBench(t)
	packets := b.calls(batchPackets / 2)
	before := b.server.past.Forwarded + b.worker.socket.counters.forwarded.Load()
	if n := testing.AllocsPerRun(100, func() { b.packets(packets) }); n != 0 {
		t.Errorf("%v heap objects for each batch of ChannelData", n)
	}
	if got := b.worker.socket.counters.forwarded.Load() - before; got != 101*batchPackets {
		t.Errorf("%d forwarded, want %d", got, 101*batchPackets)
	}
	send := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), peer(at4(5000)), raw(stun.AttrData, make([]byte, 120)))
	for i := range packets {
		packets[i].b = send.Raw
	}
	if n := testing.AllocsPerRun(100, func() { b.packets(packets) }); n != 0 {
		t.Errorf("%v heap objects for each batch of Send indications", n)
	}
}

// covers T6 (0 heap growth for strangers)
func TestStrangersCostNoMemory(t *testing.T) {
	b := newBench(t)
	cred := stock(testSecret(t, 'x'), "9999999999:x")
	for name, p := range map[string][]byte{
		"Binding":             header(bindingRequest, 0),
		"Allocate":            header(allocateRequest, 0),
		"a wrong password":    b.login(clientAddress(1), cred, stun.MethodAllocate, udp),
		"junk":                []byte("\x00junk"),
		"an unknown method":   header(0x0123, 0),
		"an unbound channel":  channelData(0x4000, "data"),
		"a Data indication":   header(dataIndication, 0),
		"nothing recognised":  {0xFF},
		"a nonce of no value": b.login(clientAddress(2), cred, stun.MethodAllocate, udp),
	} {
		batch := []datagram{{b: p, addr: clientAddress(1)}}
		most := 0.0
		if name == "a wrong password" {
			most = 3 // of crypto/hmac, zeroed and left to the collector
		}
		if n := testing.AllocsPerRun(100, func() { b.packets(batch) }); n > most {
			t.Errorf("%s: %v heap objects", name, n)
		}
	}
	if n := len(b.server.table.blocks); n != 0 {
		t.Errorf("%d blocks of slots", n)
	}
}

func TestRequestsCostOneKey(t *testing.T) {
	b := newBench(t)
	p, err := Mint(b.secret, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	from := clientAddress(1)
	b.answer(from, b.login(from, p.A, stun.MethodAllocate, udp))
	batch := []datagram{{b: b.login(from, p.A, stun.MethodRefresh), addr: from}}
	before := b.worker.socket.counters.answered.Load()
	if n := testing.AllocsPerRun(100, func() { b.packets(batch) }); n > 3 { // of crypto/hmac
		t.Errorf("%v heap objects for a Refresh", n)
	}
	if got := b.worker.socket.counters.answered.Load() - before; got != 101 {
		t.Errorf("%d answers", got)
	}
	if n := b.server.table.allocations(); n != 1 {
		t.Errorf("%d allocations", n)
	}
}

// BenchmarkForward is the relay's own share of a forwarded packet; the rest is the kernel's.
func BenchmarkForward(b *testing.B) {
	r := newBench(b)
	packets := r.calls(1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i += batchPackets {
		at := i % (len(packets) - batchPackets)
		r.packets(packets[at : at+batchPackets])
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batchPackets), "ns/packet")
}

// BenchmarkAllocate is an allocation from the sealed request to the answer, and its end.
func BenchmarkAllocate(b *testing.B) {
	r := newBench(b)
	p, err := Mint(r.secret, time.Now(), time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	from := clientAddress(0)
	open := []datagram{{b: r.login(from, p.A, stun.MethodAllocate, udp), addr: from}}
	end := []datagram{{b: r.login(from, p.A, stun.MethodRefresh, lifetime(0)), addr: from}}
	b.ReportAllocs()
	for b.Loop() {
		r.packets(open)
		r.packets(end)
	}
	if n := r.worker.socket.counters.answered.Load(); n < 2*uint64(b.N) {
		b.Errorf("%d answers", n)
	}
}
