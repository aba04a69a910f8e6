package housetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// rule says what packages must not reach, through however many others, and why.
type rule struct {
	from   []string
	not    []string
	except []string // of from
	why    string
}

var rules = []rule{
	{
		from: []string{"./cmd/taciturnd"},
		not:  []string{"./calls/..."},
		why:  "the operator's process contains no code that can open an envelope",
	},
	{
		from: []string{"./turn/..."},
		not:  []string{"./signaling/...", "./calls/..."},
		why:  "no type can join a media allocation to a mailbox",
	},
	{
		from: []string{"./signaling/..."},
		not:  []string{"./turn/...", "./calls/..."},
		why:  "no type can join a mailbox to a media allocation, and what only a person may hold stays with the person",
	},
	{
		from: []string{"./cmd/taciturn", "./calls/..."},
		not:  []string{"./turn/...", "./signaling/server/...", "./signaling/directory/...", "./signaling/bus/...", "github.com/nats-io/..."},
		why:  "the phone carries no server",
	},
	{
		from: []string{"./signaling"},
		not:  []string{"./signaling/server/...", "./signaling/directory/...", "./signaling/bus/..."},
		why:  "the client half of the post office knows nothing of the operator's half",
	},
	{
		from: []string{"./signaling/directory/...", "./signaling/bus/..."},
		not:  []string{"./signaling/server/..."},
		why:  "the store and the bus serve whoever asks",
	},
	{
		from: []string{"./signaling/record", "./signaling/envelope"},
		not:  []string{"./signaling", "./signaling/server/...", "./signaling/directory/...", "./signaling/bus/...", "github.com/coder/websocket/...", "net/http"},
		why:  "layer 1 has names and values only; phone, server and browser share it",
	},
	{
		from: []string{"./calls/identity"},
		not:  []string{"./calls", "./calls/seal", "./calls/callstate", "./calls/sframe", "./calls/media", "./calls/audio", "./signaling", "net/http"},
		why:  "layer 1 knows nobody above it",
	},
	{
		from: []string{"./calls/seal", "./calls/callstate", "./calls/sframe", "./calls/quality"},
		not:  []string{"./calls", "./calls/media", "./calls/audio", "./signaling", "github.com/pion/...", "net/http"},
		why:  "layer 2 decides and computes; only shells touch sockets and devices",
	},
	{
		from: []string{"./calls/media", "./calls/audio"},
		not:  []string{"./calls", "./signaling"},
		why:  "arrows go down or sideways, never up",
	},
	{
		from: []string{"./calls/sframe"},
		not:  []string{"./calls/seal", "./calls/identity", "./signaling/record"},
		why:  "frame encryption takes a root, whoever made it, so that its vectors test it alone",
	},
	{
		from:   []string{"./..."},
		except: []string{"./cmd/..."},
		not:    []string{"./cmd/..."},
		why:    "commands are thin and at the top: what others need belongs below",
	},
	{
		from:   []string{"./..."},
		except: []string{"./calls/netsim/...", "./cmd/callsim/..."},
		not:    []string{"./calls/netsim/..."},
		why:    "bad networks are for tests and the simulator",
	},
	{
		from: []string{"./cmd/taciturn", "./cmd/taciturnd"},
		not:  []string{"testing", "./signaling/bus/bustest"},
		why:  "what helps tests is no part of what people run",
	},
}

// unlinked are versions in the module graph that must never be in a binary that people run.
var unlinked = rule{
	from: []string{"./cmd/taciturn", "./cmd/taciturnd"},
	not:  []string{"github.com/pion/turn/v3/...", "github.com/pion/dtls/v2/...", "github.com/pion/stun/v2/..."},
	why:  "they have known flaws (framing spin, parser panic, random GCM nonces) and are there to test against",
}

func TestEveryPackageLoads(t *testing.T) {
	for path, p := range theHouse(t).graph {
		if p.Error != nil {
			t.Errorf("%s: %s", path, p.Error.Err)
		}
	}
}

func TestNobodyReachesWhatTheyMustNot(t *testing.T) {
	// covers D1
	for _, r := range append(slices.Clone(rules), unlinked) {
		report(t, theHouse(t).graph.breaches(r))
	}
}

func TestEveryRuleForbidsSomethingThatExists(t *testing.T) {
	for _, r := range rules {
		report(t, theHouse(t).graph.vacuous(r))
	}
}

// breaches follows every import of whom r is about.
func (g graph) breaches(r rule) (complaints []string) {
	applied := false
	for path := range g {
		if !ours(path) || !matchesAny(r.from, path) || matchesAny(r.except, path) {
			continue
		}
		applied = true
		if chain := g.reach(path, r.not); chain != nil {
			complaints = append(complaints, fmt.Sprintf("%s\n\tmust not be: %s", strings.Join(chain, "\n\timports "), r.why))
		}
	}
	if !applied {
		complaints = append(complaints, fmt.Sprintf("a rule about %v applies to no package", r.from))
	}
	return complaints
}

// vacuous complains of what r forbids and nobody could import.
func (g graph) vacuous(r rule) (complaints []string) {
	for _, pattern := range r.not {
		exists := pattern == "testing" // linked by tests only
		for path := range g {
			exists = exists || matches(pattern, path)
		}
		if !exists {
			complaints = append(complaints, fmt.Sprintf("%v must not reach %s, which does not exist", r.from, pattern))
		}
	}
	return complaints
}

// reach returns the shortest chain of imports from path to whatever patterns name, or nil.
func (g graph) reach(path string, patterns []string) []string {
	from := map[string]string{path: ""}
	for queue := []string{path}; len(queue) > 0; queue = queue[1:] {
		p := g[queue[0]]
		if p == nil {
			continue
		}
		for _, next := range p.Imports {
			if mapped, ok := p.ImportMap[next]; ok {
				next = mapped
			}
			if _, seen := from[next]; seen {
				continue
			}
			from[next] = queue[0]
			if matchesAny(patterns, next) {
				var chain []string
				for ; next != ""; next = from[next] {
					chain = append(chain, next)
				}
				slices.Reverse(chain)
				return chain
			}
			queue = append(queue, next)
		}
	}
	return nil
}

func TestReachFindsTheShortestChain(t *testing.T) {
	g := graph{
		"a": {Imports: []string{"b", "c"}},
		"b": {Imports: []string{"c"}},
		"c": {Imports: []string{"x"}, ImportMap: map[string]string{"x": "vendor/x"}},
	}
	if got := g.reach("a", []string{"vendor/..."}); !slices.Equal(got, []string{"a", "c", "vendor/x"}) {
		t.Errorf("chain: %v", got)
	}
	if got := g.reach("a", []string{"a", "x"}); got != nil {
		t.Errorf("chain to what nobody imports: %v", got)
	}
}

// Each rule is broken once, through a package in between, in a house where everything else is allowed.
func TestEveryImportRuleCanFail(t *testing.T) {
	for _, r := range append(slices.Clone(rules), unlinked) {
		for _, from := range r.from {
			for _, not := range r.not {
				from, not := anyOf(from), anyOf(not)
				g := graph{
					from:      {Imports: []string{"between"}},
					"between": {Imports: []string{not}},
					not:       {},
				}
				wantComplaints(t, from+" reaches "+not, 1, g.breaches(r))
				g["between"].Imports = nil
				wantComplaints(t, from+" does not reach "+not, 0, g.breaches(r))
			}
		}
	}
	empty := graph{}
	wantComplaints(t, "a rule about nobody", 1, empty.breaches(rules[0]))
	wantComplaints(t, "a rule that forbids what does not exist", len(rules[0].not), empty.vacuous(rules[0]))
}

// anyOf is a package that pattern matches and that no exception covers.
func anyOf(pattern string) string {
	if rest, ok := strings.CutPrefix(pattern, "./"); ok {
		pattern = module + "/" + rest
	}
	if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
		return prefix + "/something"
	}
	return pattern
}
