package signaling

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestWaitsGrowUpToABound(t *testing.T) {
	// covers N8
	bounds := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 16 * time.Second, 16 * time.Second}
	longest := make([]time.Duration, len(bounds))
	for range 500 {
		var b Backoff
		for i, bound := range bounds {
			wait := b.next()
			if wait < 0 || wait >= bound {
				t.Fatalf("wait %d is %v, outside [0, %v)", i, wait, bound)
			}
			longest[i] = max(longest[i], wait)
		}
	}
	for i, bound := range bounds {
		// All of 500 draws in the lower half of the range: less likely than a broken computer.
		if longest[i] < bound/2 {
			t.Errorf("wait %d never took more than %v of %v", i, longest[i], bound)
		}
	}
}

func TestASuccessStartsOver(t *testing.T) {
	var b Backoff
	for range 20 {
		b.next()
	}
	b.Reset()
	for range 100 {
		if wait := b.next(); wait >= 500*time.Millisecond {
			t.Fatalf("the first wait after a success is %v", wait)
		}
		b.Reset()
	}
}

func TestClientsThatLostAServerTogetherComeBackSpreadOut(t *testing.T) {
	// covers N8
	const clients, slots = 10_000, 10
	var counts [slots]int
	for range clients {
		b := Backoff{bound: 8 * time.Second} // the next bound is 16 s
		counts[b.next()*slots/(16*time.Second)]++
	}
	for i, n := range counts { // 1000 expected, with a standard deviation of 30
		if n < 700 || n > 1300 {
			t.Errorf("%d of %d clients come back in part %d of %d", n, clients, i, slots)
		}
	}
}

func TestWaitTakesTheTimeItDrew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b Backoff
		total := 0 * time.Second
		for range 6 {
			start := time.Now()
			if err := b.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			total += time.Since(start)
		}
		if total > 32*time.Second { // 0.5 + 1 + 2 + 4 + 8 + 16
			t.Errorf("six waits took %v", total)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		b := Backoff{bound: time.Hour}
		if err := b.Wait(ctx); err != context.Canceled || time.Since(start) != 0 {
			t.Errorf("waited %v although it was over, %v", time.Since(start), err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Nanosecond)
		defer cancel()
		if err := b.Wait(ctx); err != context.DeadlineExceeded {
			t.Errorf("a deadline while waiting: %v", err)
		}
	})
}
