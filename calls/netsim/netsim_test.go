package netsim

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

var (
	left  = netip.MustParseAddr("192.0.2.1")
	right = netip.MustParseAddr("198.51.100.2")
)

func socket(t *testing.T, h *Host, address string) net.PacketConn {
	t.Helper()
	c, err := h.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestDatagramsArriveAfterTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{Delay: 30 * time.Millisecond})
		a, b := socket(t, n.Host(left), "0.0.0.0:0"), socket(t, n.Host(right), "198.51.100.2:99")
		start := time.Now()
		if _, err := a.WriteTo([]byte("hello"), b.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 16)
		k, from, err := b.ReadFrom(buf)
		if err != nil || string(buf[:k]) != "hello" || from.String() != a.LocalAddr().String() {
			t.Fatalf("got %q from %v: %v", buf[:k], from, err)
		}
		if took := time.Since(start); took != 30*time.Millisecond {
			t.Errorf("took %v, want exactly the delay", took)
		}
	})
}

func TestLossIsTheOneConfiguredAndRepeatsWithItsSeed(t *testing.T) {
	count := func(seed uint64) (arrived []byte) {
		synctest.Test(t, func(t *testing.T) {
			n := New(Config{Loss: 0.25, Seed: seed})
			a, b := socket(t, n.Host(left), ":0"), socket(t, n.Host(right), ":7")
			buf := make([]byte, 1)
			for i := range 256 {
				_, _ = a.WriteTo([]byte{byte(i)}, b.LocalAddr())
			}
			_ = b.SetReadDeadline(time.Now().Add(time.Second))
			for {
				if _, _, err := b.ReadFrom(buf); err != nil {
					return
				}
				arrived = append(arrived, buf[0])
			}
		})
		return arrived
	}
	one, again, other := count(1), count(1), count(2)
	if string(one) != string(again) || string(one) == string(other) {
		t.Error("loss does not follow the seed")
	}
	if len(one) < 150 || len(one) > 230 {
		t.Errorf("%d of 256 arrived at 25 %% loss", len(one))
	}
}

func TestADownHostLosesDatagramsAndStallsStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{Delay: time.Millisecond})
		l, err := n.Host(right).Listen("tcp", ":80")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		client, err := n.Host(left).DialContext(context.Background(), "tcp", "198.51.100.2:80")
		if err != nil {
			t.Fatal(err)
		}
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		n.Host(left).SetDown(true)
		if _, err := client.Write([]byte("late")); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 16)
		_ = server.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := server.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read through a dead network: %v", err)
		}
		n.Host(left).SetDown(false)
		_ = server.SetReadDeadline(time.Time{})
		k, err := server.Read(buf)
		if err != nil || string(buf[:k]) != "late" {
			t.Errorf("after the outage: %q, %v", buf[:k], err)
		}
		_ = client.Close()
		if _, err := server.Read(buf); err != io.EOF {
			t.Errorf("after close: %v, want EOF", err)
		}
		_ = server.Close()
	})
}

func TestStreamsKeepOrderUnderConcurrentReadAndWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{Delay: 5 * time.Millisecond})
		l, err := n.Host(right).Listen("tcp", "198.51.100.2:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		client, err := n.Host(left).DialContext(context.Background(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		server, _ := l.Accept()
		const size = 1 << 20 // more than the window
		go func() {
			b := make([]byte, 1000)
			for i := 0; i < size; i += len(b) {
				for j := range b {
					b[j] = byte(i + j)
				}
				if _, err := client.Write(b[:min(len(b), size-i)]); err != nil {
					t.Error(err)
				}
			}
			_ = client.Close()
		}()
		all, err := io.ReadAll(server)
		if err != nil || len(all) != size {
			t.Fatalf("%d bytes: %v", len(all), err)
		}
		for i, b := range all {
			if b != byte(i) {
				t.Fatalf("byte %d is %d", i, b)
			}
		}
		_ = server.Close()
	})
}

func TestNobodyListeningIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{})
		if _, err := n.Host(left).DialContext(context.Background(), "tcp", "198.51.100.2:80"); err == nil {
			t.Error("connected to nobody")
		}
		c := socket(t, n.Host(left), ":5")
		if _, err := n.Host(left).ListenPacket("udp", ":5"); err == nil {
			t.Error("one port, two sockets")
		}
		if _, err := n.Host(left).ListenPacket("udp", "10.0.0.1:0"); err == nil {
			t.Error("a foreign address")
		}
		_ = c.Close()
		if _, _, err := c.ReadFrom(nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read from a closed socket: %v", err)
		}
	})
}

// net/http ends a pending read by a deadline in the past; one that is missed waits for ever.
func TestADeadlineSetAtAnyMomentEndsARead(t *testing.T) {
	n := New(Config{})
	conn := socket(t, n.Host(netip.MustParseAddr("192.0.2.1")), ":1")
	for range 2000 {
		if err := conn.SetReadDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _, _ = conn.ReadFrom(make([]byte, 1))
		}()
		if err := conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		<-done
	}
}
