package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// packed is what go generate would have made.
func packed(t *testing.T, content string) []byte {
	t.Helper()
	b, err := pack([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// phone is a small web phone.
func phone(t *testing.T) (fstest.MapFS, fstest.MapFS) {
	t.Helper()
	return fstest.MapFS{
			"index.html":    {Data: []byte(`<script type="module" src="{bundle}/app.js"></script>`)},
			"missing.html":  {Data: []byte("built without the web phone")},
			"app.js":        {Data: []byte("import './core.js'")},
			"tsconfig.json": {Data: []byte("for developers")},
			"types.d.ts":    {Data: []byte("for developers")},
		}, fstest.MapFS{
			"README":       {Data: []byte("for developers")},
			"core.wasm.gz": {Data: packed(t, "\x00asm")},
		}
}

func served(t *testing.T, parts func(*testing.T) (fstest.MapFS, fstest.MapFS)) *bundle {
	t.Helper()
	from, dist := parts(t)
	b, err := load(from, dist)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// get asks b like a browser does.
func get(b *bundle, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	b.handler(next).ServeHTTP(w, r)
	return w
}

func TestThePageNamesItsBundleAndIsAskedForEachTime(t *testing.T) {
	b := served(t, phone)
	got := get(b, "/")
	if got.Code != http.StatusOK || !strings.Contains(got.Body.String(), `src="/web/`+b.name+`/app.js"`) {
		t.Errorf("%d: %s", got.Code, got.Body)
	}
	if c := got.Header().Get("Cache-Control"); c != "no-cache" {
		t.Errorf("the page is cached: %q", c)
	}
	again := get(b, "/", "If-None-Match", got.Header().Get("ETag"))
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("the same page again: %d, %d bytes", again.Code, again.Body.Len())
	}
}

func TestAFileOfTheBundleNeverChanges(t *testing.T) {
	b := served(t, phone)
	got := get(b, "/web/"+b.name+"/core.wasm", "Accept-Encoding", "br, gzip")
	if got.Code != http.StatusOK || got.Header().Get("Content-Encoding") != "gzip" || got.Header().Get("Content-Type") != "application/wasm" {
		t.Fatalf("%d, %v", got.Code, got.Header())
	}
	if !strings.Contains(got.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("cached as %q", got.Header().Get("Cache-Control"))
	}
	r, err := gzip.NewReader(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(r); err != nil || string(plain) != "\x00asm" {
		t.Errorf("%q, %v", plain, err)
	}
	if plain := get(b, "/web/"+b.name+"/core.wasm"); plain.Body.String() != "\x00asm" || plain.Header().Get("Content-Encoding") != "" {
		t.Errorf("without packing: %q", plain.Body)
	}
}

func TestAPageOfAnotherVersionFindsNothing(t *testing.T) {
	// covers D2
	b := served(t, phone)
	if again := served(t, phone); again.name != b.name {
		t.Error("the same files have two names")
	}
	changed := served(t, func(t *testing.T) (fstest.MapFS, fstest.MapFS) {
		from, dist := phone(t)
		dist["core.wasm.gz"] = &fstest.MapFile{Data: packed(t, "another")}
		return from, dist
	})
	if changed.name == b.name {
		t.Error("another core has the same name")
	}
	for _, path := range []string{"/web/" + changed.name + "/app.js", "/web/" + b.name + "/nothing.js", "/web/" + b.name + "/tsconfig.json", "/web/" + b.name + "/types.d.ts", "/web/" + b.name + "/index.html"} {
		if got := get(b, path); got.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

func TestEveryAnswerAllowsOnlyWhatThePhoneIsMadeOf(t *testing.T) {
	b := served(t, phone)
	for _, path := range []string{"/", "/web/" + b.name + "/app.js", "/web/" + b.name + "/core.wasm"} {
		h := get(b, path).Header()
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: no %s", path, want)
			}
		}
		for _, bad := range []string{"unsafe-inline", "'unsafe-eval'", "http:", "https:", "*"} {
			if strings.Contains(csp, bad) {
				t.Errorf("%s allows %s", path, bad)
			}
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestABinaryWithoutTheCoreSaysSo(t *testing.T) {
	b := served(t, func(t *testing.T) (fstest.MapFS, fstest.MapFS) {
		from, dist := phone(t)
		delete(dist, "core.wasm.gz")
		return from, dist
	})
	if got := get(b, "/"); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), "built without the web phone") {
		t.Errorf("%d: %s", got.Code, got.Body)
	}
}

func TestEverythingElseIsSignaling(t *testing.T) {
	b := served(t, phone)
	for _, path := range []string{"/v1/relay-hosts", "/anything", "/web/"} {
		if got := get(b, path); got.Code != http.StatusTeapot {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

// TestTheEmbeddedPhoneHoldsTogether follows every import of every module: a file that is missing would be found by users.
func TestTheEmbeddedPhoneHoldsTogether(t *testing.T) {
	modules, err := phoneFiles.ReadDir("phone")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for _, m := range modules {
		found[m.Name()] = true
	}
	for name := range found {
		text, err := phoneFiles.ReadFile("phone/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if kinds[name[strings.LastIndex(name, "."):]] != "" && bytes.Contains(text, []byte("innerHTML")) && name != "view.js" {
			t.Errorf("%s sets innerHTML", name)
		}
		for _, part := range strings.Split(string(text), ` from "./`)[1:] {
			file, _, _ := strings.Cut(part, `"`)
			if !found[file] {
				t.Errorf("%s imports %s, which is not there", name, file)
			}
		}
	}
	if _, err := Handler(http.NotFoundHandler()); err != nil {
		t.Error(err)
	}
}
