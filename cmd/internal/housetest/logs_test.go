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

var (
	// levels are the methods of slog.Logger, with the place of the message among their arguments.
	levels = map[string]int{
		"Debug": 0, "Info": 0, "Warn": 0, "Error": 0,
		"DebugContext": 1, "InfoContext": 1, "WarnContext": 1, "ErrorContext": 1,
		"Log": 2, "LogAttrs": 2,
	}
	loggerName = regexp.MustCompile(`(?i)^(log|logger|slog)$`)
	// naming is what one calls whatever names somebody, a place or a secret.
	naming = regexp.MustCompile(`(?i)addr|remote|local|peer|account|mailbox|queue|device|user|password|secret|token|credential|contact|host|url|sdp|payload|envelope|^(name|key|keys|id|link|nonce|ip|port|path|dir)$`)
	// printable are methods and functions whose answer comes from a closed set, or is a number.
	printable = []string{"Is", "len", "Len", "String"}
)

// causes are the packages that may log errors, for theirs name nobody.
var causes = map[string]string{
	"signaling/server": "errors of the store and the bus are constants of ours; bus.cause drops the texts of NATS",
	"turn":             "cause() keeps the innermost error of a socket: a number of the operating system",
	"calls/media":      "its errors are its own constants; what pion says is dropped unread",
}

func TestLogLinesHaveConstantWordsAndNameNobody(t *testing.T) {
	// covers P1
	lines := 0
	for _, s := range theHouse(t).code(t) {
		complaints, found := s.logs()
		report(t, complaints)
		lines += found
	}
	if lines < 5 {
		t.Errorf("only %d log lines found: the search is broken", lines)
	}
}

func (s source) logs() (complaints []string, lines int) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !loggerName.MatchString(lastName(sel.X)) {
			return true
		}
		message, ok := levels[sel.Sel.Name]
		if !ok || len(call.Args) <= message {
			return true
		}
		lines++
		if !literal(call.Args[message]) {
			complaints = append(complaints, s.at(call, "a log message that is no literal"))
		}
		for i, attribute := range call.Args[message+1:] {
			complaints = append(complaints, s.attribute(attribute, i%2 == 0)...)
		}
		return true
	})
	return complaints, lines
}

// attribute checks one argument after the message: slog.Kind("key", value), or "key" and value in turn.
func (s source) attribute(e ast.Expr, keyTurn bool) []string {
	if call, ok := e.(*ast.CallExpr); ok {
		if _, ok := selects(call.Fun, s.importName("log/slog")); ok && len(call.Args) == 2 {
			return append(s.attribute(call.Args[0], true), s.attribute(call.Args[1], false)...)
		}
	}
	if lit, ok := e.(*ast.BasicLit); ok {
		if text, err := strconv.Unquote(lit.Value); keyTurn && err == nil && naming.MatchString(text) {
			return []string{s.at(e, "the attribute %q names somebody", text)}
		}
		return nil
	}
	if call, ok := e.(*ast.CallExpr); ok && slices.Contains(printable, lastName(call.Fun)) {
		return nil
	}
	name := lastName(e)
	switch _, may := causes[s.dir]; {
	case (name == "err" || name == "Error") && !may:
		return []string{s.at(e, "logs an error, which may name an address; log what kind it is")}
	case name == "" || naming.MatchString(name):
		return []string{s.at(e, "logs %q, which may name somebody", name)}
	}
	return nil
}

// lastName is log in s.cfg.log, Is in errors.Is(...), and "" for what has no name.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.CallExpr:
		return lastName(e.Fun)
	case *ast.IndexExpr:
		return lastName(e.X)
	case *ast.StarExpr:
		return lastName(e.X)
	case *ast.UnaryExpr:
		return lastName(e.X)
	case *ast.ParenExpr:
		return lastName(e.X)
	}
	return ""
}

func literal(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Kind == token.STRING
}

func TestEveryCauseIsLogged(t *testing.T) {
	for dir, why := range causes {
		logged := false
		for _, s := range theHouse(t).code(t, dir) {
			logged = logged || strings.Contains(string(s.text), "err)")
		}
		if !logged || why == "" {
			t.Errorf("%s logs no error, or nobody knows why it may", dir)
		}
	}
}

func TestTheCheckOfLogsCanFail(t *testing.T) {
	for statements, want := range map[string]int{
		`s.log.Info("node ready")`:                                     0,
		`s.cfg.Log.Debug("ended", slog.String("result", r.String()))`:  0,
		`slog.Warn("busy", "waiting", len(peers), "rounds", n)`:        0,
		`log.Debug("dropped", "stale", errors.Is(err, ErrStale))`:      0,
		`log.WarnContext(ctx, "read failed", "failures", w.failures)`:  0,
		`log.Info("hello " + name)`:                                    1,
		`log.Info(fmt.Sprintf("from %s", addr))`:                       1,
		`log.Info("from", "addr", 7)`:                                  1,
		`log.Info("from", "where", conn.RemoteAddr())`:                 1,
		`log.Info("for", slog.Any("who", m.Account))`:                  1,
		`log.Info("for", "who", &account)`:                             1,
		`log.LogAttrs(ctx, level, "for", slog.String("mailbox", "m"))`: 1,
		`log.Warn("failed", "error", err)`:                             1,
		`log.Warn("failed", "reason", err.Error())`:                    1,
		`log.Warn("failed", "what", []byte{1})`:                        1,
		`http.Error(w, err.Error(), 500)`:                              0,
	} {
		complaints, _ := body(t, "log/slog", statements).logs()
		wantComplaints(t, statements, want, complaints)
	}
}
