package scenario

import (
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// What a mix is if it does not say.
var (
	defaultDuration = Dist{Kind: Lognormal, Value: 110 * time.Second, Sigma: 1}
	defaultRing     = Dist{Kind: Fixed, Value: 2 * time.Second}
)

const (
	defaultBetween = 10 * time.Millisecond
	// maxTalk bounds one call.
	maxTalk = 12 * time.Hour
)

func (r *reader) mix(v value) Mix {
	key := v.object("name", "weight", "outcome", "duration", "ring", "ring_timeout", "events", "caller", "callee")
	m := Mix{
		Name: key("name").text("call"), Weight: key("weight").number(1, 0, 1e9),
		Outcome:  Outcome(key("outcome").word(string(Answered), string(Answered), string(NoAnswer), string(Rejected), string(Busy), string(Cancelled))),
		Duration: r.dist(key("duration"), defaultDuration), Ring: r.dist(key("ring"), defaultRing),
		RingTimeout: key("ring_timeout").duration(0),
	}
	if m.Name == "" || strings.ContainsAny(m.Name, " \t\n\"'") {
		key("name").fail("must be a word")
	}
	if m.Outcome == Cancelled && m.RingTimeout == 0 {
		m.RingTimeout = 5 * time.Second
	}
	for _, e := range key("events").list() {
		m.Events = append(m.Events, r.event(e))
	}
	slices.SortStableFunc(m.Events, func(a, b Event) int { return int(a.At - b.At) })
	if len(m.Events) > 0 && m.Outcome != Answered {
		key("events").fail("happen in calls that are answered")
	}
	for _, side := range []struct {
		name string
		to   **Pick
	}{{"caller", &m.Caller}, {"callee", &m.Callee}} {
		if key(side.name).present() {
			p := r.pick(key(side.name), profiles())
			*side.to = &p
		}
	}
	return m
}

func (r *reader) event(v value) Event {
	key := v.object("at", "do", "for", "who", "to", "overlap")
	e := Event{
		At: key("at").duration(0), Do: Action(key("do").word("", string(SwitchNetwork), string(Mute), string(Offline))),
		For: key("for").duration(0), Who: Side(key("who").word(string(Caller), string(Caller), string(Callee))),
		Overlap: key("overlap").signedDuration(0),
	}
	switch {
	case !key("do").present():
		v.fail("needs do: one of switch_network, mute, offline")
	case e.Do == SwitchNetwork:
		e.To = key("to").word("lte", profiles()...)
		if key("for").present() {
			key("for").fail("belongs to mute and offline; overlap: -3s is a gap between two networks")
		}
	case e.For == 0:
		v.fail("needs for: how long it lasts")
	case key("to").present() || key("overlap").present():
		v.fail("to and overlap belong to switch_network")
	}
	return e
}

func (r *reader) network(v value) (n Network) {
	key := v.object("between", "caller", "callee", "nat")
	n.Between = key("between").duration(defaultBetween)
	n.Caller = r.pickOr(key("caller"), One(Perfect), profiles())
	n.Callee = n.Caller
	if callee := key("callee"); callee.present() && !sameAs(callee) {
		n.Callee = r.pick(callee, profiles())
	}
	n.NAT = r.pickOr(key("nat"), One(None), NATs())
	return n
}

// sameAs recognises {same_as: caller}.
func sameAs(v value) bool {
	return v.node.Kind == yaml.MappingNode && len(v.node.Content) == 2 && v.node.Content[0].Value == "same_as" && v.node.Content[1].Value == "caller"
}

func (r *reader) pickOr(v value, fallback Pick, known []string) Pick {
	if !v.present() {
		return fallback
	}
	return r.pick(v, known)
}

// pick reads a name, or {pick: [{a: 50}, {b: 50}]}.
func (r *reader) pick(v value, known []string) (p Pick) {
	if v.scalar() {
		return One(v.known(known))
	}
	items := v.object("pick")("pick").list()
	total := 0.0
	for _, item := range items {
		c := Choice{Weight: 1}
		if item.scalar() {
			c.Name = item.known(known)
		} else {
			name, weight := item.single()
			c = Choice{name, weight.number(1, 0, 1e9)}
			if name != "" && !slices.Contains(known, name) {
				item.fail("%q is not known%s", name, meant(name, known))
			}
		}
		total += c.Weight
		p = append(p, c)
	}
	if total <= 0 {
		v.fail("must be a name, or {pick: [{%s: 60}, {%s: 40}]}", known[1], known[len(known)-1])
		return One(known[0])
	}
	return p
}

// known reads a name out of a long list.
func (v value) known(names []string) string {
	name := v.text("")
	if !slices.Contains(names, name) {
		v.fail("%q is not known%s", name, meant(name, names))
	}
	return name
}

func (r *reader) dist(v value, fallback Dist) Dist {
	if !v.present() {
		return fallback
	}
	if v.scalar() {
		return Dist{Kind: Fixed, Value: min(v.duration(0), maxTalk)}
	}
	name, of := v.single()
	if !of.present() {
		return fallback
	}
	d := Dist{Kind: DistKind(name)}
	switch d.Kind {
	case Fixed:
		d.Value = of.duration(0)
	case Exponential:
		d.Value = of.duration(0)
	case Lognormal:
		key := of.object("median", "sigma")
		d.Value, d.Sigma = key("median").duration(defaultDuration.Value), key("sigma").number(defaultDuration.Sigma, 0, 5)
	case Erlang:
		key := of.object("mean", "k")
		d.Value, d.K = key("mean").duration(defaultDuration.Value), key("k").integer(2, 1, 100)
	case Empirical:
		for _, x := range of.list() {
			d.Values = append(d.Values, x.duration(0))
		}
		if len(d.Values) == 0 {
			of.fail("needs at least one duration")
			d.Values = []time.Duration{0}
		}
	default:
		kinds := []string{string(Fixed), string(Exponential), string(Lognormal), string(Erlang), string(Empirical)}
		v.fail("%q is none of %s%s", name, strings.Join(kinds, ", "), meant(name, kinds))
	}
	return d
}
