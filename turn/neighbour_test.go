package turn

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// BenchmarkNoisyNeighbour is a call on real sockets, alone and beside a credential at 100 times its rate, a thousand connections
// that say nothing (of which one source may keep 500) and 50,000 strangers' Allocates a second, all of which run on the same
// cores as the relay: latency of 500 packets/s of voice, and how much is lost.
func BenchmarkNoisyNeighbour(b *testing.B) {
	for _, noise := range []bool{false, true} {
		b.Run(fmt.Sprintf("noise=%v", noise), func(b *testing.B) {
			s, secret, at := serve(b, "127.0.0.1:0", 0)
			streams := serveStreams(b, s, plain)
			pair, err := Mint(secret, time.Now(), time.Hour)
			if err != nil {
				b.Fatal(err)
			}
			alice, bob := benchCall(b, at, pair)
			stop := make(chan struct{})
			var wg sync.WaitGroup
			if noise {
				for range 1000 {
					c, err := net.Dial("tcp", streams.String())
					if err != nil {
						b.Fatal(err)
					}
					defer c.Close()
				}
				wg.Go(func() { benchNoise(b, at, secret, stop) })
			}
			sent := make([]time.Time, b.N)
			var late []time.Duration
			wg.Go(func() {
				in := make([]byte, 2048)
				for {
					_ = bob.conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
					n, _, err := bob.conn.ReadFrom(in)
					if err != nil {
						return
					}
					if i := int(binary.BigEndian.Uint32(in[channelHeader:])); n > channelHeader+4 && i < len(sent) {
						late = append(late, time.Since(sent[i]))
					}
				}
			})
			voice := channelData(0x4000, string(make([]byte, 160)))
			tick := time.NewTicker(2 * time.Millisecond)
			defer tick.Stop()
			b.ResetTimer()
			for i := range b.N {
				<-tick.C
				binary.BigEndian.PutUint32(voice[channelHeader:], uint32(i))
				sent[i] = time.Now()
				alice.write(voice)
			}
			b.StopTimer()
			close(stop)
			wg.Wait()
			slices.Sort(late)
			if len(late) > 0 {
				b.ReportMetric(float64(late[len(late)/2].Microseconds()), "p50-µs")
				b.ReportMetric(float64(late[len(late)*99/100].Microseconds()), "p99-µs")
			}
			b.ReportMetric(100*float64(b.N-len(late))/float64(b.N), "lost-%")
			b.ReportMetric(float64(s.Stats().Drops[DropSilenced])/b.Elapsed().Seconds(), "silenced/s")
			b.ReportMetric(float64(s.Stats().Drops[DropBandwidth])/b.Elapsed().Seconds(), "cut/s")
		})
	}
}

func benchCall(b *testing.B, at netip.AddrPort, pair Pair) (alice, bob *client) {
	b.Helper()
	alice, bob = dial(b, at, pair.A), dial(b, at, pair.B)
	alice.wantAllocated()
	bob.wantAllocated()
	alice.want(0, stun.MethodChannelBind, number(0x4000), peer(bob.relayed))
	bob.want(0, stun.MethodChannelBind, number(0x4000), peer(alice.relayed))
	return alice, bob
}

// benchNoise sends every millisecond what is due.
func benchNoise(b *testing.B, at netip.AddrPort, secret Secret, stop chan struct{}) {
	pair, err := Mint(secret, time.Now(), time.Hour)
	if err != nil {
		b.Error(err)
		return
	}
	mallory, _ := benchCall(b, at, pair)
	stranger := dial(b, at, Credential{}).conn.(*net.UDPConn)
	allocate := mallory.build(stun.MethodBinding).Raw[:stunHeader]
	binary.BigEndian.PutUint16(allocate, allocateRequest)
	putLength(allocate, 0)
	noise := channelData(0x4000, string(make([]byte, 1200)))
	perMilli := 100 * defaultBytesPerSecond / (len(noise) + packetOverhead) / 1000
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		for range 50 {
			_, _ = stranger.WriteToUDPAddrPort(allocate, at)
		}
		for range perMilli {
			_, _ = mallory.conn.WriteTo(noise, mallory.relay)
		}
	}
}
