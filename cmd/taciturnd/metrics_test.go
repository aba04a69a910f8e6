package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// day is what a relay and a signaling server count while there is a call of eight minutes at times that nobody shall learn.
type day struct {
	start time.Time
	calls []time.Duration // since start
}

const (
	callSeconds      = 8 * 60
	packetsPerSecond = 100 // forwarded, both ways
)

func (d *day) figures() (f figures) {
	since := time.Since(d.start)
	for _, at := range d.calls {
		talked := min(max(since-at, 0), callSeconds*time.Second)
		f.forwarded += uint64(talked.Seconds()) * packetsPerSecond
		if since >= at {
			f.accepted += 10
		}
		if talked > 0 && talked < callSeconds*time.Second {
			f.allocations += 2
		}
	}
	return f
}

func scrape(t *testing.T, h http.Handler) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "taciturn_relay_packets_total") {
		t.Fatalf("no metrics: status %d", w.Code)
	}
	return w.Body.String()
}

// changes scrapes for some hours and says when what it read was new.
func (d *day) changes(t *testing.T, hours int, get func() figures) (times []time.Duration) {
	h := metricsHandler(true, true, get)
	last := scrape(t, h)
	for time.Since(d.start) < time.Duration(hours)*time.Hour {
		time.Sleep(10 * time.Second)
		if now := scrape(t, h); now != last {
			times, last = append(times, time.Since(d.start)), now
		}
	}
	return times
}

// One call an hour on an empty server: who reads the metrics all the time learns nothing, for they are the same as on a day
// without any call.
func TestTheMetricsDoNotTellWhenSomebodyCalled(t *testing.T) {
	// covers P4
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		d := &day{start: time.Now()}
		for hour := range 12 {
			d.calls = append(d.calls, time.Duration(hour)*time.Hour+time.Duration(7*hour%50)*time.Minute)
		}
		var p published
		go p.publishLoop(ctx, d.figures)
		if times := d.changes(t, 12, p.figures); len(times) > 0 {
			t.Errorf("the metrics changed after %v", times)
		}
		if got := d.figures().forwarded; got < 12*callSeconds*packetsPerSecond*9/10 {
			t.Errorf("only %d packets were forwarded: nobody called", got)
		}
		stop()
		synctest.Wait()
	})
}

// The test above can fail: exact figures give every call away.
func TestExactMetricsWouldTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &day{start: time.Now(), calls: []time.Duration{20 * time.Minute}}
		times := d.changes(t, 1, d.figures)
		if len(times) < callSeconds/10 || times[0] < 20*time.Minute || times[0] > 21*time.Minute {
			t.Errorf("%d changes", len(times))
		}
	})
}

// A large server's operator sees the load.
func TestABusyServerShowsItsLoad(t *testing.T) {
	for n, want := range map[uint64]uint64{0: 0, 1: 0, 9: 0, 10: 10, 99: 10, 100: 100, 4_321: 1_000} {
		if got := powerOfTen(n); got != want {
			t.Errorf("%d allocations are shown as %d, want %d", n, got, want)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var p published
		exact := figures{accepted: 123_456, refused: 2_999, forwarded: 98_765_432, dropped: 12, allocations: 4_321}
		go p.publishLoop(ctx, func() figures { return exact })
		time.Sleep(publishEvery + time.Second)
		want := figures{accepted: 123_000, refused: 2_000, forwarded: 90_000_000, dropped: 0, allocations: 1_000}
		if got := p.figures(); got != want {
			t.Errorf("published %+v, want %+v", got, want)
		}
		stop()
		synctest.Wait()
	})
}
