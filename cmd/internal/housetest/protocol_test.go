package housetest

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// protocolPage is the specification for other implementations: what it says must be what the code does.
const protocolPage = "docs/protocol.md"

var (
	// labelled are the packages whose label constants an implementation needs.
	labelled = []string{"calls/seal", "calls/sframe", "calls/identity", "signaling", "signaling/envelope", "signaling/record"}
	// timed are those of whose times the page must name every one.
	timed = []string{"calls/seal", "calls/sframe"}
	// row is one constant of the page: package, name, value.
	row = regexp.MustCompile("(?m)^\\| `([a-z/]+)\\.(\\w+)` \\| ([^|]+) \\|")
	// units are how the page writes times.
	units = map[string]string{"Minute": "min", "Second": "s", "Millisecond": "ms"}
)

// covers C7
func TestTheProtocolPageIsTheCode(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(protocolPage)))
	if err != nil {
		t.Fatal(err)
	}
	h := theHouse(t)
	report(t, missingLabels(string(page), h.code(t, labelled...)))
	var rows int
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		rows++
		report(t, wrongRow(m[1], m[2], m[3], h.code(t, m[1])))
	}
	if rows < 20 {
		t.Errorf("%s has %d rows of constants: the search is broken", protocolPage, rows)
	}
	for _, dir := range timed {
		report(t, missingTimes(string(page), dir, h.code(t, dir)))
	}
}

// missingLabels wants every label between backquotes.
func missingLabels(page string, sources []source) (complaints []string) {
	for _, s := range sources {
		// In label.go of package seal every string is a label.
		all := s.dir == "calls/seal" && s.name == "label.go"
		s.constants(func(name string, value ast.Expr) {
			lit, ok := value.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil || !all && !strings.HasPrefix(text, "taciturn/1 ") && !strings.HasPrefix(text, "SFrame 1.0 ") {
				return
			}
			if !strings.Contains(page, "`"+text+"`") {
				complaints = append(complaints, s.at(value, "%s lacks the label `%s`", protocolPage, text))
			}
		})
	}
	return complaints
}

// wrongRow compares one row of the page with the constant that it names.
func wrongRow(dir, name, want string, sources []source) []string {
	for _, s := range sources {
		var complaints []string
		found := false
		s.constants(func(n string, value ast.Expr) {
			if n != name {
				return
			}
			found = true
			if got := plainly(value); got != want {
				complaints = append(complaints, s.at(value, "%s says that %s is %s, not %s", protocolPage, name, want, got))
			}
		})
		if found {
			return complaints
		}
	}
	return []string{fmt.Sprintf("%s: there is no constant %s.%s", protocolPage, dir, name)}
}

// missingTimes wants a row for every time.
func missingTimes(page, dir string, sources []source) (complaints []string) {
	for _, s := range sources {
		s.constants(func(name string, value ast.Expr) {
			said := plainly(value)
			isTime := slices.ContainsFunc([]string{" min", " s", " ms"}, func(unit string) bool { return strings.HasSuffix(said, unit) })
			if isTime && !strings.Contains(page, fmt.Sprintf("| `%s.%s` |", dir, name)) {
				complaints = append(complaints, s.at(value, "%s lacks the time %s", protocolPage, name))
			}
		})
	}
	return complaints
}

// constants calls f with every constant at package level that has a value of its own.
func (s source) constants(f func(name string, value ast.Expr)) {
	for _, decl := range s.file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST {
			continue
		}
		for _, spec := range gen.Specs {
			spec := spec.(*ast.ValueSpec)
			for i, value := range spec.Values {
				f(spec.Names[i].Name, value)
			}
		}
	}
}

// plainly is a number or a time as the page writes it, or "" for anything else.
func plainly(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.INT {
			return e.Value
		}
	case *ast.SelectorExpr:
		if unit, ok := selects(e, "time"); ok && units[unit] != "" {
			return "1 " + units[unit]
		}
	case *ast.BinaryExpr:
		n, isLit := e.X.(*ast.BasicLit)
		unit, isTime := selects(e.Y, "time")
		if e.Op == token.MUL && isLit && isTime && units[unit] != "" {
			return n.Value + " " + units[unit]
		}
	}
	return ""
}

func TestTheCheckOfTheProtocolPageCanFail(t *testing.T) {
	s := example(t, "calls/seal", "package example\nimport \"time\"\nconst (\n a = \"taciturn/1 a\"\n b = \"not a label\"\n c = 3 * time.Second\n d = 7\n)\n")
	s.name = "other.go"
	sources := []source{s}
	wantComplaints(t, "a label that is there", 0, missingLabels("| `taciturn/1 a` |", sources))
	wantComplaints(t, "a label that is not", 1, missingLabels("taciturn/1 a", sources))
	wantComplaints(t, "a right time", 0, wrongRow("calls/seal", "c", "3 s", sources))
	wantComplaints(t, "a wrong time", 1, wrongRow("calls/seal", "c", "4 s", sources))
	wantComplaints(t, "a right number", 0, wrongRow("calls/seal", "d", "7", sources))
	wantComplaints(t, "no such constant", 1, wrongRow("calls/seal", "e", "7", sources))
	wantComplaints(t, "a time that is there", 0, missingTimes("| `calls/seal.c` |", "calls/seal", sources))
	wantComplaints(t, "a time that is not", 1, missingTimes("", "calls/seal", sources))
	s.name = "label.go"
	wantComplaints(t, "every string of label.go", 1, missingLabels("`taciturn/1 a`", []source{s}))
}
