// Package bustest lets tests run a bus in virtual time.
//
// NATS keeps one goroutine for each process, not for each server, that ticks while any store is open; its channel is
// made when the program starts. In a testing/synctest bubble a goroutine that waits for a channel from outside does not
// count as blocked, so virtual time would stand still for ever. Importing this package starts that goroutine outside
// every bubble, where it stays.
package bustest

import (
	"log/slog"
	"testing"

	"github.com/nats-io/nats-server/v2/server/ats"
	"github.com/taciturn-voice/taciturn/signaling/bus"
)

func init() { ats.Register() }

// Open opens a silent embedded bus in memory and closes it when the test ends. In a bubble, that is before the bubble
// looks for goroutines left behind.
func Open(t testing.TB) *bus.Bus {
	t.Helper()
	b, err := bus.Open(bus.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatalf("open a bus: %v", err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close the bus: %v", err)
		}
	})
	return b
}
