package scenario

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// Lock is the scenario as a file that says everything: it reads back as the same scenario, wherever it lies.
func (s *Scenario) Lock() []byte {
	doc := object(
		"version", Version, "name", s.Name, "note", s.Note, "seed", s.Seed, "engine", s.Engine, "endpoint", s.Endpoint,
		"target", flow(object("signaling", s.Target.Signaling, "relays", s.Target.Relays)),
		"load", s.Load.node(), "calls", list(s.Calls, Mix.node),
		"audio", flow(object("source", s.Audio.Source, "score", s.Audio.Score)),
		"network", object("between", s.Network.Between, "caller", s.Network.Caller.node(), "callee", s.Network.Callee.node(), "nat", s.Network.NAT.node()),
		"faults", list(s.Faults, Fault.node), "thresholds", thresholdsNode(s.Thresholds),
	)
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(doc); err != nil {
		panic(fmt.Sprintf("scenario: internal error: %v", err)) // there is nothing in it that YAML does not have
	}
	return b.Bytes()
}

// object makes a mapping of keys and values in turn; empty values are left out.
func object(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i < len(pairs); i += 2 {
		if v := node(pairs[i+1]); v != nil {
			n.Content = append(n.Content, node(pairs[i]), v)
		}
	}
	return n
}

func flow(n *yaml.Node) *yaml.Node {
	if n != nil {
		n.Style = yaml.FlowStyle
	}
	return n
}

func list[T any](items []T, of func(T) *yaml.Node) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, x := range items {
		n.Content = append(n.Content, of(x))
	}
	if len(n.Content) == 0 {
		return nil
	}
	return n
}

// node is a scalar; nil for what is empty.
func node(v any) *yaml.Node {
	text := func(s string, tag string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: s} }
	switch v := v.(type) {
	case *yaml.Node:
		return v
	case bool:
		return text(strconv.FormatBool(v), "!!bool")
	case int:
		return text(strconv.Itoa(v), "!!int")
	case uint64:
		return text(strconv.FormatUint(v, 10), "!!int")
	case float64:
		return text(strconv.FormatFloat(v, 'g', -1, 64), "!!float")
	case time.Duration:
		return text(v.String(), "!!str")
	}
	s := fmt.Sprint(v)
	if s == "" {
		return nil
	}
	return text(s, "!!str")
}

// positive leaves out what is zero and means nothing or a default.
func positive[T int | time.Duration](v T) any {
	if v == 0 {
		return ""
	}
	return v
}

func perSecond(rate float64) string { return strconv.FormatFloat(rate, 'g', -1, 64) + "/s" }

func (l Load) node() *yaml.Node {
	if l.Closed {
		return object("model", "closed", "users", l.Users, "pause", l.Pause.node(), "for", positive(l.For), "calls", positive(l.Calls))
	}
	var arrivals *yaml.Node
	durations := func(all []time.Duration) *yaml.Node {
		return flow(list(all, func(d time.Duration) *yaml.Node { return node(d) }))
	}
	switch a := l.Arrivals; a.Process {
	case MMPP:
		rates := flow(list(a.Rates, func(r float64) *yaml.Node { return node(perSecond(r)) }))
		arrivals = object("rates", rates, "stays", durations(a.Stays))
	case Trace:
		arrivals = durations(a.Times)
	default:
		arrivals = object("rate", perSecond(a.Rate))
	}
	return object(
		"model", "open", "arrivals", flow(object(l.Arrivals.Process, arrivals)), "stages", list(l.Stages, Stage.node),
		"calls", positive(l.Calls), "max_concurrent", positive(l.MaxConcurrent),
	)
}

func (s Stage) node() *yaml.Node {
	switch s.Kind {
	case Ramp:
		return flow(object(s.Kind, perSecond(s.Rate), "over", s.For))
	case Spike:
		return flow(object(s.Kind, perSecond(s.Rate), "for", s.For))
	}
	return flow(object(s.Kind, s.For))
}

func (m Mix) node() *yaml.Node {
	var caller, callee any = "", ""
	if m.Caller != nil {
		caller = m.Caller.node()
	}
	if m.Callee != nil {
		callee = m.Callee.node()
	}
	return object(
		"name", m.Name, "weight", m.Weight, "outcome", m.Outcome, "duration", m.Duration.node(), "ring", m.Ring.node(),
		"ring_timeout", positive(m.RingTimeout), "events", list(m.Events, Event.node), "caller", caller, "callee", callee,
	)
}

func (e Event) node() *yaml.Node {
	return flow(object("at", e.At, "do", e.Do, "for", positive(e.For), "who", e.Who, "to", e.To, "overlap", positive(e.Overlap)))
}

func (f Fault) node() *yaml.Node {
	return flow(object("at", f.At, "do", f.Do, "index", f.Index, "for", positive(f.For)))
}

func (d Dist) node() *yaml.Node {
	switch d.Kind {
	case Lognormal:
		return flow(object(d.Kind, object("median", d.Value, "sigma", d.Sigma)))
	case Erlang:
		return flow(object(d.Kind, object("mean", d.Value, "k", d.K)))
	case Empirical:
		return flow(object(d.Kind, list(d.Values, func(v time.Duration) *yaml.Node { return node(v) })))
	}
	return flow(object(d.Kind, d.Value))
}

func (p Pick) node() *yaml.Node {
	return flow(object("pick", list(p, func(c Choice) *yaml.Node { return object(c.Name, c.Weight) })))
}

// thresholdsNode groups what is wanted of one metric, as the file does.
func thresholdsNode(all []Threshold) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	lists := make(map[string]*yaml.Node)
	for _, t := range all {
		of := lists[t.Metric]
		if of == nil {
			of = &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
			lists[t.Metric] = of
			n.Content = append(n.Content, node(t.Metric), of)
		}
		of.Content = append(of.Content, node(t.Want))
	}
	if len(n.Content) == 0 {
		return nil
	}
	return n
}
