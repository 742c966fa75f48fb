package page

import (
	"net/http"
	"net/url"
	"strings"
)

// policy lets a page load from its own origin only and be framed by nobody.
// QR codes and charts are inline SVG; data: is for pictures drawn in a page.
const policy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Secure sets the security headers of every page before next answers. A route
// that needs another policy (a provider's card fields) sets its own after.
func Secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(self), geolocation=(), microphone=()")
		next.ServeHTTP(w, r)
	})
}

// CardPolicy lets the page that h belongs to load a provider's card fields:
// script, frames, calls and pictures of these origins ("https://sdk.example"),
// and of nobody else but its own. What is no origin is left out.
func CardPolicy(h http.Header, origins []string) {
	from := ""
	for _, o := range origins {
		if o = origin(o); o != "" {
			from += " " + o
		}
	}
	h.Set("Content-Security-Policy", strings.Replace(policy, "img-src 'self' data:", "script-src 'self'"+from+"; frame-src 'self'"+from+
		"; connect-src 'self'"+from+"; img-src 'self' data:"+from, 1))
}

// ChallengePolicy lets the page that h belongs to send its form to address and
// frame what answers: the question of a card's bank (3DS), which may be anywhere
// and lead further, so that no list of origins can name it. Scripts stay our own.
func ChallengePolicy(h http.Header, address string) {
	to := " https:"
	if o := origin(address); o != "" && !strings.HasPrefix(o, "https:") {
		to += " " + o // a simulator on this machine
	}
	h.Set("Content-Security-Policy", strings.Replace(policy, "form-action 'self'", "frame-src"+to+"; form-action 'self'"+to, 1))
}

// origin is the scheme and host of an address, "" if it has none that a policy
// can name.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(u.Host, " ;,'\"*") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
