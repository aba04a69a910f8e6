package probe

import (
	"fmt"
	"time"

	"github.com/pion/stun/v4"
)

// The packets of strangers that are counted.
const (
	costBinding   = "Binding"
	costChallenge = "Allocate without credentials"
)

// costs floods with each kind of packet for half a second.
func (e *env) costs() (all []Cost) {
	for _, kind := range []struct {
		name string
		make func() []byte
	}{
		{"ChannelData without an allocation", func() []byte { return channelData(0x4000, make([]byte, 160)) }},
		{"STUN with a wrong magic cookie", func() []byte {
			m := stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw
			m[4] ^= 0xFF
			return m
		}},
		{"Send without an allocation", func() []byte {
			return stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), stun.RawAttribute{Type: stun.AttrData, Value: payload}).Raw
		}},
		{"Allocate with a forged seal", func() []byte {
			return stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), transport(protocolUDP),
				stun.NewUsername(fmt.Sprintf("%d:probe", time.Now().Add(time.Hour).Unix())), stun.NewRealm(e.realm), stun.NewNonce("obMatJos2AAAA0123456789abcdef"),
				stun.NewLongTermIntegrity("probe", e.realm, "forged")).Raw
		}},
		{costBinding, func() []byte { return stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw }},
		{costChallenge, func() []byte {
			return stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), transport(protocolUDP)).Raw
		}},
	} {
		if e.ctx.Err() != nil {
			return all
		}
		if c, ok := e.flood(kind.name, kind.make); ok {
			all = append(all, c)
		}
	}
	return all
}

// flood sends at a steady rate from one address and reads in between.
func (e *env) flood(name string, packet func() []byte) (Cost, bool) {
	l, err := e.dial(e.cfg.Transport)
	if err != nil {
		return Cost{}, false
	}
	defer l.conn.Close()
	cost := Cost{Packet: name}
	before, known := cpuTime(e.cfg.PID)
	const burst = floodPerSecond / 100 // each 10 ms
	began := time.Now()
	for open := true; open && cost.Sent < floodPackets && e.ctx.Err() == nil; {
		for range burst {
			b := packet()
			if l.write(b) != nil {
				open = false // the server has closed the connection, and a read whose time has come would not say so
				break
			}
			cost.Sent++
			cost.BytesIn += len(b)
		}
		open = cost.reads(l, began.Add(time.Duration(cost.Sent)*time.Second/floodPerSecond)) && open
	}
	cost.reads(l, time.Now().Add(e.cfg.Wait))
	after, still := cpuTime(e.cfg.PID)
	if cost.BytesIn > 0 {
		cost.Ratio = float64(cost.BytesOut) / float64(cost.BytesIn)
	}
	if known && still && cost.Sent > 0 {
		micros := float64((after - before).Nanoseconds()) / 1000 / float64(cost.Sent)
		cost.CPUMicros = &micros
	}
	return cost, true
}

// reads counts what comes until then; false if the connection has ended.
func (c *Cost) reads(l *link, until time.Time) bool {
	for {
		b, err := l.read(until)
		if err != nil {
			return broken(err) == "silence"
		}
		c.Answers++
		c.BytesOut += len(b)
	}
}

// amplification judges what a forged source would be sent.
func amplification(on Transport, costs []Cost) (all []Result) {
	for _, c := range costs {
		if c.Packet != costBinding && c.Packet != costChallenge {
			continue
		}
		name := map[string]string{costBinding: "amplification.binding", costChallenge: "amplification.challenge"}[c.Packet]
		r := Result{Name: name, Source: "reflection by Binding and 401", Want: "at most 1.00 byte out per byte in", Got: fmt.Sprintf("%.2f", c.Ratio), Verdict: Pass}
		switch {
		case on != UDP:
			r.Got, r.Verdict = "nobody forges the source of a stream", Skipped
		case c.Ratio > 1:
			r.Verdict = Fail
		}
		all = append(all, r)
	}
	return all
}
