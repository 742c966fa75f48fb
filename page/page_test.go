package page_test

import (
	"bytes"
	"compress/gzip"
	"html/template"
	"image"
	"image/color"
	"image/draw"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"posta/page"
	"posta/text"
)

var now = time.Date(2026, 11, 22, 14, 44, 0, 0, time.UTC)

func context(lang string) page.Context {
	return page.Context{Words: text.Must().Localizer(lang), Now: now, Path: "/payments/pay_1"}
}

func files(pages ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pages); i += 2 {
		fsys[pages[i]] = &fstest.MapFile{Data: []byte(pages[i+1])}
	}
	return fsys
}

const hello = `{{define "title"}}{{t "nav.payments"}}{{end}}{{define "main"}}<p>{{.}}{{template "who"}}</p>{{template "state" "paid"}}{{end}}`

func TestRender(t *testing.T) {
	t.Parallel()
	pages := page.Must(page.New(files("a.html", hello, "b.html", strings.ReplaceAll(hello, "<p>", "<b>"), "_who.html", `{{define "who"}}ana{{end}}`)))
	for lang, want := range map[string]string{"es": "Pagado", "pt": "Pago", "en": "Paid"} {
		w := httptest.NewRecorder()
		if err := pages.Render(w, http.StatusTeapot, "a", context(lang), "<hi>"); err != nil {
			t.Fatal(err)
		}
		body := w.Body.String()
		for _, part := range []string{`<html lang="` + lang + `">`, "<p>&lt;hi&gt;ana</p>", want + "</span>", page.Asset("posta.css")} {
			if !strings.Contains(body, part) {
				t.Errorf("%s: no %q in\n%s", lang, part, body)
			}
		}
		if w.Code != http.StatusTeapot || w.Header().Get("Content-Language") != lang {
			t.Errorf("status %d, language %q", w.Code, w.Header().Get("Content-Language"))
		}
	}
	if body, err := pages.Execute("b", context("es"), "x"); err != nil || !bytes.Contains(body, []byte("<b>xana")) {
		t.Errorf("page b: %v\n%s", err, body)
	}
	if part, err := pages.Fragment("b", "who", context("es"), nil); err != nil || string(part) != "ana" {
		t.Errorf("fragment: %q %v", part, err)
	}
}

func TestRenderSendsNothingOnError(t *testing.T) {
	t.Parallel()
	pages := page.Must(page.New(files("a.html", `{{define "title"}}{{end}}{{define "main"}}before {{.Nothing}}{{end}}`)))
	w := httptest.NewRecorder()
	if err := pages.Render(w, 200, "a", context("es"), struct{}{}); err == nil {
		t.Error("no error")
	}
	if err := pages.Render(w, 200, "nope", context("es"), nil); err == nil {
		t.Error("no error for an unknown page")
	}
	if w.Body.Len() != 0 || len(w.Header()) != 0 {
		t.Errorf("sent %q %v", w.Body, w.Header())
	}
}

// gone is a reader that left.
type gone struct{ http.ResponseWriter }

func (gone) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAReaderThatLeftIsNoFailure(t *testing.T) {
	t.Parallel()
	pages := page.Must(page.New(files("a.html", `{{define "title"}}{{end}}{{define "main"}}hello{{end}}`)))
	if err := pages.Render(gone{httptest.NewRecorder()}, http.StatusOK, "a", context("es"), nil); err != nil {
		t.Error(err)
	}
}

func TestNewRefusesWhatWouldFailLater(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]string{
		"no main":        `{{define "title"}}{{end}}`,
		"no title":       `{{define "main"}}{{end}}`,
		"syntax":         `{{define "main"}}`,
		"no function":    `{{define "title"}}{{nope}}{{end}}{{define "main"}}{{end}}`,
		"no template":    `{{define "title"}}{{end}}{{define "main"}}{{if .}}{{template "nope"}}{{end}}{{end}}`,
		"escape context": `{{define "title"}}{{end}}{{define "main"}}<a {{if .}}href="{{else}}x{{end}}{{end}}`,
	} {
		if _, err := page.New(files("a.html", broken)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := page.New(files()); err == nil {
		t.Error("an empty set was accepted")
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	pages := page.Must(page.NewWith(files("p/a.html", `{{define "title"}}{{end}}{{define "main"}}{{shout "x"}} {{asset "own.js"}}{{end}}`), []string{"p/*.html"},
		page.WithFuncs(template.FuncMap{"shout": strings.ToUpper}), page.WithAssets(files("own.js", "let a = 1"))))
	body, err := pages.Execute("a", context("es"), nil)
	if err != nil {
		t.Fatal(err)
	}
	own := regexp.MustCompile(`X (/static/own\.[0-9a-f]{12}\.js)`).FindSubmatch(body)
	if own == nil {
		t.Fatalf("no own asset in\n%s", body)
	}
	for _, url := range []string{string(own[1]), page.Asset("posta.js")} {
		if w := get(pages.Static(), url, ""); w.Code != 200 || w.Body.Len() == 0 {
			t.Errorf("%s: %d", url, w.Code)
		}
	}
}

func get(h http.Handler, url, encoding string) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", url, nil)
	r.Header.Set("Accept-Encoding", encoding)
	h.ServeHTTP(w, r)
	return w
}

func TestStatic(t *testing.T) {
	t.Parallel()
	url := page.Asset("posta.css")
	plain, packed := get(page.Static(), url, ""), get(page.Static(), url, "br, gzip")
	if got := plain.Header().Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		t.Errorf("Cache-Control %q", got)
	}
	if got := packed.Header().Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding %q", got)
	}
	unpacked, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if all, err := io.ReadAll(unpacked); err != nil || !bytes.Equal(all, plain.Body.Bytes()) {
		t.Errorf("gzip holds something else: %v", err)
	}
	if got := get(page.Static(), "/static/posta.css", "").Header().Get("Cache-Control"); got != "no-cache" {
		t.Errorf("plain name: Cache-Control %q", got)
	}
	if got := get(page.Static(), "/static/nope.css", "").Code; got != http.StatusNotFound {
		t.Errorf("unknown file: %d", got)
	}
	w := httptest.NewRecorder()
	page.Static().ServeHTTP(w, httptest.NewRequest("POST", url, nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestKitIsLight(t *testing.T) {
	t.Parallel()
	pages := page.Must(page.New(files("a.html", `{{define "title"}}{{end}}{{define "main"}}{{end}}`)))
	body, err := pages.Execute("a", context("es"), nil)
	if err != nil {
		t.Fatal(err)
	}
	total := len(body)
	for _, name := range []string{"posta.css", "posta.js", "icon.svg"} {
		total += get(page.Static(), page.Asset(name), "gzip").Body.Len()
	}
	if total > 40<<10 {
		t.Errorf("the kit alone weighs %d bytes; a whole page may weigh 120 KB", total)
	}
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		minor                  int64
		currency, locale, want string
	}{
		{150000, "ARS", "", "$ 1.500,00"},
		{150000, "ARS", "en", "$ 1.500,00"},
		{150000, "BRL", "es", "R$ 1.500,00"},
		{1500, "CLP", "", "$ 1.500"},
		{-1500, "CLP", "", "-$ 1.500"},
		{-150005, "ARS", "", "-$ 1.500,05"},
		{0, "ARS", "", "$ 0,00"},
		{5, "MXN", "", "$ 0.05"},
		{150000, "PEN", "", "S/ 1,500.00"},
		{150000, "UYU", "", "$ 1.500,00"},
		{150000, "ARS", "pt-BR", "ARS 1.500,00"},
		{9223372036854775807, "ARS", "", "$ 92.233.720.368.547.758,07"},
		{-9223372036854775808, "ARS", "", "-$ 92.233.720.368.547.758,08"},
		{1, "XX", "", "? XX"},
	} {
		if got := strings.ReplaceAll(page.Money(tc.minor, tc.currency, tc.locale), "\u00a0", " "); got != tc.want {
			t.Errorf("%d %s %q: got %q, want %q", tc.minor, tc.currency, tc.locale, got, tc.want)
		}
	}
	if got, want := page.MoneyWithCode(150000, "ARS", ""), "$\u00a01.500,00\u00a0ARS"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := page.MoneyWithCode(150000, "ARS", "pt-BR"), "ARS\u00a01.500,00"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestQR(t *testing.T) {
	t.Parallel()
	for _, want := range []string{"https://posta.example/l/lnk_01J", "00020101021243650016COM.MERCADOLIBRE0201306" + strings.Repeat("7", 400), "ñandú & <b>"} {
		svg := string(page.QR(want))
		if strings.Count(svg, "<path") != 2 || !strings.Contains(svg, `aria-label="QR"`) {
			t.Fatalf("not the expected SVG: %.200s", svg)
		}
		bitmap, err := gozxing.NewBinaryBitmapFromImage(drawn(t, svg))
		if err != nil {
			t.Fatal(err)
		}
		got, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
		if err != nil {
			t.Fatalf("decode %.20q: %v", want, err)
		}
		if got.GetText() != want {
			t.Errorf("got %q, want %q", got.GetText(), want)
		}
	}
	if got := page.QR(strings.Repeat("<", 5000)); !strings.Contains(string(got), "&lt;&lt;") || strings.Contains(string(got), "<svg") {
		t.Errorf("too long: %.60s", got)
	}
}

// drawn paints the SVG's modules four pixels wide.
func drawn(t *testing.T, svg string) image.Image {
	t.Helper()
	const scale = 4
	size, err := strconv.Atoi(regexp.MustCompile(`viewBox="0 0 (\d+) `).FindStringSubmatch(svg)[1])
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewGray(image.Rect(0, 0, size*scale, size*scale))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for _, run := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-`).FindAllStringSubmatch(svg, -1) {
		x, _ := strconv.Atoi(run[1])
		y, _ := strconv.Atoi(run[2])
		n, _ := strconv.Atoi(run[3])
		draw.Draw(img, image.Rect(x*scale, y*scale, (x+n)*scale, (y+1)*scale), image.NewUniform(color.Black), image.Point{}, draw.Src)
	}
	return img
}

func TestSecure(t *testing.T) {
	t.Parallel()
	w := get(page.Secure(http.NotFoundHandler()), "/", "")
	csp := w.Header().Get("Content-Security-Policy")
	for _, rule := range []string{"default-src 'self'", "frame-ancestors 'none'", "object-src 'none'"} {
		if !strings.Contains(csp, rule) {
			t.Errorf("no %q in %q", rule, csp)
		}
	}
	if strings.Contains(csp, "unsafe") || w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Referrer-Policy") == "" {
		t.Errorf("headers: %v", w.Header())
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	fsys := files("a.html", `{{define "main"}}{{if .X}}{{template "y" (dict "a" (t "own.one" 3))}}{{else}}{{t "own.two" | printf "%s"}}{{end}}{{t (print "error." .Code)}}{{end}}`)
	keys, err := page.Keys(fsys)
	if err != nil {
		t.Fatal(err)
	}
	got := " " + strings.Join(keys, " ") + " "
	for _, want := range []string{" own.one ", " own.two ", " error.* ", " page.skip "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	missing, err := page.Missing(text.Must().Localizer("es").Has, fsys)
	if err != nil || strings.Join(missing, " ") != "own.one own.two" {
		t.Errorf("missing %q %v", missing, err)
	}
}
