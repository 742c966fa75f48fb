package prisma_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"posta/page"
	"posta/sim/prisma"
	language "posta/text"
)

const (
	device    = "/sim/terminal/" + one
	pageLimit = 120 << 10
)

// browser fetches pages and sends forms, following redirects; scripts do not
// run in it.
type browser struct {
	*stand
	client *http.Client
	at     string // the address it ended at
	status int
}

func (b *stand) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{stand: b, client: &http.Client{Jar: jar}}
}

var rawKey = regexp.MustCompile(`\bsim\.[a-z_]+[a-z._-]*\b`)

// get fetches a page; with a form it sends it. No page may show a key in place
// of words, or be heavy.
func (w *browser) get(path string, form ...string) string {
	w.Helper()
	var res *http.Response
	var err error
	if len(form) == 0 {
		res, err = w.client.Get(w.server.URL + path)
	} else {
		v := url.Values{}
		for i := 0; i+1 < len(form); i += 2 {
			v.Set(form[i], form[i+1])
		}
		res, err = w.client.PostForm(w.server.URL+path, v)
	}
	w.do(err)
	defer func() { _ = res.Body.Close() }()
	raw, _ := io.ReadAll(res.Body)
	w.at, w.status = res.Request.URL.RequestURI(), res.StatusCode
	body := string(raw)
	for _, bad := range []string{"ZgotmplZ", "no value", " style=", "&lt;nil&gt;"} {
		if strings.Contains(body, bad) {
			w.Fatalf("%s holds %q", path, bad)
		}
	}
	if res.Header.Get("Content-Type") == "text/html; charset=utf-8" {
		for _, found := range rawKey.FindAllString(body, -1) {
			if found != "sim.css" && !strings.HasPrefix(found, "sim.example") {
				w.Fatalf("%s shows the key %s", path, found)
			}
		}
		if len(body) > pageLimit {
			w.Fatalf("%s has %d bytes", path, len(body))
		}
	}
	return html.UnescapeString(body)
}

// press sends a form of the terminal.
func (w *browser) press(deed string, form ...string) string {
	w.Helper()
	return w.get(device+"/"+deed, append(form, "", "")...)
}

// sees wants all texts in the page.
func (w *browser) sees(body string, texts ...string) string {
	w.Helper()
	for _, s := range texts {
		if !strings.Contains(body, s) {
			w.Fatalf("%q is not in %s", s, body)
		}
	}
	return body
}

// screen wants what the display shows.
func (w *browser) screen(body, want string, texts ...string) string {
	w.Helper()
	return w.sees(body, append(texts, `data-screen="`+want+`"`)...)
}

func TestPRPAG01_ThePagesSpeakEveryLanguage(t *testing.T) {
	for _, lang := range language.Languages {
		words := language.Must(os.DirFS("words")).Localizer(lang)
		missing, err := page.Missing(words.Has, os.DirFS("html"), "*.html")
		if err != nil || len(missing) != 0 {
			t.Errorf("%s: no words for %q %v", lang, missing, err)
		}
		for _, name := range prisma.SwitchNames() {
			if choices := prisma.SwitchChoices()[name]; choices == nil && !words.Has("sim.switch."+name) {
				t.Errorf("%s: no words for the switch %s", lang, name)
			}
		}
		for _, outcome := range prisma.Outcomes {
			if !words.Has("sim.outcome." + outcome) {
				t.Errorf("%s: no words for the outcome %s", lang, outcome)
			}
		}
	}
	if wrong := language.Must(os.DirFS("words")).Check(); len(wrong) != 0 {
		t.Error(wrong)
	}
}

func TestPRPAG02_EveryPageInEveryLanguage(t *testing.T) {
	b := newStand(t, paced)
	w := b.browser()
	look := func(paths ...string) {
		t.Helper()
		for _, path := range paths {
			for _, lang := range language.Languages {
				sep := "?"
				if strings.Contains(path, "?") {
					sep = "&"
				}
				w.sees(w.get(path+sep+"lang="+lang), `lang="`+lang+`"`)
			}
		}
	}
	look("/sim/terminals", device, "/sim/phone", "/sim/control")
	id := b.asked("installments_number", nil, "is_tip", true)
	look(device, "/sim/terminals")
	b.do(b.sim.Take(one, id))
	for _, query := range []string{"", "&entry=CHIP", "&entry=CHIP&card=visa-credit", "&entry=CHIP&card=visa-credit&installments=3",
		"&entry=CHIP&card=visa-credit&installments=3&tip=5", "&entry=none&card=none"} {
		look(device + "?intent=" + id + query)
	}
	for _, e := range []string{"the_terminal_is_off", "another_brand_was_asked_for", "cash_only_with_a_debit_card", "nonsense", "<b>"} {
		look(device + "?e=" + url.QueryEscape(e))
	}
	for _, outcome := range prisma.Outcomes {
		b.do(b.sim.Present(one, prisma.Card{Outcome: outcome}))
		look(device)
		b.clock.Move(5 * time.Second)
		look(device)
		b.do(b.sim.Take(one, b.asked()))
	}
	b.do(b.sim.CancelAt(one))
	look(device)
	id = b.asked("terminal_operation_method", "QR_CODE", "qr_benefit_code", true)
	b.do(b.sim.Take(one, id))
	qr := b.sim.Terminals()[0].Current.QR
	look(device, "/sim/phone", "/sim/phone?qr="+qr, "/sim/phone?qr=other", "/sim/phone?left=1")
	b.do(b.sim.PayQR(qr, prisma.Wallet{}))
	look("/sim/phone/result?intent=" + id)
	b.clock.Move(5 * time.Second)
	look("/sim/phone/result?intent="+id, "/sim/control")
	b.do(b.sim.SetPaper(one, false))
	b.do(b.sim.SetPower(one, false))
	look(device, "/sim/terminals", "/sim/control")
	for _, asset := range regexp.MustCompile(`/static/[a-z0-9.-]+`).FindAllString(w.get(device), -1) {
		if w.get(asset); w.status != 200 {
			t.Fatal(asset, w.status)
		}
	}
}

func TestPRPAG03_AnotherSitesPageCannotPressIts(t *testing.T) {
	b := newStand(t)
	for _, path := range []string{device + "/power", "/sim/phone/pay", "/sim/control/tokens"} {
		req := b.request("POST", path, "")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		b.want(b.send(req), 403)
	}
	if !b.sim.Terminals()[0].On {
		t.Fatal("switched off from elsewhere")
	}
	w := b.browser()
	w.get("/sim")
	if w.at != "/sim/terminals" {
		t.Fatal(w.at)
	}
	w.get("/sim/terminal/99999999")
	if w.status != 404 {
		t.Fatal(w.status)
	}
}

func TestPRPAG04_OpenPagesHearOfChanges(t *testing.T) {
	b := newStand(t)
	res, err := plain.Get(b.server.URL + "/sim/events")
	b.do(err)
	defer func() { _ = res.Body.Close() }()
	next := func() string {
		var got []byte
		buf := make([]byte, 1)
		for !strings.HasSuffix(string(got), "\n\n") {
			if _, err := res.Body.Read(buf); err != nil {
				t.Fatal(err)
			}
			got = append(got, buf[0])
		}
		return string(got)
	}
	w := b.browser()
	w.sees(next(), "id: 0", "event: change")
	b.asked()
	w.sees(next(), "id: 1", "event: change")
	b.do(b.sim.Close())
	if _, err := io.ReadAll(res.Body); err != nil {
		t.Fatal("the stream does not end with the simulator", err)
	}
}
