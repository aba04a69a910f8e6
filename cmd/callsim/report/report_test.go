package report

import (
	"bytes"
	"encoding/xml"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
	"github.com/taciturn-voice/taciturn/cmd/callsim/resulttest"
)

func made(t *testing.T) *result.Run {
	t.Helper()
	var rules []result.Rule
	for _, x := range [][2]string{{"setup.total", "p95 < 1s, p99 < 2s"}, {"media.mos_fb", "p5 >= 4.2"}, {"e2ee.plaintext_seen", "== 0"}} {
		all, err := result.ParseRules(x[0], x[1])
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, all...)
	}
	return resulttest.Run(resulttest.Config{Seed: 42, Calls: 60, Talk: 8 * time.Second, Kill: 12 * time.Second, Worst: 10}, rules)
}

func TestTheOutputsSayTheSame(t *testing.T) {
	r := made(t)
	var text, junit, markdown, html bytes.Buffer
	if err := Text(&text, r, false); err != nil {
		t.Fatal(err)
	}
	if err := JUnit(&junit, r); err != nil {
		t.Fatal(err)
	}
	if err := Markdown(&markdown, r); err != nil {
		t.Fatal(err)
	}
	if err := HTML(&html, r); err != nil {
		t.Fatal(err)
	}
	if path := os.Getenv("CALLSIM_PAGE"); path != "" {
		if err := os.WriteFile(path, html.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{text.String(): "VERDICT  FAIL   3/4 thresholds", markdown.String(): "callsim evening-peak: FAIL", html.String(): ">FAIL</span>"} {
		if !strings.Contains(name, want) {
			t.Errorf("no %q in\n%.400s", want, name)
		}
	}
	var s suite
	if err := xml.Unmarshal(junit.Bytes(), &s); err != nil || s.Tests != 5 || s.Failures != 2 || s.Errors != 0 {
		t.Errorf("%v %+v", err, s)
	}
	for _, part := range []string{"Set-up, stage by stage", "by percentile", "relay.kill", "callsim replay c-", "image-rendering:pixelated", "ceiling 4.22", "Erlang B"} {
		if !strings.Contains(html.String(), part) {
			t.Errorf("the page has no %q", part)
		}
	}
	for _, outside := range []string{"http://", "https://", "<script", "NaN", "ZgotmplZ"} {
		if strings.Contains(html.String(), outside) {
			t.Errorf("the page holds %q", outside)
		}
	}
}

func TestAnEmptyRunHasAPageToo(t *testing.T) {
	r := &result.Run{Unreachable: "connection <refused>"}
	r.Finish(nil)
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil || strings.Contains(b.String(), "<refused>") || !strings.Contains(b.String(), "UNREACHABLE") {
		t.Errorf("%v", err)
	}
	if err := Text(&b, r, true); err != nil {
		t.Error(err)
	}
}

// From the tables of Erlang B: 10 lines carry 4.461 erlangs at 1 % blocking, 100 lines 87.97 at 2 %.
func TestErlangB(t *testing.T) {
	if got := Offered(10, 0.01); math.Abs(got-4.461) > 0.001 {
		t.Error(got)
	}
	if got := Offered(100, 0.02); math.Abs(got-87.97) > 0.01 {
		t.Error(got)
	}
	if Lines(4.461, 0.0101) != 10 || Lines(0, 0.01) != 1 && Lines(0, 0.01) != 0 {
		t.Error(Lines(4.461, 0.0101), Lines(0, 0.01))
	}
}
