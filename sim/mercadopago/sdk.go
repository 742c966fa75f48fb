package mercadopago

import (
	"embed"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"time"

	"posta/page"
	language "posta/text"
)

// The scripts that a shop's page loads (docs/providers/mercadopago-online.md
// §2.6, §6.2): its own shape of MercadoPago.js V2, whose fields are frames of
// the simulator's origin, and the device's fingerprint.
//
//go:embed sdk/*
var sdkFiles embed.FS

// fieldKinds are the frames, with what a browser may fill them with.
var fieldKinds = map[string]string{"cardNumber": "cc-number", "expirationDate": "cc-exp", "expirationMonth": "cc-exp-month", "expirationYear": "cc-exp-year", "securityCode": "cc-csc"}

// fieldPolicy lets any page frame a field, and the field speak with the
// simulator only.
const fieldPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *"

// mountSDK mounts the scripts, the fields and the pictures of cards.
func (s *Simulator) mountSDK(mux *http.ServeMux) {
	for name, kind := range map[string]string{"sdk.js": "text/javascript", "security.js": "text/javascript", "field.js": "text/javascript", "challenge.js": "text/javascript", "field.css": "text/css"} {
		paths := []string{"/v2/" + name}
		if name == "sdk.js" {
			paths = append(paths, "/js/v2") // at sdk.mercadopago.com
		}
		for _, path := range paths {
			mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
				raw, err := sdkFiles.ReadFile("sdk/" + name)
				if err != nil {
					http.NotFound(w, r)
					return
				}
				w.Header().Set("Content-Type", kind+"; charset=utf-8")
				w.Header().Set("Access-Control-Allow-Origin", "*")
				w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
				w.Header().Set("X-Content-Type-Options", "nosniff")
				_, _ = w.Write(raw)
			})
		}
	}
	mux.HandleFunc("GET /v2/fields/{kind}", s.field)
	mux.HandleFunc("GET /v2/brand/{file}", brandPicture)
}

// field is the frame of one field.
func (s *Simulator) field(w http.ResponseWriter, r *http.Request) {
	kind := r.PathValue("kind")
	complete, ok := fieldKinds[kind]
	raw, err := sdkFiles.ReadFile("sdk/field.html")
	if !ok || err != nil {
		http.NotFound(w, r)
		return
	}
	lang := language.Pick(strings.ToLower(r.URL.Query().Get("lang") + "  ")[:2])
	words := kit().words.Localizer(lang)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", fieldPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	_, _ = strings.NewReplacer("LANG", words.Lang(), "KIND", kind, "COMPLETE", complete, "LABEL", html.EscapeString(words.T("sim.field."+kind))).WriteString(w, string(raw))
}

var brandName = regexp.MustCompile(`^[a-z0-9_]{1,24}\.svg$`)

// brandPicture is a plain picture of a method: its name, no trade mark.
func brandPicture(w http.ResponseWriter, r *http.Request) {
	file := r.PathValue("file")
	if !brandName.MatchString(file) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	_, _ = fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 38"><rect width="60" height="38" rx="5" fill="#0a66c2"/><text x="30" y="23" font-family="sans-serif" font-size="10" fill="#fff" text-anchor="middle">%s</text></svg>`,
		strings.ToUpper(strings.TrimSuffix(file, ".svg")))
}

// crossOrigin lets any page's script read the answer of a call that a public
// key opens.
func crossOrigin(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Idempotency-Key, X-Product-Id, X-Meli-Session-Id")
	h.Set("Access-Control-Max-Age", text(int64((10 * time.Minute).Seconds())))
}

// preflights answers what browsers ask before such a call.
func preflights(mux *http.ServeMux) {
	for _, op := range operations() {
		if _, path, _ := strings.Cut(op.pattern, " "); op.family == public {
			mux.HandleFunc("OPTIONS "+path, func(w http.ResponseWriter, _ *http.Request) {
				crossOrigin(w)
				w.WriteHeader(http.StatusNoContent)
			})
		}
	}
}

// framed serves a page that other sites may frame: a bank's question.
func framed(next http.HandlerFunc) http.HandlerFunc {
	secure := page.Secure(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", strings.Replace(w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'", "frame-ancestors *", 1))
		w.Header().Del("Cross-Origin-Opener-Policy")
		next(w, r)
	}))
	return secure.ServeHTTP
}
