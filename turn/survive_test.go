package turn

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pion/stun/v4"
)

// A mistake of this program costs the packet that met it, and the log does not say whose that was.
//
// covers P3 (a panic while a packet is handled)
func TestAPanicCostsNobodyTheirCall(t *testing.T) {
	var log bytes.Buffer
	inWorld(t, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) }, func(t *testing.T, w *world) {
		alice, bob := w.callOver(overUDP, overTCP)
		carol, dave := w.callOver(overUDP, overUDP)
		eve := w.clientOver(overTCP, eve4, carol.cred)
		eve.wantAllocated()
		eve.want(0, stun.MethodCreatePermission, peer(at4(0)))
		table := w.server.table
		table.mu.Lock()
		port := carol.relayed.Port()
		number := table.ports[port]
		table.ports[port] = 1 << 30 // a slot that does not exist
		table.mu.Unlock()
		for range 100 {
			dave.send(carol.relayed, "boom")
		}
		eve.send(carol.relayed, "boom")
		w.wantEOF(eve.conn.(*framed).Conn, 0, "a stream whose frame can not be handled")
		synctest.Wait()
		table.mu.Lock()
		table.ports[port] = number
		table.mu.Unlock()
		alice.sendChannel(0x4000, "still here")
		bob.wantChannel(0x4001, "still here")
		bob.sendChannel(0x4001, "still here")
		alice.wantChannel(0x4000, "still here")
		carol.sendChannel(0x4000, "even we")
		dave.wantChannel(0x4001, "even we")
		if n := w.server.Stats().Drops[DropPanic]; n != 101 {
			t.Errorf("%d panics counted", n)
		}
	})
	if lines := strings.Count(log.String(), "\n"); lines != 1 || strings.Contains(log.String(), "index") {
		t.Errorf("%d lines logged: %s", lines, log.String())
	}
}
