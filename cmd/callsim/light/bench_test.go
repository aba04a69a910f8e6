package light_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/cmd/callsim/light"
	"github.com/taciturn-voice/taciturn/cmd/callsim/target"
)

// BenchmarkCalls holds so many calls through a relay in this process and measures the thread that carries their voice:
//
//	us/packet      processor time of the thread for each packet that it sends and receives
//	calls/core     how many calls a core full of such threads carries: a call is 100 packets a second each way
//	pacing-p99-us  by how much frames left late
//	KiB/call       heap of both sides together
//
// Run it alone: the relay needs the other core.
func BenchmarkCalls(b *testing.B) {
	for _, n := range []int{100, 400} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			server, err := target.Start(context.Background(), target.Config{})
			if err != nil {
				b.Fatal(err)
			}
			defer server.Close()
			before := heap()
			engine, err := light.New(light.Config{Voice: frames(), Shards: 1})
			if err != nil {
				b.Fatal(err)
			}
			defer engine.Close()
			ctx, hangUp := context.WithCancel(context.Background())
			calls := hold(ctx, b, engine, server.URL, n)
			defer calls.Wait()
			defer hangUp()
			grown := heap() - before
			start := engine.Stats()
			for b.Loop() {
				time.Sleep(time.Second)
			}
			end := engine.Stats()
			packets := float64(end.Sent - start.Sent)
			cpu := float64((end.CPU - start.CPU).Microseconds())
			b.ReportMetric(cpu/packets, "us/packet")
			b.ReportMetric(1e6/(100*cpu/packets), "calls/core")
			b.ReportMetric(float64(end.Pacing.Percentile(99).Microseconds()), "pacing-p99-us")
			b.ReportMetric(float64(end.Delay.Percentile(50).Microseconds()), "delay-p50-us")
			b.ReportMetric(100*(1-float64(end.Received-start.Received)/packets), "lost-%")
			b.ReportMetric(float64(end.WakeUps-start.WakeUps)/b.Elapsed().Seconds(), "wake-ups/s")
			b.ReportMetric(float64(grown)/1024/float64(n), "KiB/call")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

func frames() [][]byte {
	voice := make([][]byte, 50)
	for i := range voice {
		voice[i] = make([]byte, 80)
	}
	return voice
}

// credentials is how many calls one person can place at once.
const credentials = 28

// hold places n calls, and returns when all talk; they end with ctx.
func hold(ctx context.Context, b testing.TB, engine *light.Engine, server string, n int) *sync.WaitGroup {
	crowd, err := engine.NewCrowd(ctx, server, 2+n/credentials)
	if err != nil {
		b.Fatal(err)
	}
	var calls, ready sync.WaitGroup
	slots := make(chan struct{}, 32)
	for range n {
		ready.Add(1)
		slots <- struct{}{}
		calls.Go(func() {
			var once sync.Once
			done := func() { once.Do(func() { <-slots; ready.Done() }) }
			defer done()
			from, to, err := crowd.Pair(ctx)
			if err != nil {
				b.Error(err)
				return
			}
			o := engine.Call(ctx, from, to, light.Plan{Talk: time.Hour, OnVoice: done})
			if ctx.Err() == nil {
				b.Errorf("a call ended with %v at %q", o.Result, o.Failure)
			}
		})
	}
	ready.Wait()
	return &calls
}
