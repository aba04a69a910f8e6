package virtual

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/calls/netsim"
	"github.com/taciturn-voice/taciturn/cmd/callsim/scenario"
	"github.com/taciturn-voice/taciturn/cmd/internal/meet"
	"github.com/taciturn-voice/taciturn/signaling/bus/bustest"
	"github.com/taciturn-voice/taciturn/signaling/directory"
	"github.com/taciturn-voice/taciturn/signaling/server"
	"github.com/taciturn-voice/taciturn/turn"
)

// Where everybody is. Plain HTTP is for loopback only, so the server is there.
var (
	serverIP = netip.MustParseAddr("127.0.0.1")
	callerIP = netip.MustParseAddr("10.0.0.10")
	calleeIP = netip.MustParseAddr("10.1.0.20")
	otherIP  = netip.MustParseAddr("10.2.0.30") // who keeps a busy callee busy
)

const (
	serverURL  = "http://127.0.0.1:8080"
	serverPort = ":8080"
	relayPort  = 3478
	webPort    = 443
)

func relayIP(i int) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, 113, byte(1 + i)}) }

var quiet = slog.New(slog.DiscardHandler)

// world is a service and the network around it.
type world struct {
	*netsim.Network
	t        *testing.T
	secret   turn.Secret
	urls     []string
	relays   []*relay
	accounts *directory.Directory
	serving  *signalingServer // nil: it is dead
	servers  server.Config
	wg       sync.WaitGroup
}

// relay is a relay process. It can be killed and started again.
type relay struct {
	host    *netsim.Host
	server  *turn.Server // nil: it is dead
	sockets []net.PacketConn
	streams []net.Listener
}

// signalingServer is a signaling process.
type signalingServer struct {
	server *server.Server
	http   *http.Server
}

// newWorld starts server and relays. They stop when the test ends.
func newWorld(t *testing.T, cfg netsim.Config, relays int) *world {
	t.Helper()
	w := &world{Network: netsim.New(cfg), t: t}
	var err error
	w.secret, err = turn.GenerateSecret()
	must(t, err)
	for i := range relays {
		w.relays = append(w.relays, &relay{host: w.Host(relayIP(i))})
		w.urls = append(w.urls, meet.URL(netip.AddrPortFrom(relayIP(i), relayPort)))
		w.startRelay(i)
	}
	w.urls = append(w.urls, meet.URLTCP(relayIP(0).String(), webPort))
	bus := bustest.Open(t)
	w.accounts, err = directory.Open(t.Context(), bus)
	must(t, err)
	w.servers = server.Config{
		Directory: w.accounts, Bus: bus, RegistrationOpen: true, Log: quiet, MintRelay: meet.Mint(w.secret, w.urls), RelayHosts: meet.Hosts(w.urls),
	}
	w.startSignaling()
	t.Cleanup(func() {
		w.killSignaling()
		for i := range w.relays {
			w.killRelay(i)
		}
		w.wg.Wait()
	})
	return w
}

func (w *world) startRelay(i int) {
	r := w.relays[i]
	if r.server != nil {
		return
	}
	var err error
	r.server, err = turn.New(turn.Config{Secrets: []turn.Secret{w.secret}, Public4: relayIP(i), Log: quiet, MaxAllocations: 64})
	must(w.t, err)
	socket, err := r.host.ListenPacket("udp4", fmt.Sprintf("0.0.0.0:%d", relayPort))
	must(w.t, err)
	stream, err := r.host.Listen("tcp", fmt.Sprintf("0.0.0.0:%d", webPort))
	must(w.t, err)
	r.sockets, r.streams = []net.PacketConn{socket}, []net.Listener{stream}
	server := r.server
	w.wg.Go(func() { _ = server.ServeUDP(context.Background(), socket) })
	w.wg.Go(func() { _ = server.ServeTCP(context.Background(), stream) })
}

// killRelay ends a relay as kill -9 does: nobody is told, and all allocations are gone.
func (w *world) killRelay(i int) {
	r := w.relays[i]
	if r.server == nil {
		return
	}
	for _, s := range r.streams {
		_ = s.Close()
	}
	for _, s := range r.sockets {
		_ = s.Close()
	}
	_ = r.server.Close()
	r.server = nil
}

func (w *world) startSignaling() {
	if w.serving != nil {
		return
	}
	s, err := server.New(w.servers)
	must(w.t, err)
	listener, err := w.Host(serverIP).Listen("tcp", "0.0.0.0"+serverPort)
	must(w.t, err)
	h := &http.Server{Handler: s.Handler(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	w.wg.Go(func() { _ = h.Serve(listener) })
	w.serving = &signalingServer{server: s, http: h}
}

// killSignaling ends the signaling server with all its connections and all that it has in memory. The directory stays.
func (w *world) killSignaling() {
	if w.serving == nil {
		return
	}
	_ = w.serving.server.Close()
	_ = w.serving.http.Close()
	w.serving = nil
}

// fault carries out what the scenario says.
func (w *world) fault(f scenario.Fault) {
	down := func(h *netsim.Host) {
		h.SetDown(true)
		w.wg.Go(func() { time.Sleep(f.For); h.SetDown(false) })
	}
	switch f.Do {
	case scenario.RelayKill:
		w.killRelay(f.Index)
	case scenario.RelayRestart:
		w.killRelay(f.Index)
		w.startRelay(f.Index)
	case scenario.RelayDrain:
		if s := w.relays[f.Index].server; s != nil {
			s.Drain()
		}
	case scenario.RelayPartition:
		down(w.relays[f.Index].host)
	case scenario.SignalingKill:
		w.killSignaling()
	case scenario.SignalingRestart:
		w.killSignaling()
		w.startSignaling()
	case scenario.SignalingPartition:
		down(w.Host(serverIP))
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
