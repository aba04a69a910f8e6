package housetest

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// holders are the packages that hold secrets of people.
var holders = []string{"calls/seal", "calls/identity", "calls/sframe"}

var (
	// secretName is what a secret, or what proves one, is called in these packages.
	secretName = regexp.MustCompile(`(?i)secret|seed|passphrase|password|private|commitment|nonce|^fin|^mac|tag$|sum$|^hs$|^th[0-9]*$|^x[0-9]+$|^(root|base|salt|iv)$`)
	// leakyEqual compare byte by byte and stop at the first difference.
	leakyEqual = map[string][]string{"bytes": {"Equal", "EqualFold"}, "slices": {"Equal", "EqualFunc"}, "strings": {"EqualFold"}, "reflect": {"DeepEqual"}}
	verbs      = regexp.MustCompile(`%[-+# 0-9.*\[\]]*([a-zA-Z%])`)
)

func TestSecretsAreComparedInConstantTime(t *testing.T) {
	// covers C11
	constantTime := 0
	for _, s := range theHouse(t).code(t, holders...) {
		complaints, good := s.comparisons()
		report(t, complaints)
		constantTime += good
	}
	if constantTime == 0 {
		t.Error("nothing is compared in constant time: the search is broken")
	}
}

// comparisons complains of leaky ones and counts those in constant time.
func (s source) comparisons() (complaints []string, constantTime int) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			for pkg, names := range leakyEqual {
				if name, ok := selects(n.Fun, s.importName(pkg)); ok && slices.Contains(names, name) && !slices.ContainsFunc(n.Args, public) {
					complaints = append(complaints, s.at(n, "%s.%s; use crypto/subtle or hmac.Equal", pkg, name))
				}
			}
			if name, ok := selects(n.Fun, s.importName("crypto/subtle")); ok && name == "ConstantTimeCompare" {
				constantTime++
			}
			if name, ok := selects(n.Fun, s.importName("crypto/hmac")); ok && name == "Equal" {
				constantTime++
			}
		case *ast.BinaryExpr:
			if (n.Op == token.EQL || n.Op == token.NEQ) && !plain(n.X) && !plain(n.Y) && (secretish(n.X) || secretish(n.Y)) {
				complaints = append(complaints, s.at(n, "a secret is compared with %s; use crypto/subtle or hmac.Equal", n.Op))
			}
		}
		return true
	})
	return complaints, constantTime
}

// public says whether e is a field that everybody may compare at leisure.
func public(e ast.Expr) bool {
	sel, ok := e.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "Suites"
}

// plain says whether e is a literal, nil, true or false, or a length: comparing with it tells no secret.
func plain(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		return e.Name == "nil" || e.Name == "true" || e.Name == "false"
	case *ast.CallExpr:
		f, ok := e.Fun.(*ast.Ident)
		return ok && f.Name == "len"
	}
	return false
}

// secretish goes by the last name of e: m.fin, th4[:], mac(key, data).
func secretish(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return secretName.MatchString(e.Name)
	case *ast.SelectorExpr:
		return secretName.MatchString(e.Sel.Name)
	case *ast.IndexExpr:
		return secretish(e.X)
	case *ast.SliceExpr:
		return secretish(e.X)
	case *ast.StarExpr:
		return secretish(e.X)
	case *ast.ParenExpr:
		return secretish(e.X)
	case *ast.CallExpr:
		return secretish(e.Fun)
	}
	return false
}

// Formatting is where secrets leave: in these packages errors wrap errors, and numbers are all that is written out.
func TestHoldersOfSecretsFormatNumbersAndCausesOnly(t *testing.T) {
	// covers C11
	formatted := 0
	for _, s := range theHouse(t).code(t, holders...) {
		complaints, calls := s.formats()
		report(t, complaints)
		formatted += calls
	}
	if formatted == 0 {
		t.Error("nothing is formatted: the search is broken")
	}
}

func (s source) formats() (complaints []string, calls int) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if name, ok := call.Fun.(*ast.Ident); ok && (name.Name == "print" || name.Name == "println") {
			complaints = append(complaints, s.at(call, "%s", name.Name))
		}
		name, ok := selects(call.Fun, s.importName("fmt"))
		if !ok {
			return true
		}
		calls++
		if name != "Errorf" && name != "Sprintf" {
			complaints = append(complaints, s.at(call, "fmt.%s", name))
			return true
		}
		format, ok := call.Args[0].(*ast.BasicLit)
		if !ok {
			complaints = append(complaints, s.at(call, "a format that is no literal"))
			return true
		}
		for _, verb := range verbs.FindAllStringSubmatch(format.Value, -1) {
			if !strings.Contains("wd%", verb[1]) {
				complaints = append(complaints, s.at(call, "%s may print what it should not; %%w and %%d do", verb[0]))
			}
		}
		return true
	})
	return complaints, calls
}

// A label keeps signatures, hashes and keys made for one purpose apart from all others. It is written once, as a constant,
// so that a second use would have to be deliberate.
func TestEveryLabelIsWrittenOnce(t *testing.T) {
	// covers C9
	seen := make(labels)
	for _, s := range theHouse(t).code(t) {
		report(t, seen.read(s))
	}
	if len(seen) < 10 {
		t.Errorf("only %d labels found: the search is broken", len(seen))
	}
}

// labels are those seen so far, and where.
type labels map[string]token.Position

func (seen labels) read(s source) (complaints []string) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		label, err := strconv.Unquote(lit.Value)
		if err != nil || !strings.HasPrefix(label, "taciturn/1 ") {
			return true
		}
		if first, twice := seen[label]; twice {
			complaints = append(complaints, s.at(lit, "label %q is also at %v", label, first))
		}
		if strings.Contains(label, "\x00") {
			complaints = append(complaints, s.at(lit, "label %q contains the byte that ends it", label))
		}
		seen[label] = s.set.Position(lit.Pos())
		return true
	})
	return complaints
}

func TestTheChecksOfSecretsCanFail(t *testing.T) {
	for statements, want := range map[string]int{
		"_ = bytes.Equal(a, b)":                          1,
		"_ = slices.Equal(a, b)":                         1,
		"_ = slices.Equal(m.Suites, b)":                  0,
		"_ = m.fin == other":                             1,
		"_ = other != mac(key, data)":                    1,
		"_ = (*secret) == *other":                        1,
		"_ = th4[:8] == x":                               1,
		"_ = len(secret) == 32":                          0,
		"_ = secret == nil":                              0,
		"_ = m.Epoch == other.Epoch":                     0,
		"_ = subtle.ConstantTimeCompare(secret, b) == 1": 0,
	} {
		complaints, _ := body(t, "bytes slices crypto/subtle", statements).comparisons()
		wantComplaints(t, statements, want, complaints)
	}
	for statements, want := range map[string]int{
		`_ = fmt.Errorf("seal: open: %w", err)`: 0,
		`_ = fmt.Errorf("seal: type %d", n)`:    0,
		`_ = fmt.Errorf("seal: %d %%", n)`:      0,
		`_ = fmt.Errorf("seal: %v", key)`:       1,
		`_ = fmt.Errorf("seal: %+v %x", a, b)`:  2,
		`_ = fmt.Errorf("seal: %[1]s", key)`:    1,
		`_ = fmt.Errorf(format, key)`:           1,
		`_ = fmt.Sprint(key)`:                   1,
		`fmt.Println(key)`:                      1,
		`println(key)`:                          1,
	} {
		complaints, _ := body(t, "fmt", statements).formats()
		wantComplaints(t, statements, want, complaints)
	}
	seen := make(labels)
	wantComplaints(t, "a first label", 0, seen.read(body(t, "", `use("taciturn/1 one"); use("taciturn/1 two")`)))
	wantComplaints(t, "a label again", 1, seen.read(body(t, "", "use(`taciturn/1 one`)")))
	wantComplaints(t, "a label with its end inside", 1, seen.read(body(t, "", `use("taciturn/1 a\x00b")`)))
}
