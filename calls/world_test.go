package calls_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/audio"
	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/calls/netsim"
	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/bus/bustest"
	"github.com/taciturn-voice/taciturn/signaling/directory"
	"github.com/taciturn-voice/taciturn/signaling/server"
	testaudio "github.com/taciturn-voice/taciturn/testdata/audio"
	"github.com/taciturn-voice/taciturn/turn"
)

var (
	serverIP = netip.MustParseAddr("127.0.0.1") // plain HTTP is for loopback only
	relayIP  = netip.MustParseAddr("203.0.113.1")
	otherIP  = netip.MustParseAddr("203.0.113.2") // of a second relay
	aliceIP  = netip.MustParseAddr("192.0.2.10")
	bobIP    = netip.MustParseAddr("198.51.100.20")
	carolIP  = netip.MustParseAddr("198.51.100.30")
)

// relayHosts is what the server lists.
var relayHosts = []string{relayIP.String(), otherIP.String()}

const serverURL = "http://127.0.0.1:8080"

// world is a whole service and the network around it, in memory and in virtual time.
type world struct {
	*netsim.Network
	t         *testing.T
	http      *http.Server
	signaling *server.Server
	relay     *turn.Server
	secret    turn.Secret
	number    uint64 // the network's seed
	killOnce  *sync.Once
	wg        sync.WaitGroup
}

// newWorld starts server and relay on hosts of their own; latency is one way between any two hosts.
func newWorld(t *testing.T, latency time.Duration) *world {
	t.Helper()
	return newWorldOn(t, netsim.Config{Delay: latency})
}

func newWorldOn(t *testing.T, cfg netsim.Config) *world {
	t.Helper()
	w := &world{Network: netsim.New(cfg), t: t, number: cfg.Seed}
	secret, err := turn.GenerateSecret()
	must(t, err)
	w.secret = secret
	w.startRelay()
	w.startSignaling()
	t.Cleanup(func() {
		w.killSignaling()
		w.killRelay()
		w.wg.Wait()
	})
	return w
}

// startRelay starts the relay, which knows nobody but the secret.
func (w *world) startRelay() { w.relay = w.relayAt(relayIP) }

// relayAt starts a relay; whoever starts it closes it.
func (w *world) relayAt(ip netip.Addr) *turn.Server {
	t := w.t
	t.Helper()
	relay, err := turn.New(turn.Config{
		Secrets: []turn.Secret{w.secret}, Public4: ip, Log: slog.New(slog.DiscardHandler), MaxAllocations: 64,
	})
	must(t, err)
	socket, err := w.Host(ip).ListenPacket("udp4", "0.0.0.0:3478")
	must(t, err)
	w.wg.Go(func() { _ = relay.ServeUDP(context.Background(), socket) })
	return relay
}

// killRelay ends the relay and forgets its allocations.
func (w *world) killRelay() { must(w.t, w.relay.Close()) }

// startSignaling starts a signaling server that knows nobody.
func (w *world) startSignaling() {
	t := w.t
	t.Helper()
	b := bustest.Open(t)
	accounts, err := directory.Open(t.Context(), b)
	must(t, err)
	w.signaling, err = server.New(server.Config{
		Directory: accounts, Bus: b, RegistrationOpen: true, Log: slog.New(slog.DiscardHandler), RelayHosts: relayHosts,
		MintRelay: func(now time.Time) (signaling.RelayPair, error) {
			pair, err := turn.Mint(w.secret, now, 10*time.Minute)
			return signaling.RelayPair{
				URLs: []string{"turn:" + relayIP.String() + ":3478?transport=udp"}, Hosts: relayHosts,
				Expires: now.Add(10 * time.Minute),
				Caller:  signaling.RelayLogin{Username: pair.A.Username, Password: pair.A.Password},
				Callee:  signaling.RelayLogin{Username: pair.B.Username, Password: pair.B.Password},
			}, err
		},
	})
	must(t, err)
	listener, err := w.Host(serverIP).Listen("tcp", "0.0.0.0:8080")
	must(t, err)
	w.killOnce = new(sync.Once)
	w.http = &http.Server{Handler: w.signaling.Handler(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	server := w.http
	w.wg.Go(func() { _ = server.Serve(listener) })
}

// restartSignaling is a restart of a server that keeps its data in memory.
func (w *world) restartSignaling() {
	w.killSignaling()
	w.startSignaling()
}

// killSignaling ends the signaling server with all its connections.
func (w *world) killSignaling() {
	w.killOnce.Do(func() {
		_ = w.signaling.Close()
		_ = w.http.Close()
	})
}

// person is a phone and whoever holds it.
type person struct {
	*calls.Phone
	t       *testing.T
	profile *calls.Profile
	host    *netsim.Host
	heard   *recorder
	stop    context.CancelFunc
	served  chan struct{}
}

// person brings a phone online that hears speech being spoken into it.
func (w *world) person(ip netip.Addr, change ...func(*calls.Config)) *person {
	w.t.Helper()
	host := w.Host(ip)
	profile, err := calls.ProfileConfig{DialContext: host.DialContext}.Create(w.t.Context(), "", serverURL, nil)
	must(w.t, err)
	return w.online(ip, profile, change...)
}

func (w *world) online(ip netip.Addr, profile *calls.Profile, change ...func(*calls.Config)) *person {
	w.t.Helper()
	host := w.Host(ip)
	cfg := calls.Config{
		Profile: profile, DialContext: host.DialContext, ListenPacket: host.ListenPacket, Log: slog.New(slog.DiscardHandler),
		NewEncoder: func() (audio.Encoder, error) { return &loopEncoder{}, nil },
	}
	for _, f := range change {
		f(&cfg)
	}
	phone, err := calls.New(cfg)
	must(w.t, err)
	ctx, stop := context.WithCancel(context.Background())
	p := &person{Phone: phone, t: w.t, profile: profile, host: host, heard: &recorder{}, stop: stop, served: make(chan struct{})}
	go func() { defer close(p.served); _ = phone.Serve(ctx) }()
	w.t.Cleanup(p.close)
	online, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	must(w.t, phone.WaitOnline(online))
	return p
}

func (p *person) close() {
	p.stop()
	<-p.served
}

// contact is other as p knows them from their link, whose holder p is not known to.
func (p *person) contact(other *person) identity.Contact {
	p.t.Helper()
	c, err := p.profile.ContactForLink(other.profile.Link())
	must(p.t, err)
	return c
}

// befriend makes two people each other's contacts.
func befriend(a, b *person) {
	a.contact(b)
	b.contact(a)
}

func (p *person) audio() calls.Audio {
	return calls.Audio{Source: audio.NewTone(440), Sink: p.heard}
}

// dial calls other.
func (p *person) dial(other *person) *calls.Call {
	p.t.Helper()
	c, err := p.Dial(p.t.Context(), p.contact(other), p.audio())
	must(p.t, err)
	return c
}

// wantRing waits for a call that rings.
func (p *person) wantRing() *calls.Call {
	p.t.Helper()
	select {
	case c := <-p.Incoming():
		return c
	case <-time.After(time.Minute):
		p.t.Fatal("the phone does not ring")
	}
	return nil
}

// wantQuiet fails if the phone rings within d.
func (p *person) wantQuiet(d time.Duration) {
	p.t.Helper()
	select {
	case <-p.Incoming():
		p.t.Fatal("the phone rings")
	case <-time.After(d):
	}
}

// wantState waits until c is in s.
func wantState(t *testing.T, c *calls.Call, s calls.State) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for c.State() != s {
		if c.State() > s || time.Now().After(deadline) {
			t.Fatalf("state %v (result %v, %v), want %v", c.State(), c.Result(), c.Err(), s)
		}
		time.Sleep(time.Millisecond)
	}
}

// wantResult waits until c has ended.
func wantResult(t *testing.T, c *calls.Call, r calls.Result) {
	t.Helper()
	select {
	case <-c.Done():
	case <-time.After(3 * time.Minute):
		t.Fatalf("the call has not ended; it is %v", c.State())
	}
	if c.Result() != r {
		t.Fatalf("result %v (%v), want %v", c.Result(), c.Err(), r)
	}
}

// talk is a call between two people that is up, with voice heard by both.
func talk(t *testing.T, a, b *person) (caller, callee *calls.Call) {
	t.Helper()
	caller = a.dial(b)
	callee = b.wantRing()
	must(t, callee.Accept(b.audio()))
	wantState(t, caller, calls.StateTalking)
	wantState(t, callee, calls.StateTalking)
	a.wantVoice()
	b.wantVoice()
	return caller, callee
}

// wantVoice waits until p hears something new that is not silence.
func (p *person) wantVoice() {
	p.t.Helper()
	before := p.heard.voiced()
	for range 500 {
		if p.heard.voiced() > before+5 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	p.t.Fatal("no voice is heard")
}

// recorder is a Sink that counts frames, and those with something in them.
type recorder struct {
	mu          sync.Mutex
	frames, own int
}

func (r *recorder) WriteFrame(pcm []int16) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frames++
	for _, s := range pcm {
		if s > 500 || s < -500 {
			r.own++
			break
		}
	}
	return nil
}

func (r *recorder) voiced() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.own
}

// loopEncoder plays back packets that the real encoder made of the test's speech, so that a ten-minute call need not
// encode thirty thousand frames twice. Silence is the encoder's silence.
type loopEncoder struct{ next int }

var packets = sync.OnceValues(func() (voice [][]byte, silence []byte) {
	file, err := audio.ReadWAV(bytes.NewReader(testaudio.Speech()))
	if err != nil {
		panic(err)
	}
	encoder, err := audio.NewEncoder(audio.EncoderConfig{})
	if err != nil {
		panic(err)
	}
	pcm := make([]int16, audio.FrameSamples)
	out := make([]byte, 400)
	for err = file.ReadFrame(pcm); err == nil; err = file.ReadFrame(pcm) {
		n, err := encoder.Encode(pcm, out)
		if err != nil {
			panic(err)
		}
		voice = append(voice, bytes.Clone(out[:n]))
	}
	if !errors.Is(err, io.EOF) {
		panic(err)
	}
	clear(pcm)
	n, err := encoder.Encode(pcm, out)
	if err != nil {
		panic(err)
	}
	return voice, bytes.Clone(out[:n])
})

func (e *loopEncoder) Encode(pcm []int16, out []byte) (int, error) {
	voice, silence := packets()
	for _, s := range pcm {
		if s != 0 {
			e.next = (e.next + 1) % len(voice)
			return copy(out, voice[e.next]), nil
		}
	}
	return copy(out, silence), nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newWorldless is the link of somebody whom the server does not know.
func newWorldless(t *testing.T) string {
	t.Helper()
	id, err := identity.Generate(time.Now(), serverURL)
	must(t, err)
	text, err := id.Link().MarshalText()
	must(t, err)
	return string(text)
}
