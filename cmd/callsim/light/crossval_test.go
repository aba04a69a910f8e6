package light_test

import (
	"context"
	"encoding/binary"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/audio"
	"github.com/taciturn-voice/taciturn/calls/netsim"
	"github.com/taciturn-voice/taciturn/cmd/callsim/light"
	"github.com/taciturn-voice/taciturn/cmd/callsim/target"
	_ "github.com/taciturn-voice/taciturn/signaling/bus/bustest" // lets a bus run in a bubble
)

// Light endpoints stand for full ones only as long as they measure the same. Here both talk through the same relay code over
// the same bad links with the same seed, where the fate of a packet depends on its number alone, and an observer at the sockets
// measures both alike.
func TestLightAndFullMeasureTheSame(t *testing.T) {
	for _, name := range []string{"wifi-lossy", "ringrtc-international"} {
		t.Run(name, func(t *testing.T) {
			profile, ok := netsim.ByName(name)
			if !ok {
				t.Fatal("there is no such profile")
			}
			var full, thin [2]measured
			synctest.Test(t, func(t *testing.T) { full = talkFull(t, profile) })
			synctest.Test(t, func(t *testing.T) { thin = talkLight(t, profile) })
			for i, side := range []string{"caller to callee", "callee to caller"} {
				full[i].wantLike(t, side, thin[i])
			}
		})
	}
}

const compared = 3000 // frames: a minute of voice

// lab is a server and two hosts with bad links.
type lab struct {
	*testing.T
	server *target.Embedded
	hosts  [2]*netsim.Host
	seen   [2]*observer // by who sends
}

func newLab(t *testing.T, profile netsim.Profile) *lab {
	t.Helper()
	network := netsim.New(netsim.Config{Delay: 10 * time.Millisecond, Seed: 7})
	relay, home := network.Host(netip.MustParseAddr("203.0.113.1")), network.Host(netip.MustParseAddr("127.0.0.1"))
	server, err := target.Start(context.Background(), target.Config{
		ListenPacket: func() (net.PacketConn, error) { return relay.ListenPacket("udp", "0.0.0.0:3478") },
		Listen:       func() (net.Listener, error) { return home.Listen("tcp", "0.0.0.0:8080") },
	})
	if err != nil {
		t.Fatalf("start a server: %v", err)
	}
	l := &lab{T: t, server: server}
	for i, addr := range []string{"192.0.2.10", "192.0.2.20"} {
		l.hosts[i] = network.Host(netip.MustParseAddr(addr))
		l.seen[i] = &observer{sent: make(map[uint16]time.Time), delay: make(map[uint16]time.Duration), sizes: make(map[int]int)}
	}
	return l
}

// spoil gives the hosts their links: setting up is not compared, and would only take long.
func (l *lab) spoil(profile netsim.Profile) {
	for _, h := range l.hosts {
		h.Use(profile)
	}
}

// socket is a phone's socket, on one port, so that the fate of a flow is the same each time; it is watched.
func (l *lab) socket(side int) func(string, string) (net.PacketConn, error) {
	return func(string, string) (net.PacketConn, error) {
		c, err := l.hosts[side].ListenPacket("udp", "0.0.0.0:50000")
		if err != nil {
			return nil, err
		}
		return &watched{c, l.seen[side], l.seen[1-side]}, nil
	}
}

// observer sees the voice packets of one direction.
type observer struct {
	mu    sync.Mutex
	base  uint16
	begun bool
	order []time.Time
	sent  map[uint16]time.Time
	delay map[uint16]time.Duration
	sizes map[int]int
	gap   time.Duration
	last  time.Time
}

// watched is a socket: what it sends is of out, what it receives of in.
type watched struct {
	net.PacketConn
	out, in *observer
}

// number is the RTP sequence number of a voice packet in ChannelData.
func number(p []byte) (uint16, bool) {
	if len(p) < 16 || p[0] != 0x40 || p[4] != 0x80 || p[5] != 111 {
		return 0, false
	}
	return binary.BigEndian.Uint16(p[6:]), true
}

func (w *watched) WriteTo(p []byte, to net.Addr) (int, error) {
	if n, ok := number(p); ok {
		w.out.mu.Lock()
		if !w.out.begun {
			w.out.begun, w.out.base = true, n
		}
		if n-w.out.base < compared {
			w.out.sent[n] = time.Now()
			w.out.order = append(w.out.order, time.Now())
		}
		w.out.mu.Unlock()
	}
	return w.PacketConn.WriteTo(p, to)
}

func (w *watched) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := w.PacketConn.ReadFrom(p)
	if seq, ok := number(p[:max(0, n)]); ok && err == nil {
		w.in.mu.Lock()
		if sent, ok := w.in.sent[seq]; ok {
			if _, again := w.in.delay[seq]; !again {
				w.in.delay[seq] = time.Since(sent)
				if !w.in.last.IsZero() {
					w.in.gap = max(w.in.gap, time.Since(w.in.last))
				}
				w.in.last = time.Now()
			}
			w.in.sizes[n]++
		}
		w.in.mu.Unlock()
	}
	return n, from, err
}

// measured is what became of one direction.
type measured struct {
	sent, arrived, size, sizes       int
	mean, p50, p95, p99, jitter, gap float64 // milliseconds
	spacing                          float64 // the largest as sent
}

func (o *observer) sum() (m measured) {
	o.mu.Lock()
	defer o.mu.Unlock()
	m.sent, m.arrived, m.sizes = len(o.sent), len(o.delay), len(o.sizes)
	for size := range o.sizes {
		m.size = size
	}
	var delays []float64
	before := -1.0
	for i := range uint16(compared) {
		d, ok := o.delay[o.base+i]
		if !ok {
			continue
		}
		ms := float64(d) / float64(time.Millisecond)
		delays = append(delays, ms)
		m.mean += ms
		if before >= 0 {
			m.jitter += (math.Abs(ms-before) - m.jitter) / 16
		}
		before = ms
	}
	if len(delays) == 0 {
		return m
	}
	m.mean /= float64(len(delays))
	slices.Sort(delays)
	at := func(p float64) float64 { return delays[int(p*float64(len(delays)-1))] }
	m.p50, m.p95, m.p99, m.gap = at(0.5), at(0.95), at(0.99), float64(o.gap)/float64(time.Millisecond)
	for i := 1; i < len(o.order); i++ {
		m.spacing = max(m.spacing, float64(o.order[i].Sub(o.order[i-1]))/float64(time.Millisecond))
	}
	return m
}

func (m measured) wantLike(t *testing.T, side string, o measured) {
	t.Helper()
	t.Logf("%s: full %+v, light %+v", side, m, o)
	if m.sent < compared || o.sent < compared || m.arrived == 0 {
		t.Fatalf("%s: full sent %d of %d frames, light %d", side, m.sent, compared, o.sent)
	}
	for _, f := range []struct {
		name        string
		full, light float64
	}{
		{"arrived", float64(m.arrived), float64(o.arrived)}, {"lost", float64(m.sent - m.arrived), float64(o.sent - o.arrived)},
		{"size", float64(m.size), float64(o.size)}, {"sizes", float64(m.sizes), float64(o.sizes)},
		{"mean delay", m.mean, o.mean}, {"p50", m.p50, o.p50}, {"p95", m.p95, o.p95}, {"p99", m.p99, o.p99},
		{"jitter", m.jitter, o.jitter}, {"longest gap", m.gap, o.gap}, {"spacing", m.spacing, o.spacing},
	} {
		if math.Abs(f.full-f.light) > 0.01*math.Abs(f.full) {
			t.Errorf("%s: %s is %g with full endpoints and %g with light ones", side, f.name, f.full, f.light)
		}
	}
}

func talkFull(t *testing.T, profile netsim.Profile) (m [2]measured) {
	l := newLab(t, profile)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	defer func() { cancel(); wg.Wait(); _ = l.server.Close() }()
	var phones [2]*calls.Phone
	encoder, err := audio.NewEncoder(audio.EncoderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	packet := make([]byte, 400)
	n, err := encoder.Encode(make([]int16, audio.FrameSamples), packet)
	if err != nil {
		t.Fatal(err)
	}
	var profiles [2]*calls.Profile
	for i := range profiles {
		if profiles[i], err = (calls.ProfileConfig{DialContext: l.hosts[i].DialContext}).Create(ctx, "", l.server.URL, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range phones {
		if err := profiles[i].AddContact("other", profiles[1-i].Link()); err != nil {
			t.Fatal(err)
		}
		phones[i], err = calls.New(calls.Config{
			Profile: profiles[i], DialContext: l.hosts[i].DialContext, ListenPacket: l.socket(i), Log: slog.New(slog.DiscardHandler),
			NewEncoder: func() (audio.Encoder, error) { return spoken(packet[:n]), nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() { _ = phones[i].Serve(ctx) })
		if err := phones[i].WaitOnline(ctx); err != nil {
			t.Fatal(err)
		}
	}
	contact, _ := profiles[0].Contact("other")
	wg.Go(func() {
		call := <-phones[1].Incoming()
		time.Sleep(2 * time.Second)
		l.spoil(profile)
		_ = call.Accept(calls.Audio{})
		<-call.Done()
	})
	call, err := phones[0].Dial(ctx, contact, calls.Audio{})
	if err != nil {
		t.Fatal(err)
	}
	for e := range call.Events() {
		if e.Kind == calls.EventState && e.State == calls.StateTalking {
			wg.Go(func() { time.Sleep((compared + 100) * light.FrameDuration); call.Hangup() })
		}
	}
	return [2]measured{l.seen[0].sum(), l.seen[1].sum()}
}

// spoken is an encoder that says one packet over and over.
type spoken []byte

func (s spoken) Encode(_ []int16, out []byte) (int, error) { return copy(out, s), nil }

func talkLight(t *testing.T, profile netsim.Profile) (m [2]measured) {
	l := newLab(t, profile)
	ctx := context.Background()
	defer l.server.Close()
	engine, err := light.New(light.Config{Voice: frames(), Portable: true})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	var people [2]*light.Person
	for i := range people {
		if people[i], err = engine.RegisterOn(ctx, l.server.URL, light.Network{DialContext: l.hosts[i].DialContext, ListenPacket: l.socket(i)}); err != nil {
			t.Fatal(err)
		}
	}
	time.AfterFunc(1900*time.Millisecond, func() { l.spoil(profile) })
	o := engine.Call(ctx, people[0], people[1], light.Plan{Ring: 2 * time.Second, Talk: (compared + 100) * light.FrameDuration})
	if o.Result != light.ResultTalked {
		t.Fatalf("the light call ended with %v at %q", o.Result, o.Failure)
	}
	m = [2]measured{l.seen[0].sum(), l.seen[1].sum()}
	// What light endpoints report is what the observer saw.
	for i, r := range []light.Reception{o.Callee, o.Caller} {
		own, seen := float64(r.Delay)/float64(time.Millisecond), m[i].mean
		if math.Abs(own-seen) > 0.03*seen {
			t.Errorf("light endpoints report a delay of %g ms, the observer %g", own, seen)
		}
	}
	return m
}
