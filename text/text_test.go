package text_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"posta/text"
)

func TestCatalogsAgree(t *testing.T) {
	t.Parallel()
	for _, wrong := range text.Must().Check() {
		t.Error(wrong)
	}
}

func TestCheckSeesMissingKeysAndParameters(t *testing.T) {
	t.Parallel()
	c, err := text.New(fstest.MapFS{
		"es.json": {Data: []byte(`{"x.only": "sólo", "x.param": "{{.a}}"}`)},
		"pt.json": {Data: []byte(`{"x.param": "{{.b}}"}`)},
		"en.json": {Data: []byte(`{"x.param": "{{ .a }}"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(c.Check(), "\n")
	want := "en: x.only is missing\npt: x.only is missing\npt: x.param has parameters [b], es has [a]"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNewRefusesOtherLanguages(t *testing.T) {
	t.Parallel()
	if _, err := text.New(fstest.MapFS{"fr.json": {Data: []byte(`{"a":"b"}`)}}); err == nil {
		t.Error("a French file was accepted")
	}
	if _, err := text.New(fstest.MapFS{"es.json": {Data: []byte(`{`)}}); err == nil {
		t.Error("a broken file was accepted")
	}
}

func TestT(t *testing.T) {
	t.Parallel()
	c := text.Must(fstest.MapFS{"es.json": {Data: []byte(`{"x.hi": "Hola {{.name}}", "state.paid": "Cobrado"}`)}})
	es := c.Localizer("es")
	for _, tc := range []struct{ got, want string }{
		{es.T("common.payments_count", 1), "1 pago"},
		{es.T("common.payments_count", 2), "2 pagos"},
		{es.T("common.payments_count", 1000000), "1000000 pagos"},
		{es.T("common.payments_count", "count", int64(0)), "0 pagos"},
		{es.T("x.hi", "name", "Ana"), "Hola Ana"},
		{es.T("x.hi", map[string]any{"name": "Ana"}), "Hola Ana"},
		{es.T("state.paid"), "Cobrado"},
		{es.T("no.such.key"), "no.such.key"},
		{c.Localizer("pt-BR").T("common.payments_count", 0), "0 pagamento"},
		{c.Localizer("en").T("nav.payments"), "Payments"},
		{c.Localizer("en").T("x.hi", "name", "Ana"), "x.hi"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}

func TestEveryErrorSaysItAll(t *testing.T) {
	t.Parallel()
	c := text.Must()
	for _, code := range strings.Fields("invalid not_found unauthorized forbidden conflict till_busy terminal_busy store_in_use idempotency_key_reused request_in_flight refund_exceeds not_allowed_in_state too_large unsupported_media_type rate_limited provider_rejected provider_unavailable mode_mismatch card_number_refused unavailable internal") {
		for _, lang := range text.Languages {
			l := c.Localizer(lang)
			if all, title, help := l.T("error."+code), l.T("error."+code+".title"), l.T("error."+code+".help"); all != title+". "+help {
				t.Errorf("%s %s: %q is not title and help", lang, code, all)
			}
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ cookie, accept, want string }{
		{"", "", "es"},
		{"", "pt-PT,pt;q=0.9", "pt"},
		{"", "de,en-GB;q=0.8,es;q=0.5", "en"},
		{"", "ja", "es"},
		{"", "*", "es"},
		{"", ";;;", "es"},
		{"pt", "en", "pt"},
		{"xx", "en", "en"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Language", tc.accept)
		if tc.cookie != "" {
			r.Header.Set("Cookie", "lang="+tc.cookie)
		}
		if got := text.Match(r); got != tc.want {
			t.Errorf("cookie %q, Accept-Language %q: got %s, want %s", tc.cookie, tc.accept, got, tc.want)
		}
	}
	w := httptest.NewRecorder()
	text.Remember(w, "pt")
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", w.Result().Cookies()[0].String())
	if got := text.Must().Match(r).Lang(); got != "pt" {
		t.Errorf("remembered pt, matched %s", got)
	}
}

func TestMoments(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 2, 4, 5, 0, time.UTC)
	zone := time.FixedZone("America/Argentina/Buenos_Aires", -3*3600)
	for _, tc := range []struct{ got, want string }{
		{text.Date("es", at, zone), "28 feb 2026"},
		{text.DateTime("pt", at, nil), "1 mar 2026, 02:04"},
		{text.DateTime("en", at, zone), "28 Feb 2026, 23:04"},
		{text.Exact("es", at, zone), "28 feb 2026, 23:04:05 (Buenos Aires, UTC-03:00)"},
		{text.Exact("es", at, nil), "1 mar 2026, 02:04:05 (UTC)"},
		{text.Month("pt", at, nil), "março 2026"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	es := text.Must().Localizer("es")
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for span, want := range map[time.Duration]string{
		0: "ahora", 50 * time.Second: "hace 1 min", 3 * time.Minute: "hace 3 min", 5 * time.Hour: "hace 5 h", day: "hace 1 día",
		40 * day: "hace 40 días", 90 * day: "hace 3 meses", -2 * time.Hour: "dentro de 2 h", -10 * time.Second: "ahora",
	} {
		if got := es.Relative(now.Add(-span), now); got != want {
			t.Errorf("%v: got %q, want %q", span, got, want)
		}
	}
	for span, want := range map[time.Duration]string{
		850 * time.Millisecond: "850 ms", 4 * time.Second: "4 s", 184 * time.Second: "3 min 4 s", 2 * time.Minute: "2 min",
		125 * time.Minute: "2 h 5 min", 76 * time.Hour: "3 d 4 h", -time.Second: "-1 s",
	} {
		if got := es.Duration(span); got != want {
			t.Errorf("%v: got %q, want %q", span, got, want)
		}
	}
}
