package scenario

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// The limits of a scenario.
const (
	maxFileBytes = 16 << 20 // a trace of a million arrivals, inlined
	maxCalls     = 1_000_000
	maxUsers     = 100_000
	maxRelays    = 8
)

// Read reads a file and changes it by settings like "load.calls=5". Traces are looked for beside the file.
func Read(path string, settings ...string) (*Scenario, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(text, filepath.Dir(path), settings...)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			return nil, e.Err
		}
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err == nil && len(text) > maxFileBytes {
		err = fmt.Errorf("larger than %d bytes", maxFileBytes)
	}
	return text, err
}

// Parse reads the text of a file. dir is where its traces are.
func Parse(text []byte, dir string, settings ...string) (*Scenario, error) {
	var document yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&document); err != nil && err != io.EOF {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := d.Decode(new(yaml.Node)); err != io.EOF {
		return nil, errors.New("there must be one document")
	}
	root := &yaml.Node{Kind: yaml.MappingNode}
	if len(document.Content) > 0 {
		root = document.Content[0]
	}
	if err := plain(root, 0); err != nil {
		return nil, err
	}
	for _, s := range settings {
		if err := set(root, s); err != nil {
			return nil, err
		}
	}
	r := &reader{}
	s := r.scenario(value{r, root, ""}, dir)
	if err := r.err(); err != nil {
		return nil, err
	}
	return s, nil
}

// maxDepth is more than any scenario needs.
const maxDepth = 20

// plain refuses aliases, which a small file can blow up with, and nesting without end.
func plain(n *yaml.Node, depth int) error {
	if n.Kind == yaml.AliasNode {
		return Problem{Line: n.Line, Text: "aliases are not supported: write it twice"}
	}
	if depth > maxDepth {
		return Problem{Line: n.Line, Text: "nested too deep"}
	}
	for _, c := range n.Content {
		if err := plain(c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) scenario(v value, dir string) *Scenario {
	key := v.object("version", "name", "note", "seed", "engine", "endpoint", "target", "load", "calls", "audio", "network", "faults", "thresholds")
	if !key("version").present() {
		v.fail("version is missing: begin with \"version: %d\"", Version)
	}
	key("version").integer(Version, Version, Version)
	s := &Scenario{
		Name: key("name").text("unnamed"), Note: key("note").text(""), Seed: key("seed").seed(1),
		Engine:   Engine(key("engine").word(string(Virtual), string(Virtual), string(Real))),
		Endpoint: Endpoint(key("endpoint").word(string(Full), string(Full), string(Light))),
	}
	s.Target = r.target(key("target"))
	s.Load = r.load(key("load"), dir)
	s.Network = r.network(key("network"))
	for _, c := range key("calls").list() {
		s.Calls = append(s.Calls, r.mix(c))
	}
	if len(s.Calls) == 0 {
		s.Calls = []Mix{r.mix(value{r: r, node: &yaml.Node{Kind: yaml.MappingNode}, path: "calls"})}
	}
	r.names(key("calls"), s.Calls)
	audio := key("audio").object("source", "score")
	s.Audio = Audio{Source: Source(audio("source").word(string(Synthetic), string(Synthetic), string(Silence))), Score: audio("score").boolean(false)}
	if s.Audio.Score && s.Audio.Source == Silence {
		audio("score").fail("silence cannot be scored")
	}
	for _, f := range key("faults").list() {
		s.Faults = append(s.Faults, r.fault(f, s.Target))
	}
	slices.SortStableFunc(s.Faults, func(a, b Fault) int { return int(a.At - b.At) })
	s.Thresholds = r.thresholds(key("thresholds"))
	if s.Engine == Virtual {
		if s.Target.Signaling != Embedded {
			key("target").fail("the virtual engine brings its own server: use engine: real for %s", s.Target.Signaling)
		}
		if s.Endpoint == Light {
			key("endpoint").fail("light endpoints need engine: real")
		}
	}
	return s
}

// names complains of mixes that cannot be told apart, and of a mix that never happens.
func (r *reader) names(v value, mixes []Mix) {
	seen, total := make(map[string]bool), 0.0
	for _, m := range mixes {
		if seen[m.Name] {
			v.fail("two are called %s", m.Name)
		}
		seen[m.Name] = true
		total += m.Weight
	}
	if total <= 0 {
		v.fail("no weight is above 0")
	}
}

func (r *reader) target(v value) Target {
	key := v.object("signaling", "turn", "policy", "relays")
	t := Target{Signaling: key("signaling").text(Embedded), Relays: key("relays").integer(1, 1, maxRelays)}
	if u, err := url.Parse(t.Signaling); t.Signaling != Embedded && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		key("signaling").fail("must be %s or the URL of a server, like https://call.example.org", Embedded)
	}
	key("turn").word("from-signaling", "from-signaling")
	key("policy").word("relay", "relay") // there is no other yet: phones hide their addresses from one another
	return t
}

func (r *reader) load(v value, dir string) (l Load) {
	key := v.object("model", "arrivals", "stages", "calls", "max_concurrent", "users", "pause", "for")
	l.Closed = key("model").word("open", "open", "closed") == "closed"
	l.Calls = key("calls").integer(0, 1, maxCalls)
	l.MaxConcurrent = key("max_concurrent").integer(0, 1, maxCalls)
	if l.Closed {
		for _, k := range []string{"arrivals", "stages"} {
			if key(k).present() {
				key(k).fail("belongs to model: open")
			}
		}
		l.Users = key("users").integer(1, 1, maxUsers)
		l.Pause = r.dist(key("pause"), Dist{Kind: Fixed, Value: time.Second})
		if l.For = key("for").duration(0); l.For == 0 && l.Calls == 0 {
			v.fail("a closed model needs for or calls, or it never ends")
		}
		return l
	}
	for _, k := range []string{"users", "pause", "for"} {
		if key(k).present() {
			key(k).fail("belongs to model: closed%s", map[string]string{"for": "; here stages say how long: [{hold: 60s}]"}[k])
		}
	}
	l.Arrivals = r.arrivals(key("arrivals"), dir)
	for _, s := range key("stages").list() {
		l.Stages = append(l.Stages, r.stage(s))
	}
	fixed := l.Arrivals.Process == MMPP || l.Arrivals.Process == Trace
	for i, s := range l.Stages {
		if fixed && s.Rate > 0 {
			key("stages").fail("%s has rates of its own: stage %d can hold or drain only", l.Arrivals.Process, i)
		}
	}
	if len(l.Stages) == 0 && l.Arrivals.Process != Trace {
		if l.Calls == 0 {
			v.fail("stages or calls must say when it ends: stages: [{hold: 60s}]")
		}
		l.Stages = []Stage{{Kind: Hold, For: maxDuration}}
	}
	return l
}

func (r *reader) arrivals(v value, dir string) (a Arrivals) {
	if !v.present() {
		return Arrivals{Process: Poisson, Rate: 1}
	}
	name, of := v.single()
	if !of.present() {
		return a
	}
	switch a.Process = Process(name); a.Process {
	case Constant, Poisson:
		a.Rate = of.object("rate")("rate").rate()
		if a.Rate == 0 {
			of.fail("needs a rate above 0, like {rate: 2/s}")
		}
	case MMPP:
		key := of.object("rates", "stays")
		for _, x := range key("rates").list() {
			a.Rates = append(a.Rates, x.rate())
		}
		for _, x := range key("stays").list() {
			a.Stays = append(a.Stays, max(x.duration(time.Second), time.Millisecond))
		}
		if len(a.Rates) < 2 || len(a.Rates) != len(a.Stays) || slices.Max(a.Rates) == 0 {
			of.fail("needs as many rates as stays, at least two, one above 0: {rates: [1/s, 8/s], stays: [60s, 10s]}")
		}
	case Trace:
		if of.node.Kind == yaml.SequenceNode {
			for _, x := range of.list() {
				a.Times = append(a.Times, x.duration(0))
			}
		} else {
			times, err := readTrace(filepath.Join(dir, of.text("")))
			if err != nil {
				of.fail("%v", err)
			}
			a.Times = times
		}
		slices.Sort(a.Times)
		if len(a.Times) == 0 && len(r.problems) == 0 {
			of.fail("is empty")
		}
	default:
		v.fail("%q is none of constant, poisson, mmpp, trace%s", name, meant(name, []string{"constant", "poisson", "mmpp", "trace"}))
	}
	return a
}

// readTrace reads the first column of a CSV file: seconds. A first line that is no number is a header.
func readTrace(path string) (times []time.Duration, err error) {
	text, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the trace: %w", err)
	}
	c := csv.NewReader(bytes.NewReader(text))
	c.FieldsPerRecord, c.Comment = -1, '#'
	for line := 1; ; line++ {
		record, err := c.Read()
		if err == io.EOF {
			return times, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the trace: %w", err)
		}
		seconds, err := strconv.ParseFloat(strings.TrimSpace(record[0]), 64)
		if err != nil && line == 1 {
			continue
		}
		if err != nil || !(seconds >= 0) || seconds > maxDuration.Seconds() || len(times) == maxCalls {
			return nil, fmt.Errorf("record %d of the trace is no time in seconds, or there are more than %d", line, maxCalls)
		}
		times = append(times, time.Duration(math.Round(seconds*1e6))*time.Microsecond)
	}
}

func (r *reader) stage(v value) (s Stage) {
	key := v.object("ramp_to", "over", "hold", "spike", "for", "drain")
	for _, kind := range []StageKind{Ramp, Hold, Spike, Drain} {
		k := key(string(kind))
		if !k.present() {
			continue
		}
		if s.Kind != "" {
			v.fail("is both %s and %s", s.Kind, kind)
			return s
		}
		switch s.Kind = kind; kind {
		case Ramp:
			s.Rate, s.For = k.rate(), key("over").duration(0)
		case Spike:
			s.Rate, s.For = k.rate(), key("for").duration(0)
		default:
			s.For = k.duration(0)
		}
	}
	if s.Kind == "" || s.For == 0 {
		v.fail("must be one of {ramp_to: 2/s, over: 60s}, {hold: 10m}, {spike: 10/s, for: 15s}, {drain: 60s}")
	}
	return s
}

func (r *reader) fault(v value, t Target) (f Fault) {
	key := v.object("at", "do", "index", "for")
	kinds := []string{string(RelayKill), string(RelayRestart), string(RelayDrain), string(RelayPartition), string(SignalingKill), string(SignalingRestart), string(SignalingPartition)}
	f = Fault{
		At: key("at").duration(0), Do: FaultKind(key("do").word("", kinds...)),
		Index: key("index").integer(0, 0, t.Relays-1), For: key("for").duration(0),
	}
	partition := f.Do == RelayPartition || f.Do == SignalingPartition
	switch {
	case !key("do").present():
		v.fail("needs do: one of %s", strings.Join(kinds, ", "))
	case partition && f.For == 0:
		v.fail("needs for: how long the partition lasts")
	case !partition && key("for").present():
		key("for").fail("belongs to a partition; a killed one stays dead until it is restarted")
	}
	return f
}

func (r *reader) thresholds(v value) (all []Threshold) {
	if !v.present() {
		return nil
	}
	if v.node.Kind != yaml.MappingNode {
		v.fail("must be an object, like {setup.total: [p95 < 1s]}")
		return nil
	}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		k, n := v.node.Content[i], v.node.Content[i+1]
		of := value{r, n, at(v.path, k.Value)}
		items := []value{of}
		if n.Kind == yaml.SequenceNode {
			items = of.list()
		}
		for _, item := range items {
			if want := item.text(""); want == "" {
				item.fail("must say what is wanted, like p95 < 1s")
			} else {
				all = append(all, Threshold{Metric: k.Value, Want: want, Line: item.node.Line})
			}
		}
	}
	return all
}
