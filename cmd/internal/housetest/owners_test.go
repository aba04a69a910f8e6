package housetest

import (
	"fmt"
	"slices"
	"testing"
)

// owner is who may import a library itself: a new major version of it then touches one folder.
type owner struct {
	packages []string
	owner    []string
	why      string
}

var owners = []owner{
	{
		packages: []string{"github.com/pion/webrtc/v4/...", "github.com/pion/ice/v4/...", "github.com/pion/dtls/v3/...", "github.com/pion/interceptor/..."},
		owner:    []string{"./calls/media"},
		why:      "its defaults leak addresses and speech; one package sets them right",
	},
	{
		packages: []string{"github.com/pion/srtp/v3/..."},
		owner:    []string{"./calls/media", "./cmd/callsim/light"},
		why:      "its defaults leak addresses and speech; only light endpoints of the simulator do without the rest of WebRTC",
	},
	{
		packages: []string{"github.com/pion/turn/v5/..."},
		owner:    []string{"./calls/media", "./calls/netsim", "./turn/turnbench"},
		why:      "only the phone's media speaks TURN as a client, and the benchmark compares",
	},
	{
		packages: []string{"github.com/pion/turn/v3/..."},
		owner:    []string{"./turn/turnbench"},
		why:      "it must not face the internet (relay, section 6): it is what we are compared with",
	},
	{
		packages: []string{"github.com/nats-io/...", "github.com/minio/highwayhash"},
		owner:    []string{"./signaling/bus/..."},
		why:      "nothing else may know how nodes reach one another",
	},
	{
		packages: []string{"github.com/coder/websocket/..."},
		owner:    []string{"./signaling", "./signaling/server"},
		why:      "frames have one shape on both ends",
	},
	{
		packages: []string{"github.com/prometheus/...", "github.com/coreos/go-systemd/..."},
		owner:    []string{"./cmd/taciturnd"},
		why:      "packages count, commands publish",
	},
	{
		packages: []string{"github.com/urfave/cli/...", "github.com/mdp/qrterminal/...", "github.com/schollz/progressbar/...", "golang.org/x/term"},
		owner:    []string{"./cmd/..."},
		why:      "only commands have a command line and a terminal",
	},
	{
		packages: []string{"github.com/jfreymuth/pulse/...", "github.com/gen2brain/malgo/...", "github.com/jj11hh/opus/...", "github.com/thesyncim/gopus/..."},
		owner:    []string{"./calls/audio/..."},
		why:      "codecs and devices stand behind an interface",
	},
	{
		packages: []string{"go.yaml.in/yaml/v3"},
		owner:    []string{"./cmd/callsim/scenario"},
		why:      "people write scenarios, so they are in the language that people write; the standard library has none that takes comments and says lines",
	},
	{
		packages: []string{"golang.org/x/crypto/argon2"},
		owner:    []string{"./calls/identity"},
		why:      "passphrases exist in one place",
	},
	{
		packages: []string{"golang.org/x/crypto/acme/..."},
		owner:    []string{"./cmd/taciturnd"},
		why:      "only the operator's server has certificates to ask for",
	},
	{
		packages: []string{"crypto/hpke"},
		owner:    []string{"./calls/seal", "./calls/identity"},
		why:      "only the phone encapsulates and decapsulates",
	},
	{
		packages: []string{"github.com/HdrHistogram/..."},
		owner:    []string{"./cmd/callsim/result"},
		why:      "every figure of a run is counted, merged and written in one place",
	},
	{
		packages: []string{"unsafe", "reflect"},
		owner:    []string{"./turn/..."},
		why:      "nothing here needs to go around the type system",
	},
	{
		packages: []string{"pgregory.net/rapid/...", "github.com/google/go-cmp/...", "github.com/rogpeppe/go-internal/..."},
		owner:    nil,
		why:      "they are for tests",
	},
	{
		packages: []string{"runtime/pprof"},
		owner:    []string{"./turn/turnbench"},
		why:      "a dump holds everything; the benchmark has nothing to hide",
	},
	{
		packages: []string{"log", "expvar", "net/http/pprof"},
		owner:    nil,
		why:      "what is said goes through the configured logger, and a heap dump holds everything",
	},
}

func TestEveryLibraryHasOneOwner(t *testing.T) {
	for _, o := range owners {
		report(t, theHouse(t).graph.trespassers(o))
	}
}

func (g graph) trespassers(o owner) (complaints []string) {
	for path, p := range g {
		if !ours(path) || matchesAny(o.owner, path) {
			continue
		}
		for _, imported := range p.Imports {
			if matchesAny(o.packages, imported) {
				complaints = append(complaints, fmt.Sprintf("%s imports %s, which belongs to %v: %s", path, imported, o.owner, o.why))
			}
		}
	}
	return complaints
}

// adopted are the libraries that need no owner: small, pure, and used where formats are read or packets are made.
var adopted = []string{
	"golang.org/x/crypto/cryptobyte", "golang.org/x/crypto/chacha20poly1305",
	"golang.org/x/net/ipv4", "golang.org/x/net/ipv6", "golang.org/x/sys/...", "golang.org/x/time/rate",
	"github.com/pion/stun/v4/...", "github.com/pion/logging", "github.com/pion/rtp/...", "github.com/pion/rtcp/...", "github.com/pion/transport/v5/...",
}

func TestEveryLibraryIsNamedHere(t *testing.T) {
	report(t, theHouse(t).graph.strangers())
}

// strangers are imported libraries that are in neither table: a new one needs its owner and a sentence why.
func (g graph) strangers() (complaints []string) {
	known := slices.Clone(adopted)
	for _, o := range owners {
		known = append(known, o.packages...)
	}
	for path, p := range g {
		if !ours(path) {
			continue
		}
		for _, imported := range p.Imports {
			if !standard(imported) && !ours(imported) && !matchesAny(known, imported) {
				complaints = append(complaints, fmt.Sprintf("%s imports %s, which has no owner", path, imported))
			}
		}
	}
	return complaints
}

func TestEveryOwnerCanBeTrespassed(t *testing.T) {
	for _, o := range owners {
		for _, library := range o.packages {
			g := graph{module + "/elsewhere": {Imports: []string{anyOf(library)}}}
			wantComplaints(t, library+" elsewhere", 1, g.trespassers(o))
			for _, at := range o.owner {
				g := graph{anyOf(at): {Imports: []string{anyOf(library)}}}
				wantComplaints(t, library+" at its owner", 0, g.trespassers(o))
			}
		}
	}
	g := graph{module + "/turn": {Imports: []string{"fmt", "net/netip", "github.com/gofrs/uuid", "github.com/pion/stun/v2"}}}
	wantComplaints(t, "libraries nobody has adopted", 2, g.strangers())
}
