package turn

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// modelled is what the model knows of a live allocation.
type modelled struct {
	user, tag, port int
	expires         time.Duration
	permit          time.Duration
	channels        map[uint16]boundTo
}

type boundTo struct {
	port    int
	expires time.Duration
}

// tableModel compares the table with maps. Few clients, users and tags, so that they collide.
type tableModel struct {
	table *table
	via   *socket
	now   time.Duration
	live  map[int]*modelled // by client
	id    byte
	flows *int // seen
}

const (
	modelClients = 8
	modelTags    = 3
	modelMax     = 6
	modelPerTag  = 3
)

func newTableModel(flows *int) *tableModel {
	table := newTable(Config{Public4: relay4, MaxAllocations: modelMax, MaxAllocationsPerTag: modelPerTag})
	table.flows = newFlows(1000) // so many that no window is ever full
	return &tableModel{
		flows: flows, table: table,
		via: &socket{group: 1}, live: make(map[int]*modelled),
	}
}

func (m *tableModel) who(client int) tuple { return tuple{clientAddress(client), 1} }
func (m *tableModel) tag(tag int) pairTag  { return pairTag{byte(tag + 1)} }
func (m *tableModel) user(user int) userID { return userID{byte(user + 1)} }
func (m *tableModel) next() transactionID  { m.id++; return transactionID{m.id} }

// own returns the live allocation of a client, or the code for a user who wants to change it.
func (m *tableModel) own(client, user int) (*modelled, errorCode) {
	a := m.live[client]
	switch {
	case a == nil || m.now >= a.expires:
		return nil, codeMismatch
	case a.user != user:
		return nil, codeWrongCredentials
	}
	return a, 0
}

func (m *tableModel) allocate(t *rapid.T) {
	client, user := rapid.IntRange(0, modelClients-1).Draw(t, "client"), rapid.IntRange(0, 1).Draw(t, "user")
	tag := rapid.IntRange(0, modelTags-1).Draw(t, "tag")
	g, code := m.table.allocate(allocation{
		tuple: m.who(client), via: m.via, user: m.user(user), tag: m.tag(tag), families: family4.set(), transaction: m.next(),
		granted: defaultLifetime, expires: m.now + defaultLifetime,
	}, 0, true, m.now)
	mates, all := 0, 0
	for c, a := range m.live { // swept or not, an allocation holds its place; but the client's own makes room
		if c == client && m.now >= a.expires {
			continue
		}
		all++
		if a.tag == tag {
			mates++
		}
	}
	want := errorCode(0)
	switch a := m.live[client]; {
	case a != nil && m.now < a.expires:
		want = codeMismatch
	case mates >= modelPerTag:
		want = codeQuota
	case all >= modelMax:
		want = codeCapacity
	}
	if code != want {
		t.Fatalf("allocate: %d, want %d", code, want)
	}
	if want == codeQuota || want == codeCapacity {
		delete(m.live, client) // what had expired is gone
	}
	if code == 0 {
		m.live[client] = &modelled{user: user, tag: tag, port: int(g.port), expires: m.now + defaultLifetime, channels: map[uint16]boundTo{}}
	}
}

func (m *tableModel) refresh(t *rapid.T) {
	client, user := rapid.IntRange(0, modelClients-1).Draw(t, "client"), rapid.IntRange(0, 1).Draw(t, "user")
	d := rapid.SampledFrom([]time.Duration{0, defaultLifetime, maxLifetime}).Draw(t, "lifetime")
	a, want := m.own(client, user)
	if code := m.table.refresh(m.who(client), m.user(user), 0, d, m.next(), m.now); code != want {
		t.Fatalf("refresh: %d, want %d", code, want)
	}
	if want == 0 && d == 0 {
		delete(m.live, client)
	} else if want == 0 {
		a.expires = m.now + d
	}
}

func (m *tableModel) permit(t *rapid.T) {
	client, user := rapid.IntRange(0, modelClients-1).Draw(t, "client"), rapid.IntRange(0, 1).Draw(t, "user")
	a, want := m.own(client, user)
	if code := m.table.permit(m.who(client), m.user(user), family4.set(), m.now); code != want {
		t.Fatalf("permit: %d, want %d", code, want)
	}
	if want == 0 {
		a.permit = m.now + permissionLifetime
	}
}

func (m *tableModel) bind(t *rapid.T) {
	client, user := rapid.IntRange(0, modelClients-1).Draw(t, "client"), rapid.IntRange(0, 1).Draw(t, "user")
	number := firstChannel + uint16(rapid.IntRange(0, 5).Draw(t, "number"))
	mate := m.live[rapid.IntRange(0, modelClients-1).Draw(t, "mate")]
	if mate == nil {
		t.Skip("no such mate")
	}
	a, want := m.own(client, user)
	if want == 0 {
		bound := 0
		for n, c := range a.channels {
			if m.now >= c.expires {
				continue
			}
			bound++
			if (n == number) != (c.port == mate.port) {
				want = codeBadRequest
			}
		}
		_, again := a.channels[number]
		again = again && m.now < a.channels[number].expires
		if want == 0 && !again && bound >= maxChannels {
			want = codeCapacity
		}
		if mate.tag != a.tag || m.now >= mate.expires {
			want = codeForbidden
		}
	}
	if code := m.table.bind(m.who(client), m.user(user), number, netip.AddrPortFrom(relay4, uint16(mate.port)), m.now); code != want {
		t.Fatalf("bind: %d, want %d", code, want)
	}
	if want == 0 {
		a.channels[number] = boundTo{mate.port, m.now + channelLifetime}
		a.permit = m.now + permissionLifetime
	}
}

// pass lets time go by, as the expiry loop would.
func (m *tableModel) pass(t *rapid.T) {
	m.now += time.Duration(rapid.IntRange(1, 400).Draw(t, "seconds")) * time.Second
	if rapid.Bool().Draw(t, "sweep") {
		m.table.sweep(m.now)
		for c, a := range m.live {
			if m.now >= a.expires {
				delete(m.live, c)
			}
		}
	}
}

// check compares every way from everybody to everybody.
func (m *tableModel) check(t *rapid.T) {
	for c := range modelClients { // what has ended has no flows either
		for number := uint16(firstChannel); number < firstChannel+6; number++ {
			fast, ok := m.table.flows.find(newFlowKey(m.who(c).client, number, 1), m.now)
			slow, why := m.table.askByChannel(m.who(c), number, m.now)
			slow.from = netip.AddrPort{}
			if ok && (why != 0 || fast != slow) {
				t.Fatalf("flow %+v, table %+v %v", fast, slow, why)
			}
			if !ok && why == 0 && slow.number != 0 {
				t.Fatal("a call has no flow")
			}
			if ok {
				*m.flows++
			}
		}
	}
	for c, a := range m.live {
		for number := uint16(firstChannel); number < firstChannel+6; number++ {
			bound, ok := a.channels[number]
			var want netip.AddrPort
			for pc, p := range m.live {
				if ok && m.now < bound.expires && p.port == bound.port && m.open(a, p) {
					want = clientAddress(pc)
				}
			}
			if r, why := m.table.byChannel(m.who(c), number, m.now); r.to != want || (why == 0) != want.IsValid() {
				t.Fatalf("channel %#x: %v to %v, want %v", number, why, r.to, want)
			}
		}
		for pc, p := range m.live {
			r, why := m.table.byPeer(m.who(c), netip.AddrPortFrom(relay4, uint16(p.port)), m.now)
			if (why == 0) != m.open(a, p) {
				t.Fatalf("%v, want open %v", why, m.open(a, p))
			}
			if why != 0 {
				continue
			}
			number := uint16(0)
			for n, b := range p.channels {
				if b.port == a.port && m.now < b.expires {
					number = n
				}
			}
			if r.to != clientAddress(pc) || r.from.Port() != uint16(a.port) || r.number != number {
				t.Fatalf("to %v from %v on %#x, want %v, %d, %#x", r.to, r.from, r.number, clientAddress(pc), a.port, number)
			}
		}
	}
	if got := m.table.allocations(); got != len(m.live) {
		t.Fatalf("%d live, want %d", got, len(m.live))
	}
}

func (m *tableModel) open(a, p *modelled) bool {
	return m.now < a.expires && m.now < p.expires && a.tag == p.tag && m.now < a.permit && m.now < p.permit
}

func TestTableIsItsModel(t *testing.T) {
	flows := 0
	rapid.Check(t, func(t *rapid.T) {
		m := newTableModel(&flows)
		t.Repeat(map[string]func(*rapid.T){
			"": m.check, "allocate": m.allocate, "refresh": m.refresh, "permit": m.permit, "bind": m.bind, "pass": m.pass,
		})
	})
	if flows == 0 {
		t.Error("no flow was ever found, so the comparison is void")
	}
}

func TestEveryVirtualPortCanBeTaken(t *testing.T) {
	table := newTable(Config{Public4: relay4, MaxAllocations: virtualPorts, MaxAllocationsPerTag: 1})
	seen := make(map[uint16]bool, virtualPorts)
	for i := range virtualPorts {
		var tag pairTag
		tag[0], tag[1], tag[2] = byte(i), byte(i>>8), 1
		g, code := table.allocate(allocation{tuple: tuple{clientAddress(i), 1}, tag: tag, families: family4.set(), expires: time.Hour}, 0, true, 0)
		if code != 0 || g.port < minPort || seen[g.port] {
			t.Fatalf("allocation %d: port %d, code %d", i, g.port, code)
		}
		seen[g.port] = true
	}
	if _, code := table.allocate(allocation{tuple: tuple{clientAddress(virtualPorts), 1}, families: family4.set(), expires: time.Hour}, 0, true, 0); code != codeCapacity {
		t.Errorf("one more: %d", code)
	}
	table.sweep(time.Hour)
	if n := table.allocations(); n != 0 {
		t.Errorf("%d left", n)
	}
}
