package housetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	module = "github.com/taciturn-voice/taciturn"
	root   = "../../.."
)

// listed is what go list says of a package.
type listed struct {
	ImportPath string
	Imports    []string // of files that are no tests; for our packages on every platform and with every build tag
	ImportMap  map[string]string
	Error      *struct{ Err string }
}

// graph is every package of the module and everything they link, by import path.
type graph map[string]*listed

// source is one Go file of the module, parsed.
type source struct {
	dir  string // relative to the root, with slashes
	name string
	test bool
	text []byte
	set  *token.FileSet
	file *ast.File
}

// house is the whole module.
type house struct {
	graph   graph
	sources []source
}

var readHouse = sync.OnceValues(func() (house, error) {
	var h house
	var err error
	if h.graph, err = list(); err != nil {
		return h, err
	}
	if h.sources, err = readSources(); err != nil {
		return h, err
	}
	for _, s := range h.sources {
		p := h.graph[path.Join(module, s.dir)]
		if p == nil || s.test {
			continue
		}
		for _, imported := range s.imports() {
			if !slices.Contains(p.Imports, imported) {
				p.Imports = append(p.Imports, imported)
			}
		}
	}
	return h, nil
})

func list() (graph, error) {
	for _, name := range []string{"go.mod", "go.sum"} { // read here, so that go test does not reuse a result of others
		if _, err := os.ReadFile(filepath.Join(root, name)); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Imports,ImportMap,Error", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.New(stderr.String())
	}
	packages := make(graph)
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(listed)
		if err := d.Decode(p); err == io.EOF {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages[p.ImportPath] = p
	}
}

func readSources() (sources []source, err error) {
	set := token.NewFileSet()
	err = filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		base := filepath.Base(rel)
		if d.IsDir() {
			if rel != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || slices.Contains([]string{"bin", "node_modules", "testdata"}, base) && rel != "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		s, err := parse(set, filepath.ToSlash(filepath.Dir(rel)), base, text)
		sources = append(sources, s)
		return err
	})
	return sources, err
}

func parse(set *token.FileSet, dir, name string, text []byte) (source, error) {
	file, err := parser.ParseFile(set, path.Join(dir, name), text, parser.ParseComments|parser.SkipObjectResolution)
	return source{dir, name, strings.HasSuffix(name, "_test.go"), text, set, file}, err
}

func theHouse(t *testing.T) house {
	t.Helper()
	h, err := readHouse()
	if err != nil {
		t.Fatalf("read the house: %v", err)
	}
	return h
}

// code is the files of dirs that are no tests; of all directories if none is named.
func (h house) code(t *testing.T, dirs ...string) []source {
	t.Helper()
	var found []source
	missing := make(map[string]bool)
	for _, dir := range dirs {
		missing[dir] = true
	}
	for _, s := range h.sources {
		if !s.test && (len(dirs) == 0 || slices.Contains(dirs, s.dir)) {
			found = append(found, s)
			delete(missing, s.dir)
		}
	}
	for dir := range missing {
		t.Errorf("%s has no Go files: a rule about it checks nothing", dir)
	}
	return found
}

// example is a file for a check to complain about. Its directory is that of the package it pretends to be in.
func example(t *testing.T, dir, text string) source {
	t.Helper()
	s, err := parse(token.NewFileSet(), dir, "example.go", []byte(text))
	if err != nil {
		t.Fatalf("parse an example: %v", err)
	}
	return s
}

// body is an example with one function.
func body(t *testing.T, imports, statements string) source {
	t.Helper()
	text := "package example\n"
	for _, imported := range strings.Fields(imports) {
		text += fmt.Sprintf("import %q\n", imported)
	}
	return example(t, "example", text+"func f() {\n"+statements+"\n}\n")
}

// report makes an error of each complaint.
func report(t *testing.T, complaints []string) {
	t.Helper()
	for _, c := range complaints {
		t.Error(c)
	}
}

// wantComplaints checks that a check complains as often as it should.
func wantComplaints(t *testing.T, about string, want int, got []string) {
	t.Helper()
	if len(got) != want {
		t.Errorf("%s: %d complaints, not %d: %q", about, len(got), want, got)
	}
}

func (s source) at(n ast.Node, format string, args ...any) string {
	return fmt.Sprintf("%v: %s", s.set.Position(n.Pos()), fmt.Sprintf(format, args...))
}

func (s source) imports() (paths []string) {
	for _, spec := range s.file.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, "`\""))
	}
	return paths
}

// importName is the name under which s uses a package, or "" if it does not.
func (s source) importName(imported string) string {
	for _, spec := range s.file.Imports {
		if strings.Trim(spec.Path.Value, "`\"") != imported {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(imported)
	}
	return ""
}

// selects returns the name in pkg.Name when e is that.
func selects(e ast.Expr, pkg string) (string, bool) {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	x, ok := sel.X.(*ast.Ident)
	return sel.Sel.Name, ok && pkg != "" && x.Name == pkg
}

// ours says whether p belongs to the module.
func ours(p string) bool { return matches("./...", p) }

// matches understands "a/b" and "a/b/...", both below the module if they begin with "./".
func matches(pattern, p string) bool {
	if rest, ok := strings.CutPrefix(pattern, "./"); ok {
		pattern = module + "/" + rest
	}
	if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
		return p == prefix || strings.HasPrefix(p, prefix+"/")
	}
	return p == pattern
}

func matchesAny(patterns []string, p string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, p) })
}
