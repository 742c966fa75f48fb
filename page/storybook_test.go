package page_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posta/page"
)

// TestStorybook renders every component with canned data in each language. It
// leaves the pages in a folder that a browser can open: POSTA_STORYBOOK, or a
// temporary one.
func TestStorybook(t *testing.T) {
	t.Parallel()
	pages := page.Must(page.New(os.DirFS("testdata/story")))
	dir := os.Getenv("POSTA_STORYBOOK")
	if dir == "" {
		dir = t.TempDir()
	}
	data := map[string]any{"At": now.Add(-190 * time.Second), "States": strings.Fields("created pending paid declined rejected failed canceled expired unknown refunded partially_refunded disputed charged_back")}
	for _, name := range pages.Names() {
		for _, lang := range []string{"es", "pt", "en"} {
			for _, theme := range []string{"light", "dark"} {
				ctx := context(lang)
				ctx.Theme = theme
				body, err := pages.Execute(name, ctx, data)
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(string(body), "ZgotmplZ") || strings.Contains(string(body), "no value") {
					t.Errorf("%s: a value did not fit where it stands", name)
				}
				if strings.Contains(string(body), "<style") || strings.Contains(string(body), " style=") || strings.Contains(string(body), " onclick=") {
					t.Errorf("%s: inline style or script, which the policy forbids", name)
				}
				if len(body) > 60<<10 {
					t.Errorf("%s weighs %d bytes", name, len(body))
				}
				html := strings.ReplaceAll(string(body), `"/static/`, `"static/`)
				if err := os.WriteFile(filepath.Join(dir, name+"."+lang+"."+theme+".html"), []byte(html), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "static"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"posta.css", "posta.js", "icon.svg"} {
		url := page.Asset(name)
		if err := os.WriteFile(filepath.Join(dir, url), get(page.Static(), url, "").Body.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
