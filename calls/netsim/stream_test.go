package netsim

import (
	"bytes"
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// transfer dials, writes, and reads at the other end what was written: how long the dial took, and all of it.
func transfer(t *testing.T, p Profile, size int) (dial, whole time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{Delay: 5 * time.Millisecond, Seed: 8})
		n.Host(left).Use(p)
		l, err := n.Host(right).Listen("tcp", ":80")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		start := time.Now()
		client, err := n.Host(left).DialContext(context.Background(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		server, _ := l.Accept()
		dial = time.Since(start)
		sent := bytes.Repeat([]byte("stream"), size/6+1)[:size]
		go func() {
			for rest := sent; len(rest) > 0; {
				k, err := client.Write(rest[:min(len(rest), 4096)])
				if err != nil {
					t.Error(err)
					return
				}
				rest = rest[k:]
			}
			_ = client.Close()
		}()
		start = time.Now()
		got, err := io.ReadAll(server)
		whole = time.Since(start)
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%d bytes of %d: %v", len(got), size, err)
		}
		_ = server.Close()
	})
	return dial, whole
}

func TestAStreamHasDelayAndRateOfTheLink(t *testing.T) {
	dial, whole := transfer(t, even("", "", "", Link{Delay: 40 * time.Millisecond}), 1000)
	if dial != 90*time.Millisecond || whole != 45*time.Millisecond {
		t.Errorf("dialled in %v, there in %v", dial, whole)
	}
	// 100 kB at a megabit per second, with 40 bytes of header for each 1440.
	_, whole = transfer(t, Profile{Up: Link{BitsPerSecond: 1e6}}, 100000)
	if whole < 800*time.Millisecond || whole > 850*time.Millisecond {
		t.Errorf("took %v", whole)
	}
}

func TestLossMakesAStreamLateAndLosesNothing(t *testing.T) {
	good := even("", "", "", Link{Delay: 20 * time.Millisecond})
	bad := even("", "", "", Link{Delay: 20 * time.Millisecond, Loss: Random(0.1)})
	_, soon := transfer(t, good, 100000)
	_, late := transfer(t, bad, 100000)
	if late < soon+retransmit || late > 30*time.Second {
		t.Errorf("%v with loss, %v without", late, soon)
	}
	if _, all := transfer(t, even("", "", "", Link{Loss: Random(1)}), 10); all > time.Minute {
		t.Errorf("%v", all)
	}
}

// A stream waits for the end of a tunnel.
func TestAnOutageStallsStreams(t *testing.T) {
	p := mustProfile(t, "train")
	p.Up, p.Down = Link{}, Link{}
	p.Outages = Outages{Min: 5 * time.Second, Median: 5 * time.Second, Max: 5 * time.Second, MinGap: time.Hour, MaxGap: time.Hour}
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{})
		n.Host(left).Use(p)
		l, err := n.Host(right).Listen("tcp", ":80")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		time.Sleep(time.Hour + time.Second)
		start := time.Now()
		client, err := n.Host(left).DialContext(context.Background(), "tcp", l.Addr().String())
		if took := time.Since(start); err != nil || took < 4*time.Second || took > 8*time.Second {
			t.Fatalf("dialled in %v: %v", took, err)
		}
		_ = client.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		time.Sleep(time.Hour - time.Since(start) + 4*time.Second)
		if _, err := n.Host(left).DialContext(ctx, "tcp", l.Addr().String()); err != context.DeadlineExceeded {
			t.Errorf("dialled in a tunnel: %v", err)
		}
	})
}
