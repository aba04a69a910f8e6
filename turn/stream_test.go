package turn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
)

// callOver makes a call between two transports, with channels.
func (w *world) callOver(caller, callee over) (alice, bob *client) {
	w.t.Helper()
	p := w.pair()
	alice, bob = w.clientOver(caller, alice4, p.A), w.clientOver(callee, bob4, p.B)
	alice.wantAllocated()
	bob.wantAllocated()
	alice.want(0, stun.MethodChannelBind, number(0x4000), peer(bob.relayed))
	bob.want(0, stun.MethodChannelBind, number(0x4001), peer(alice.relayed))
	return alice, bob
}

// covers T12 (UDP, TCP and TLS in one call)
func TestAllTransportsMeet(t *testing.T) {
	for _, caller := range everyTransport {
		for _, callee := range everyTransport {
			t.Run(fmt.Sprintf("%s calls %s", caller, callee), func(t *testing.T) {
				inWorld(t, nil, func(t *testing.T, w *world) {
					alice, bob := w.callOver(caller, callee)
					for size := range 9 { // with every padding
						data := strings.Repeat("x", size)
						alice.sendChannel(0x4000, data)
						bob.wantChannel(0x4001, data)
						bob.sendChannel(0x4001, data)
						alice.wantChannel(0x4000, data)
						bob.send(alice.relayed, data)
						alice.wantChannel(0x4000, data)
					}
					carol, dave := w.clientOver(caller, alice4, alice.cred), w.clientOver(callee, bob4, bob.cred)
					for _, c := range []*client{carol, dave} {
						c.wantAllocated()
						c.want(0, stun.MethodCreatePermission, peer(at4(0)))
					}
					carol.send(dave.relayed, "no channels")
					dave.wantData(carol.relayed, "no channels")
					largest := strings.Repeat("v", maxPacketBytes-3-channelHeader)
					alice.sendChannel(0x4000, largest)
					bob.wantChannel(0x4001, largest)
					alice.want(0, stun.MethodBinding)
					for _, c := range []*client{alice, bob, carol, dave} {
						c.want(0, stun.MethodRefresh, lifetime(0))
					}
					time.Sleep(time.Second)
					w.wantWiped("after all have ended")
				})
			})
		}
	}
}

// covers P2 (a connection that ends)
func TestAConnectionThatEndsTakesItsAllocationAlong(t *testing.T) {
	for _, o := range []over{overTCP, overTLS} {
		inWorld(t, nil, func(t *testing.T, w *world) {
			alice, bob := w.callOver(o, overUDP)
			if n := w.server.Stats().Connections; n != 1 {
				t.Errorf("%d connections", n)
			}
			_ = alice.conn.Close()
			synctest.Wait()
			bob.sendChannel(0x4001, "late")
			synctest.Wait()
			if s := w.server.Stats(); s.Allocations != 1 || s.Connections != 0 || s.Drops[DropDeadPeer] != 1 {
				t.Errorf("%+v", s)
			}
			bob.want(0, stun.MethodRefresh, lifetime(0))
			time.Sleep(time.Second)
			w.wantWiped("after both")
		})
	}
}

// A second connection from the same address and port is another client: it has not inherited anything.
func TestAConnectionInheritsNothing(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		l := &pipes{at: w.listenStreams(relay4, 80), conns: make(chan net.Conn)}
		served := make(chan error, 1)
		go func() { served <- w.server.ServeTCP(context.Background(), l) }()
		first := &client{t: t, conn: &framed{Conn: l.dial()}, cred: w.pair().A}
		first.wantAllocated()
		second := &client{t: t, conn: &framed{Conn: l.dial()}, cred: first.cred}
		second.nonce, second.realm = first.nonce, first.realm
		if m := second.exchange(second.build(stun.MethodRefresh).Raw); codeOf(m) != codeStaleNonce {
			t.Errorf("a nonce of the connection before: %d", codeOf(m))
		}
		second.want(codeMismatch, stun.MethodRefresh)
		second.wantAllocated()
		_ = first.conn.Close()
		synctest.Wait()
		second.want(0, stun.MethodRefresh)
		_ = w.server.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

// pipes is a listener of pipes that all come from one address and port, and keep deadlines in both directions.
type pipes struct {
	at    net.Listener
	conns chan net.Conn
}

type pipe struct{ net.Conn }

func (pipe) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(198, 51, 100, 7), Port: 7} }

func (p *pipes) dial() net.Conn {
	near, far := net.Pipe()
	p.conns <- pipe{far}
	return near
}

func (p *pipes) Accept() (net.Conn, error) {
	if c, ok := <-p.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (p *pipes) Addr() net.Addr { return p.at.Addr() }
func (p *pipes) Close() error   { close(p.conns); return p.at.Close() }

// A client that does not read gets the freshest half second when it does again, and is cut off when it does not.
func TestFreshVoiceWins(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		l := &pipes{at: w.listenStreams(relay4, 80), conns: make(chan net.Conn)}
		served := make(chan error, 1)
		go func() { served <- w.server.ServeTCP(context.Background(), l) }()
		p := w.pair()
		alice, bob := w.client(alice4, p.A), &client{t: t, conn: &framed{Conn: l.dial()}, cred: p.B}
		alice.wantAllocated()
		bob.wantAllocated()
		alice.want(0, stun.MethodChannelBind, number(0x4000), peer(bob.relayed))
		bob.want(0, stun.MethodChannelBind, number(0x4000), peer(alice.relayed))

		const packets, size = 250, 200 // 5 s of voice
		for i := range packets {
			alice.sendChannel(0x4000, fmt.Sprintf("%0*d", size-channelHeader, i))
			time.Sleep(20 * time.Millisecond)
		}
		got := 0
		for i := packets - queueBytes/size; i < packets; got++ {
			b := bob.read()
			if b == nil {
				t.Fatalf("only %d arrive", got)
			}
			if string(b) == string(channelData(0x4000, fmt.Sprintf("%0*d", size-channelHeader, i))) {
				i++
			} else if got > 0 { // but for the one that was being written
				t.Fatalf("not in order, or not the freshest: %s", b)
			}
		}
		if n := w.server.Stats().Drops[DropSlow]; n != packets-uint64(got) {
			t.Errorf("%d dropped, %d arrived of %d", n, got, packets)
		}
		for range 12 {
			alice.sendChannel(0x4000, "bob sleeps")
			time.Sleep(time.Second)
		}
		if s := w.server.Stats(); s.Connections != 0 || s.Allocations != 1 {
			t.Errorf("a client that reads nothing for %v: %+v", writeTimeout, s)
		}
		_ = w.server.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

func TestAClientThatReadsNoAnswersIsCutOff(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		l := &pipes{at: w.listenStreams(relay4, 80), conns: make(chan net.Conn)}
		served := make(chan error, 1)
		go func() { served <- w.server.ServeTCP(context.Background(), l) }()
		c := l.dial()
		for i := 0; ; i++ {
			if _, err := c.Write(header(bindingRequest, 0)); err != nil {
				break
			}
			if i > 2*queueBytes/stunHeader {
				t.Fatal("answers pile up")
			}
		}
		if synctest.Wait(); w.server.Stats().Connections != 0 {
			t.Error("still there")
		}
		_ = w.server.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

func TestStreamsEndWithTheirListener(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		l := w.listenStreams(relay4, 80)
		ctx, cancel := context.WithCancel(context.Background())
		served := make(chan error, 1)
		go func() { served <- w.server.ServeTCP(ctx, l) }()
		c := &client{t: t, conn: &framed{Conn: w.stream(alice4, 80)}, cred: w.pair().A}
		other := w.clientOver(overTCP, bob4, w.pair().A)
		c.wantAllocated()
		other.wantAllocated()
		before := w.server.Stats().Answered
		cancel()
		if err := <-served; err != nil {
			t.Errorf("after cancel: %v", err)
		}
		w.wantEOF(c.conn.(*framed).Conn, 0, "after cancel")
		if s := w.server.Stats(); s.Allocations != 1 || s.Connections != 1 || s.Answered != before {
			t.Errorf("%+v", s)
		}
		other.want(0, stun.MethodRefresh)

		l = w.listenStreams(relay4, 81)
		go func() { served <- w.server.ServeTCP(context.Background(), l) }()
		synctest.Wait()
		_ = l.Close()
		if err := <-served; err == nil {
			t.Error("a listener that somebody else closed is no error")
		}
		_ = w.server.Close()
		l = w.listenStreams(relay4, 82)
		if err := w.server.ServeTCP(context.Background(), l); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// moody fails as often as it is told before it accepts.
type moody struct {
	net.Listener
	failures []error
}

func (m *moody) Accept() (net.Conn, error) {
	if len(m.failures) > 0 {
		err := m.failures[0]
		m.failures = m.failures[1:]
		return nil, err
	}
	return m.Listener.Accept()
}

// covers T3 (the real thing: TestRunningOutOfDescriptors)
func TestAcceptIsTriedAgain(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		m := &moody{Listener: w.listenStreams(relay4, 80)}
		for _, err := range []error{
			&net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", errno("too many open files"))}, os.ErrPermission, errors.New("anything"),
		} {
			for range 10 {
				m.failures = append(m.failures, err)
			}
		}
		served := make(chan error, 1)
		start := time.Now()
		go func() { served <- w.server.ServeTCP(context.Background(), m) }()
		c := &client{t: t, conn: &framed{Conn: w.stream(alice4, 80)}, cred: w.pair().A}
		c.write(c.build(stun.MethodBinding).Raw)
		if c.readWithin(time.Minute) == nil {
			t.Error("not served")
		}
		if d := time.Since(start); d > 30*maxAcceptRetry {
			t.Errorf("30 failures take %v", d)
		}
		c.wantAllocated()
		_ = w.server.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

type errno string

func (e errno) Error() string { return string(e) }

func TestStreamsAllocateNothingForVoice(t *testing.T) {
	b := newBench(t)
	call := b.calls(2)
	st := &stream{
		server: b.server, conn: pipe{}, who: tuple{call[0].addr, 1}, queue: newQueue(), closed: make(chan struct{}),
		socket: &socket{group: 1, counters: b.worker.socket.counters},
	}
	st.socket.stream = st
	w := newWorker(b.server, nil, &streamTransport{}, 1)
	send := func() { // from the stream to a datagram client
		st.have = copy(st.in[:], call[0].b)
		w.frames(st)
	}
	receive := func() {
		for range 2 * queueBytes / len(call[0].b) { // and drops
			if !st.send(call[0].b, true) {
				t.Fatal("refused")
			}
		}
		st.queue.give(st.queue.take())
	}
	receive()
	receive()
	if n := testing.AllocsPerRun(100, func() { send(); receive() }); n != 0 {
		t.Errorf("%v heap objects", n)
	}
	if st.have != 0 || st.socket.counters.forwarded.Load() != 101 {
		t.Errorf("%d forwarded", st.socket.counters.forwarded.Load())
	}
}
