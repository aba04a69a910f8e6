package housetest

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// namers are the packages whose exported types hold secrets or name somebody.
var namers = []string{
	"calls/seal", "calls/identity", "calls/sframe",
	"signaling/envelope", "signaling/record",
}

// outspoken are exported types that may print what they hold.
var outspoken = map[string]string{
	"calls/sframe.Quality":        "counts",
	"calls/sframe.Control":        "counts and a kind",
	"calls/seal.MediaProfile":     "numbers that policy sets",
	"calls/seal.SealedOffer":      "its parts print as their type names, and it exists between two calls",
	"calls/seal.ReplaySet":        "hashes of what a stranger sent",
	"calls/seal.CallerConfig":     "handed to New and to nobody else; what it holds prints as its type name",
	"calls/sframe.SenderConfig":   "the same",
	"calls/sframe.ReceiverConfig": "the same",
}

// printing are the methods that decide what fmt and slog write.
var printing = []string{"String", "LogValue"}

func TestWhatHoldsBytesPrintsAsItsTypeName(t *testing.T) {
	// covers C11
	types := declared(theHouse(t).code(t))
	report(t, types.talkative(namers))
	checked := 0
	for name := range types {
		checked += count(slices.Contains(namers, name.dir) && ast.IsExported(name.name))
	}
	if checked < 20 {
		t.Errorf("only %d types found: the search is broken", checked)
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// typeName is a type of the module.
type typeName struct{ dir, name string }

// declaration is a type with what its methods answer: the literal they return, or "" for anything else.
type declaration struct {
	source  source
	spec    *ast.TypeSpec
	methods map[string]string
	pointer map[string]bool // methods that a value which cannot be addressed does not have
}

type declarations map[typeName]*declaration

func declared(sources []source) declarations {
	types := make(declarations)
	for _, s := range sources {
		for _, d := range s.file.Decls {
			d, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range d.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok {
					types[typeName{s.dir, spec.Name.Name}] = &declaration{s, spec, make(map[string]string), make(map[string]bool)}
				}
			}
		}
	}
	for _, s := range sources {
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil {
				continue
			}
			receiver := f.Recv.List[0].Type
			star, pointer := receiver.(*ast.StarExpr)
			if pointer {
				receiver = star.X
			}
			if name, ok := receiver.(*ast.Ident); ok && types[typeName{s.dir, name.Name}] != nil {
				types[typeName{s.dir, name.Name}].methods[f.Name.Name] = answer(f)
				types[typeName{s.dir, name.Name}].pointer[f.Name.Name] = pointer
			}
		}
	}
	return types
}

// answer is the literal in the only statement of f: return "x", or return slog.StringValue("x").
func answer(f *ast.FuncDecl) string {
	if f.Body == nil || len(f.Body.List) != 1 {
		return ""
	}
	statement, ok := f.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(statement.Results) != 1 {
		return ""
	}
	e := statement.Results[0]
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) == 1 {
		e = call.Args[0]
	}
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	text, _ := strconv.Unquote(lit.Value)
	return text
}

// talkative complains of exported types of dirs that hold bytes and have no methods that hide them.
func (types declarations) talkative(dirs []string) (complaints []string) {
	for name, d := range types {
		if !slices.Contains(dirs, name.dir) || !ast.IsExported(name.name) || d.spec.Assign.IsValid() || !types.bytes(name, nil) {
			continue
		}
		if _, ok := outspoken[name.dir+"."+name.name]; ok {
			continue
		}
		_, structure := d.spec.Type.(*ast.StructType)
		for _, method := range printing {
			want := d.source.file.Name.Name + "." + name.name
			if got := d.methods[method]; got != want {
				complaints = append(complaints, d.source.at(d.spec, "%s holds bytes: %s must answer %q", name.name, method, want))
			} else if d.pointer[method] && !structure {
				complaints = append(complaints, d.source.at(d.spec, "%s of %s must have a value receiver: fmt prints the bytes of a value", method, name.name))
			}
		}
	}
	return complaints
}

// bytes says whether a value of the type would print bytes, were it not for its own methods.
func (types declarations) bytes(name typeName, seen []typeName) bool {
	d := types[name]
	if d == nil || slices.Contains(seen, name) {
		return false
	}
	return types.expressionBytes(d.source, d.spec.Type, append(seen, name))
}

func (types declarations) expressionBytes(s source, e ast.Expr, seen []typeName) bool {
	switch e := e.(type) {
	case *ast.ArrayType:
		if element, ok := e.Elt.(*ast.Ident); ok && (element.Name == "byte" || element.Name == "uint8") {
			if size, ok := e.Len.(*ast.BasicLit); ok && size.Value == "0" {
				return false
			}
			return true
		}
		return types.expressionBytes(s, e.Elt, seen)
	case *ast.StarExpr:
		return types.expressionBytes(s, e.X, seen)
	case *ast.MapType:
		return types.expressionBytes(s, e.Key, seen) || types.expressionBytes(s, e.Value, seen)
	case *ast.Ident:
		return types.bytes(typeName{s.dir, e.Name}, seen)
	case *ast.SelectorExpr:
		for _, imported := range s.imports() {
			if rest, ok := strings.CutPrefix(imported, module+"/"); ok {
				if name, ok := selects(e, s.importName(imported)); ok {
					return types.bytes(typeName{rest, name}, seen)
				}
			}
		}
	case *ast.StructType:
		for _, f := range e.Fields.List {
			if types.expressionBytes(s, f.Type, seen) {
				return true // also where the field's own type hides: fmt does not ask the methods of unexported fields
			}
		}
	}
	return false
}

func TestNobodyIsOutspokenForNothing(t *testing.T) {
	types := declared(theHouse(t).code(t))
	for name, why := range outspoken {
		dot := strings.LastIndex(name, ".")
		if types[typeName{name[:dot], name[dot+1:]}] == nil || why == "" {
			t.Errorf("%s: no such type, or no reason", name)
		}
	}
}

func TestTheCheckOfPrintingCanFail(t *testing.T) {
	const hidden = `
func (%[1]s) String() string { return "x.%[2]s" }
func (%[1]s) LogValue() slog.Value { return slog.StringValue("x.%[2]s") }
`
	value, pointer := fmt.Sprintf(hidden, "K", "K"), fmt.Sprintf(hidden, "*K", "K")
	for text, want := range map[string]int{
		"type K [16]byte":                                               2,
		"type K [16]byte" + value:                                       0,
		"type K [16]byte" + pointer:                                     2,
		"type K struct{ b [16]byte }":                                   2,
		"type K struct{ b []byte }" + pointer:                           0,
		"type k struct{ b [16]byte }":                                   0,
		"type K struct{ inner k }; type k struct{ b []byte }":           2,
		"type K struct{ n int }":                                        0,
		"type K = [16]byte":                                             0,
		"type K struct{ _ [0]byte; n int }":                             0,
		"type K struct{ m map[string]*k }; type k [3]byte":              2,
		"type K struct{ q other.Q }":                                    2,
		"type K struct{ next *K; n int }":                               0,
		"type K [16]byte" + fmt.Sprintf(hidden, "K", "Key"):             2,
		"type K [16]byte\nfunc (k K) String() string { return hex(k) }": 2,
	} {
		x := example(t, "x", "package x\nimport \""+module+"/other\"\n"+text)
		other := example(t, "other", "package other\ntype Q [16]byte")
		wantComplaints(t, text, want, declared([]source{x, other}).talkative([]string{"x"}))
	}
}
