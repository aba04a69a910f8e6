package housetest

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

// pure are layers 1 and 2: they also compile to WebAssembly, and tests own their time.
var pure = []string{
	"signaling/record", "signaling/envelope",
	"calls/identity", "calls/seal", "calls/callstate", "calls/sframe", "calls/quality",
}

var (
	impureImports = []string{"net/...", "os/...", "syscall/...", "plugin", "log", "context", "math/rand/...", "C"}
	// harmless are values, although they are found among the impure.
	harmless = []string{"net/netip", "net/url"}
	// clocks are the functions of package time that read or wait for one.
	clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"}
)

func TestTheLowerLayersArePure(t *testing.T) {
	for _, s := range theHouse(t).code(t, pure...) {
		report(t, s.impurities())
	}
}

func (s source) impurities() (complaints []string) {
	for _, spec := range s.file.Imports {
		imported := strings.Trim(spec.Path.Value, "`\"")
		switch {
		case matchesAny(impureImports, imported) && !slices.Contains(harmless, imported):
			complaints = append(complaints, s.at(spec, "imports %s", imported))
		case ours(imported) && !slices.Contains(pure, strings.TrimPrefix(imported, module+"/")):
			complaints = append(complaints, s.at(spec, "imports %s, which is not pure", imported))
		case !ours(imported) && !standard(imported) && !matches("golang.org/x/crypto/...", imported):
			complaints = append(complaints, s.at(spec, "imports %s, of which nobody says that it is pure", imported))
		}
	}
	clock := s.importName("time")
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			complaints = append(complaints, s.at(n, "starts a goroutine"))
		case *ast.SelectorExpr:
			if name, ok := selects(n, clock); ok && slices.Contains(clocks, name) {
				complaints = append(complaints, s.at(n, "reads a clock: time.%s; time comes in as an argument", name))
			}
		}
		return true
	})
	return complaints
}

// standard says whether a package comes with Go.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return path.Ext(first) == ""
}

func TestThePurityCheckCanFail(t *testing.T) {
	for _, c := range []struct {
		imports, statements string
		complaints          int
	}{
		{"net", "", 1},
		{"net/http", "", 1},
		{"os", "", 1},
		{"os/signal", "", 1},
		{"context", "", 1},
		{"math/rand/v2", "", 1},
		{"net/netip", "", 0},
		{"crypto/rand", "", 0},
		{module + "/calls/media", "", 1},
		{module + "/signaling/record", "", 0},
		{"github.com/pion/rtp", "", 1},
		{"golang.org/x/crypto/cryptobyte", "", 0},
		{"", "go f()", 1},
		{"time", "_ = time.Now()", 1},
		{"time", "now := time.Now", 1}, // a function value is a clock as well
		{"time", "<-time.After(time.Second); time.Sleep(1)", 2},
		{"time", "_ = time.Unix(0, 0).Add(time.Second)", 0},
		{"", "time.Now()", 0}, // somebody else's time
	} {
		wantComplaints(t, c.imports+" "+c.statements, c.complaints, body(t, c.imports, c.statements).impurities())
	}
	renamed := example(t, "example", "package example\nimport clock \"time\"\nvar start = clock.Now()\n")
	wantComplaints(t, "a renamed clock", 1, renamed.impurities())
}
