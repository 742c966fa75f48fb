package golive

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"posta"
)

// TLSVerdict is how one finding, or a whole report, came out.
type TLSVerdict string

// The verdicts, from good to bad.
const (
	TLSPass TLSVerdict = "pass"
	TLSWarn TLSVerdict = "warn" // works, and should be mended
	TLSFail TLSVerdict = "fail" // not fit for real payments
)

// The codes of findings, in the order in which they are looked at. Each has
// words under golive.tls.CODE, and each of its outcomes under
// golive.tls.CODE.OUTCOME, with what to do.
const (
	TLSAddress  = "address"   // it is an https address
	TLSResolve  = "resolve"   // its name resolves
	TLSPublic   = "public"    // to a public address
	TLSConnect  = "connect"   // the port answers
	TLSSpeaks   = "handshake" // in TLS
	TLSVersion  = "version"   // 1.2 or newer is negotiated
	TLSOld      = "old"       // nothing older is offered
	TLSChain    = "chain"     // the certificate leads to a trusted authority
	TLSName     = "name"      // and is for this name
	TLSValidity = "validity"  // and for this day
	TLSRedirect = "redirect"  // http leads to https
	TLSPage     = "page"      // the page's own redirects stay on https
	TLSHSTS     = "hsts"      // browsers are told to come by https only
)

// TLSOptions say how an address is checked. The zero value is for production.
type TLSOptions struct {
	Roots *x509.CertPool // trusted authorities; nil means the machine's
	// Allow are addresses that may be dialled though they are not public.
	Allow    []netip.Prefix
	HTTPPort int         // where plain http is looked for; 0 means 80
	Clock    posta.Clock // nil means the machine's
}

// TLSReport is what a check found. It is kept as evidence, as JSON.
type TLSReport struct {
	Address     string          `json:"address"`
	At          time.Time       `json:"at"`
	Verdict     TLSVerdict      `json:"verdict"`  // the worst of the findings
	Findings    []TLSFinding    `json:"findings"` // ends with the first that leaves nothing to look at
	Version     string          `json:"version,omitempty"`
	Certificate *TLSCertificate `json:"certificate,omitempty"`
}

// TLSFinding is one thing that was looked at.
type TLSFinding struct {
	Code    string     `json:"code"`
	Verdict TLSVerdict `json:"verdict"`
	// Fix is the key of the words that say what was found and what to do about it;
	// Params fill them.
	Fix    string            `json:"fix"`
	Params map[string]string `json:"params,omitempty"`
	Detail string            `json:"detail,omitempty"` // for the operator, as the machine said it
}

// TLSCertificate is the certificate that was shown.
type TLSCertificate struct {
	Issuer    string    `json:"issuer"`
	Names     []string  `json:"names"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	SHA256    string    `json:"sha256"` // hex, of the whole certificate
}

// Failed lists the codes that came out as fail.
func (r TLSReport) Failed() (codes []string) {
	for _, f := range r.Findings {
		if f.Verdict == TLSFail {
			codes = append(codes, f.Code)
		}
	}
	return codes
}

const (
	tlsLimit   = 10 * time.Second // of a whole check
	tlsStep    = 4 * time.Second  // of one exchange in it
	mostTLSURL = 2000             // characters of an address
	expirySoon = 14               // days
	expiryNear = 30
)

// CheckTLS looks at an address of a shop's page, of a hosted page or of a
// webhook as a browser and a provider would. It sends GET requests and no
// secret, dials public addresses only unless told otherwise, and takes 10 s at
// most. Whatever the address is, the answer is a report.
func CheckTLS(ctx context.Context, address string, o TLSOptions) TLSReport {
	if o.Clock == nil {
		o.Clock = posta.SystemClock{}
	}
	if o.HTTPPort == 0 {
		o.HTTPPort = 80
	}
	ctx, cancel := context.WithTimeout(ctx, tlsLimit)
	defer cancel()
	c := tlsCheck{TLSOptions: o, now: o.Clock.Now()}
	c.report = TLSReport{Address: shown(address), At: c.now.UTC(), Verdict: TLSPass}
	if c.parse(address) && c.reach(ctx) && c.handshake(ctx) {
		c.certificate(ctx)
		c.serve(ctx)
	}
	for _, f := range c.report.Findings {
		if f.Verdict == TLSFail || f.Verdict == TLSWarn && c.report.Verdict == TLSPass {
			c.report.Verdict = f.Verdict
		}
	}
	return c.report
}

// tlsCheck is a check under way.
type tlsCheck struct {
	TLSOptions
	now    time.Time
	url    *url.URL
	host   string // in ASCII, without brackets
	port   string
	state  tls.ConnectionState
	report TLSReport
}

// finding makes one; outcome names its words, pairs fill them.
func finding(code string, v TLSVerdict, outcome string, err error, pairs ...string) TLSFinding {
	f := TLSFinding{Code: code, Verdict: v, Fix: "golive.tls." + code + "." + outcome}
	for i := 0; i+1 < len(pairs); i += 2 {
		if f.Params == nil {
			f.Params = map[string]string{}
		}
		f.Params[pairs[i]] = cut(pairs[i+1], 200)
	}
	if err != nil {
		f.Detail = cut(err.Error(), 300)
	}
	return f
}

func (c *tlsCheck) add(f ...TLSFinding) { c.report.Findings = append(c.report.Findings, f...) }

// cut bounds text that somebody else wrote, and keeps it one line of UTF-8.
func cut(text string, most int) string {
	text = strings.ToValidUTF8(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }), " "), "?")
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// shown is an address as a report may keep it: without user and password.
func shown(address string) string {
	if u, err := url.Parse(strings.TrimSpace(address)); err == nil && u.User != nil {
		u.User = nil
		return cut(u.String(), mostTLSURL)
	} else if err != nil && strings.Contains(address, "@") {
		return "?" // may hold a password, and cannot be taken apart
	}
	return cut(strings.TrimSpace(address), mostTLSURL)
}

// parse takes the address apart; false where there is nothing to dial.
func (c *tlsCheck) parse(address string) bool {
	u, err := url.Parse(strings.TrimSpace(address))
	switch {
	case err != nil || len(address) > mostTLSURL || u.Hostname() == "" || u.User != nil || u.Opaque != "" || (u.Scheme != "http" && u.Scheme != "https"):
		c.add(finding(TLSAddress, TLSFail, "malformed", nil))
		return false
	case u.Scheme == "http":
		c.add(finding(TLSAddress, TLSFail, "http", nil, "host", u.Host))
		return false
	}
	c.url, c.host, c.port = u, u.Hostname(), u.Port()
	if c.port == "" {
		c.port = "443"
	}
	if n, err := strconv.Atoi(c.port); err != nil || n < 1 || n > 65535 {
		c.add(finding(TLSAddress, TLSFail, "malformed", err))
		return false
	}
	if strings.ContainsFunc(c.host, func(r rune) bool { return r >= 0x80 }) {
		var err error
		if c.host, err = idna.Lookup.ToASCII(c.host); err != nil {
			c.add(finding(TLSAddress, TLSFail, "malformed", err))
			return false
		}
	}
	c.add(finding(TLSAddress, TLSPass, "good", nil))
	return true
}

// summary is what a report keeps of a certificate.
func summary(leaf *x509.Certificate, sum [32]byte) *TLSCertificate {
	out := &TLSCertificate{Issuer: cut(leaf.Issuer.String(), 200), Names: namesOf(leaf), NotBefore: leaf.NotBefore.UTC(), NotAfter: leaf.NotAfter.UTC(),
		SHA256: hex.EncodeToString(sum[:])}
	return out
}

// namesOf lists what a certificate is for, the first twenty.
func namesOf(leaf *x509.Certificate) []string {
	names := []string{}
	for _, n := range leaf.DNSNames {
		names = append(names, cut(n, 100))
	}
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return names[:min(len(names), 20)]
}
