package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed css/*.css js/*.js static
var embedded embed.FS

// Assets are the static files of a program under names that carry their
// content's hash, so that browsers may keep them for ever.
type Assets struct {
	byName map[string]*file // posta.css
	byHash map[string]*file // posta.3f2a….css
	parent *Assets
}

type file struct {
	hashed, kind string
	plain, gz    []byte
}

// kitAssets holds the kit's own files: posta.css from css/*.css and posta.js
// from js/*.js, in the order of their names, and everything of static/.
var kitAssets = sync.OnceValue(func() *Assets {
	static, err := fs.Sub(embedded, "static")
	if err != nil {
		panic(err)
	}
	a := newAssets(static, nil)
	a.add("posta.css", concat("css/*.css"))
	a.add("posta.js", concat("js/*.js"))
	return a
})

func concat(pattern string) []byte {
	names, err := fs.Glob(embedded, pattern)
	if err != nil {
		panic(err)
	}
	slices.Sort(names)
	var all bytes.Buffer
	for _, name := range names {
		raw, err := embedded.ReadFile(name)
		if err != nil {
			panic(err)
		}
		all.Write(raw)
		all.WriteByte('\n')
	}
	return all.Bytes()
}

func newAssets(fsys fs.FS, parent *Assets) *Assets {
	a := &Assets{byName: map[string]*file{}, byHash: map[string]*file{}, parent: parent}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		a.add(name, raw)
		return nil
	})
	if err != nil {
		panic(fmt.Errorf("page: read assets: %w", err))
	}
	return a
}

var kinds = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	".png": "image/png", ".ico": "image/x-icon", ".json": "application/json", ".webmanifest": "application/manifest+json",
	".woff2": "font/woff2", ".jpg": "image/jpeg", ".txt": "text/plain; charset=utf-8",
}

func (a *Assets) add(name string, raw []byte) {
	sum := sha256.Sum256(raw)
	ext := path.Ext(name)
	f := &file{hashed: strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext, kind: kinds[ext], plain: raw}
	if f.kind == "" {
		f.kind = "application/octet-stream"
	}
	var packed bytes.Buffer
	gz, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is valid
	_, _ = gz.Write(raw)                                        // a buffer does not fail
	_ = gz.Close()
	if packed.Len() < len(raw) {
		f.gz = packed.Bytes()
	}
	a.byName[name], a.byHash[f.hashed] = f, f
}

// url returns the address of a file, an error on an unknown name: html/template
// makes it an error of the page.
func (a *Assets) url(name string) (string, error) {
	for ; a != nil; a = a.parent {
		if f := a.byName[name]; f != nil {
			return "/static/" + f.hashed, nil
		}
	}
	return "", fmt.Errorf("page: there is no asset %q", name)
}

// ServeHTTP answers /static/NAME. A hashed name is kept for a year, a plain
// one is asked for again each time.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/static/")
	for from := a; from != nil; from = from.parent {
		if f := from.byHash[name]; f != nil {
			f.serve(w, r, "public, max-age=31536000, immutable")
			return
		}
		if f := from.byName[name]; f != nil {
			f.serve(w, r, "no-cache")
			return
		}
	}
	http.NotFound(w, r)
}

func (f *file) serve(w http.ResponseWriter, r *http.Request, caching string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", caching)
	h.Set("Vary", "Accept-Encoding")
	h.Set("X-Content-Type-Options", "nosniff")
	body := f.plain
	if f.gz != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.gz
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a reader that left is no error of ours
	}
}

// Asset returns the address of one of the kit's files; it panics on a name
// that the kit does not have.
func Asset(name string) string {
	url, err := kitAssets().url(name)
	if err != nil {
		panic(err)
	}
	return url
}

// Static serves the kit's files, for "/static/". A program with files of its
// own serves Templates.Static instead.
func Static() http.Handler { return kitAssets() }
