package housetest

import (
	"bytes"
	"fmt"
	"go/format"
	"strings"
	"testing"
)

// The files one regrets are those of thousands of lines; one noun fits well below this.
const (
	manyLines = 400 // worth a thought
	maxLines  = 500
	// minDocBytes: what a command says about itself must be more than its name.
	minDocBytes = 40
)

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	packages := make(map[string][]source)
	for _, s := range theHouse(t).code(t) {
		packages[s.dir] = append(packages[s.dir], s)
	}
	for dir, sources := range packages {
		report(t, undocumented(dir, sources))
	}
	if len(packages) < 10 {
		t.Errorf("only %d packages found: the search is broken", len(packages))
	}
}

func undocumented(dir string, sources []source) []string {
	var docs []string
	for _, s := range sources {
		if s.file.Doc != nil {
			docs = append(docs, s.file.Doc.Text())
		}
	}
	name := sources[0].file.Name.Name
	switch {
	case len(docs) != 1:
		return []string{fmt.Sprintf("%s has %d package docs, not one", dir, len(docs))}
	case name == "main" && len(docs[0]) < minDocBytes:
		return []string{dir + ": the doc of a command says too little"}
	case name == "main" && !strings.HasPrefix(docs[0], "Command "):
		return []string{dir + `: the doc does not begin with "Command"`}
	case name != "main" && !strings.HasPrefix(docs[0], "Package "+name+" "):
		return []string{fmt.Sprintf("%s: the doc does not begin with %q", dir, "Package "+name)}
	}
	return nil
}

func TestFilesAreShortAndFormatted(t *testing.T) {
	for _, s := range theHouse(t).sources {
		if lines := s.lines(); lines > manyLines && lines <= maxLines {
			t.Logf("%s/%s has %d lines: which noun can move out?", s.dir, s.name, lines)
		}
		report(t, s.tooLong())
		report(t, s.unformatted())
	}
}

func (s source) lines() int { return bytes.Count(s.text, []byte("\n")) }

func (s source) tooLong() []string {
	if lines := s.lines(); lines > maxLines {
		return []string{fmt.Sprintf("%s/%s has %d lines, more than %d: which noun can move out?", s.dir, s.name, lines, maxLines)}
	}
	return nil
}

func (s source) unformatted() []string {
	if formatted, err := format.Source(s.text); err != nil || !bytes.Equal(formatted, s.text) {
		return []string{fmt.Sprintf("%s/%s: run gofmt", s.dir, s.name)}
	}
	return nil
}

func TestTheChecksOfFilesCanFail(t *testing.T) {
	long := strings.Repeat("\n", maxLines)
	wantComplaints(t, "500 lines", 0, example(t, "x", "package x"+long).tooLong())
	wantComplaints(t, "501 lines", 1, example(t, "x", "package x\n"+long).tooLong())
	wantComplaints(t, "formatted", 0, example(t, "x", "package x\n").unformatted())
	wantComplaints(t, "not formatted", 1, example(t, "x", "package x;var a=1\n").unformatted())
	for text, complaints := range map[string]int{
		"package x\n":                                                        1,
		"// Package x is good.\npackage x\n":                                 0,
		"// Package y is bad.\npackage x\n":                                  1,
		"// Package main\npackage main\n":                                    1,
		"// Command x.\npackage main\n":                                      1,
		"//go:build linux\n\npackage x\n":                                    1,
		"// A detached comment.\n\npackage x\n":                              1,
		"// Command x places calls, one after the other.\npackage main\n":    0,
		"// This command places calls, one after the other.\npackage main\n": 1,
	} {
		wantComplaints(t, text, complaints, undocumented("x", []source{example(t, "x", text)}))
	}
	one := example(t, "x", "// Package x is good.\npackage x\n")
	wantComplaints(t, "two docs", 1, undocumented("x", []source{one, one}))
}
