// Package web serves the web phone: a page, its modules, and core.wasm, all from this binary and nothing from elsewhere.
//
//	GET /                      the page; names the bundle, is asked for each time
//	GET /web/{bundle}/{file}   one file of the bundle; never changes, is kept for a year
//
// The bundle's name is the hash of all its files, so that a page and its modules are always of one version, and what a
// browser runs can be compared with what was built. Files are packed once, when the process starts; core.wasm comes packed.
//
// The page may load scripts, styles and connections from its own origin only; no inline script, no eval but that of
// WebAssembly. The operator's process holds core.wasm as bytes: no package that could open an envelope is linked into it.
//
//	core/    the program behind core.wasm, built by go generate with the Go toolchain alone
//	phone/   hand-written modules, types in JSDoc, checked by tsc with phone/tsconfig.json
//	dist/    what go generate built; a binary without it serves a page that says so
package web

//go:generate go run core/build.go

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

var (
	//go:embed phone
	phoneFiles embed.FS
	//go:embed dist
	distFiles embed.FS
)

// Names of files with a role of their own.
const (
	indexName   = "index.html"
	missingName = "missing.html"
	coreName    = "core.wasm"
	// bundleMark stands in the page where the bundle's name goes.
	bundleMark = "{bundle}"
)

// kinds are the files that are served, and as what. Anything else in phone/ is for developers.
var kinds = map[string]string{
	".html":        "text/html; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".svg":         "image/svg+xml",
	".png":         "image/png",
	".webmanifest": "application/manifest+json",
	".wasm":        "application/wasm",
}

// asset is one file, packed.
type asset struct {
	kind   string
	packed []byte
	tag    string // entity tag
}

// bundle is the whole phone. It is not changed after load.
type bundle struct {
	name  string // hash of all files
	files map[string]asset
	page  asset
	ready bool // core.wasm is there
}

// load reads what is embedded.
func load(phone, dist fs.FS) (*bundle, error) {
	plain, packed := make(map[string][]byte), make(map[string][]byte)
	if err := read(phone, plain); err != nil {
		return nil, err
	}
	if err := read(dist, plain); err != nil {
		return nil, err
	}
	b := &bundle{files: make(map[string]asset)}
	core, err := fs.ReadFile(dist, coreName+".gz")
	switch {
	case err == nil:
		packed[coreName], b.ready = core, true
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	index, missing := plain[indexName], plain[missingName]
	delete(plain, indexName)
	delete(plain, missingName)
	for name, content := range plain {
		if packed[name], err = pack(content); err != nil {
			return nil, err
		}
	}
	b.name = hashOf(packed, index)
	for name, content := range packed {
		b.files[name] = asset{kind: kinds[path.Ext(name)], packed: content, tag: tagOf(content)}
	}
	if !b.ready {
		index = missing
	}
	page, err := pack(bytes.ReplaceAll(index, []byte(bundleMark), []byte("/web/"+b.name)))
	if err != nil {
		return nil, err
	}
	b.page = asset{kind: kinds[".html"], packed: page, tag: tagOf(page)}
	return b, nil
}

// read takes the files of kinds.
func read(from fs.FS, into map[string][]byte) error {
	return fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || kinds[path.Ext(name)] == "" || strings.HasSuffix(name, ".test.js") {
			return err
		}
		into[name], err = fs.ReadFile(from, name)
		return err
	})
}

func pack(content []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// hashOf names a set of files.
func hashOf(files map[string][]byte, page []byte) string {
	h := sha256.New()
	part := func(b []byte) {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
		_, _ = h.Write(b)
	}
	part(page)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		part([]byte(name))
		part(files[name])
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12])
}

func tagOf(content []byte) string {
	sum := sha256.Sum256(content)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}
