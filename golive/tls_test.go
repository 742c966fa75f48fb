package golive_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"posta"
	"posta/golive"
	"posta/text"
)

var (
	tlsNow   = time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)
	quiet    = log.New(io.Discard, "", 0) // servers complain of handshakes that are meant to fail
	loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
)

// authority signs certificates in a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

var serial int64

// issue makes a certificate; of nil it signs itself.
func (a *authority) issue(t *testing.T, change func(*x509.Certificate)) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial++
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "Certificate " + strconv.FormatInt(serial, 10)},
		NotBefore: tlsNow.Add(-24 * time.Hour), NotAfter: tlsNow.Add(90 * 24 * time.Hour), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	if change != nil {
		change(template)
	}
	signer := a
	if signer == nil {
		signer = &authority{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer.cert, &key.PublicKey, signer.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

func asCA(c *x509.Certificate) {
	c.IsCA, c.KeyUsage, c.ExtKeyUsage, c.IPAddresses = true, x509.KeyUsageCertSign, nil, nil
}

// shop is a server to be looked at; secure is what it shows on https, plain on http.
type shop struct {
	chain   []*authority
	version [2]uint16
	secure  http.HandlerFunc
	plain   func(address string) http.HandlerFunc // nil: nothing is there
}

// open serves it and gives its address and the options that fit.
func (s shop) open(t *testing.T, roots ...*authority) (string, golive.TLSOptions) {
	t.Helper()
	config := &tls.Config{MinVersion: s.version[0], MaxVersion: s.version[1], Certificates: []tls.Certificate{{PrivateKey: s.chain[0].key}}}
	for _, c := range s.chain {
		config.Certificates[0].Certificate = append(config.Certificates[0].Certificate, c.cert.Raw)
	}
	if s.secure == nil {
		s.secure = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
	}
	server := httptest.NewUnstartedServer(s.secure)
	server.TLS = config
	server.Config.ErrorLog = quiet
	server.StartTLS()
	t.Cleanup(server.Close)
	o := options(t, roots...)
	if s.plain != nil {
		open := httptest.NewServer(s.plain(server.URL))
		t.Cleanup(open.Close)
		o.HTTPPort = port(t, open.URL)
	}
	return server.URL + "/pagar", o
}

func options(t *testing.T, roots ...*authority) golive.TLSOptions {
	t.Helper()
	pool := x509.NewCertPool()
	for _, r := range roots {
		pool.AddCert(r.cert)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer closed.Close()
	return golive.TLSOptions{Roots: pool, Allow: loopback, Clock: posta.NewFrozenClock(tlsNow), HTTPPort: closed.Addr().(*net.TCPAddr).Port}
}

func port(t *testing.T, address string) int {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// outcomes are the findings that are not good, as CODE.OUTCOME.
func outcomes(r golive.TLSReport) (bad []string) {
	for _, f := range r.Findings {
		if f.Verdict != golive.TLSPass {
			bad = append(bad, strings.TrimPrefix(f.Fix, "golive.tls."))
		}
	}
	return bad
}

func answering(status int, header ...string) func(string) http.HandlerFunc {
	return func(address string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], strings.Replace(header[i+1], "HERE", address, 1))
			}
			w.WriteHeader(status)
		}
	}
}

// Each way in which an address can be unfit is planted alone, and must come out
// as that and nothing else.
func TestCheckTLSNamesEachFault(t *testing.T) {
	t.Parallel()
	root := (*authority)(nil).issue(t, asCA)
	middle := root.issue(t, asCA)
	stranger := (*authority)(nil).issue(t, asCA)
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(middle.cert.Raw) }))
	t.Cleanup(files.Close)
	leaf := func(of *authority, change func(*x509.Certificate)) *authority { return of.issue(t, change) }
	until := func(days int) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotAfter = tlsNow.Add(time.Duration(days)*24*time.Hour + time.Hour) }
	}
	hsts := func(w http.ResponseWriter) {
		w.Header().Set("Strict-Transport-Security", "max-age=600; includeSubDomains")
	}
	other := httptest.NewUnstartedServer(http.NotFoundHandler()) // a host whose certificate nobody knows
	other.Config.ErrorLog = quiet
	other.StartTLS()
	t.Cleanup(other.Close)

	for name, tc := range map[string]struct {
		shop    shop
		verdict golive.TLSVerdict
		want    []string
	}{
		"good":                        {shop{chain: []*authority{leaf(middle, nil), middle}}, golive.TLSPass, nil},
		"good, by 301":                {shop{chain: []*authority{leaf(root, nil)}, plain: answering(301, "Location", "HERE/pagar")}, golive.TLSPass, nil},
		"good, by 308":                {shop{chain: []*authority{leaf(root, nil)}, plain: answering(308, "Location", "HERE/")}, golive.TLSPass, nil},
		"good, no http page":          {shop{chain: []*authority{leaf(root, nil)}, plain: answering(404)}, golive.TLSPass, nil},
		"expired":                     {shop{chain: []*authority{leaf(root, func(c *x509.Certificate) { c.NotAfter = tlsNow.Add(-time.Hour) })}}, golive.TLSFail, []string{"validity.expired"}},
		"not yet valid":               {shop{chain: []*authority{leaf(root, func(c *x509.Certificate) { c.NotBefore = tlsNow.Add(time.Hour) })}}, golive.TLSFail, []string{"validity.not_yet"}},
		"13 days left":                {shop{chain: []*authority{leaf(root, until(13))}}, golive.TLSWarn, []string{"validity.soon"}},
		"14 days left":                {shop{chain: []*authority{leaf(root, until(14))}}, golive.TLSWarn, []string{"validity.near"}},
		"29 days left":                {shop{chain: []*authority{leaf(root, until(29))}}, golive.TLSWarn, []string{"validity.near"}},
		"30 days left":                {shop{chain: []*authority{leaf(root, until(30))}}, golive.TLSPass, nil},
		"wrong name":                  {shop{chain: []*authority{leaf(root, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"otra.example"} })}}, golive.TLSFail, []string{"name.other"}},
		"self-signed":                 {shop{chain: []*authority{leaf(nil, nil)}}, golive.TLSFail, []string{"chain.self_signed"}},
		"unknown authority":           {shop{chain: []*authority{leaf(stranger, nil), stranger}}, golive.TLSFail, []string{"chain.unknown"}},
		"missing intermediate":        {shop{chain: []*authority{leaf(middle, func(c *x509.Certificate) { c.IssuingCertificateURL = []string{files.URL} })}}, golive.TLSFail, []string{"chain.incomplete"}},
		"not told which intermediate": {shop{chain: []*authority{leaf(middle, nil)}}, golive.TLSFail, []string{"chain.unknown"}},
		"expired intermediate": {shop{chain: func() []*authority {
			old := root.issue(t, func(c *x509.Certificate) { asCA(c); c.NotAfter = tlsNow.Add(-time.Hour) })
			return []*authority{leaf(old, nil), old}
		}()}, golive.TLSFail, []string{"chain.expired"}},
		"for clients":     {shop{chain: []*authority{leaf(root, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })}}, golive.TLSFail, []string{"chain.invalid"}},
		"TLS 1.1 only":    {shop{chain: []*authority{leaf(root, nil)}, version: [2]uint16{tls.VersionTLS10, tls.VersionTLS11}}, golive.TLSFail, []string{"version.old"}},
		"TLS 1.0 offered": {shop{chain: []*authority{leaf(root, nil)}, version: [2]uint16{tls.VersionTLS10, tls.VersionTLS13}}, golive.TLSWarn, []string{"old.offered"}},
		"no HSTS":         {shop{chain: []*authority{leaf(root, nil)}, secure: func(http.ResponseWriter, *http.Request) {}}, golive.TLSWarn, []string{"hsts.missing"}},
		"HSTS taken back": {shop{chain: []*authority{leaf(root, nil)}, secure: func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Strict-Transport-Security", "max-age=0") }}, golive.TLSWarn, []string{"hsts.missing"}},
		"shown on http":   {shop{chain: []*authority{leaf(root, nil)}, plain: answering(200)}, golive.TLSFail, []string{"redirect.missing"}},
		"http to http":    {shop{chain: []*authority{leaf(root, nil)}, plain: answering(301, "Location", "http://otra.example/")}, golive.TLSFail, []string{"redirect.to_http"}},
		"http by 302":     {shop{chain: []*authority{leaf(root, nil)}, plain: answering(302, "Location", "HERE/pagar")}, golive.TLSWarn, []string{"redirect.temporary"}},
		"http elsewhere":  {shop{chain: []*authority{leaf(root, nil)}, plain: answering(301, "Location", "https://www.otra.example/")}, golive.TLSWarn, []string{"redirect.elsewhere"}},
		"page to http": {shop{chain: []*authority{leaf(root, nil)}, secure: func(w http.ResponseWriter, r *http.Request) {
			hsts(w)
			http.Redirect(w, r, "http://tienda.example/", http.StatusFound)
		}}, golive.TLSFail, []string{"page.to_http"}},
		"page within https": {shop{chain: []*authority{leaf(root, nil)}, secure: func(w http.ResponseWriter, r *http.Request) {
			hsts(w)
			if r.URL.Path == "/pagar" {
				http.Redirect(w, r, "/entrar", http.StatusFound)
			}
		}}, golive.TLSPass, nil},
		"page in a circle": {shop{chain: []*authority{leaf(root, nil)}, secure: func(w http.ResponseWriter, r *http.Request) {
			hsts(w)
			http.Redirect(w, r, "/pagar", http.StatusFound)
		}}, golive.TLSFail, []string{"page.loop"}},
		"page to a stranger": {shop{chain: []*authority{leaf(root, nil)}, secure: func(w http.ResponseWriter, r *http.Request) {
			hsts(w)
			http.Redirect(w, r, other.URL, http.StatusFound)
		}}, golive.TLSFail, []string{"page.untrusted"}},
		"page to junk": {shop{chain: []*authority{leaf(root, nil)}, secure: func(w http.ResponseWriter, r *http.Request) {
			hsts(w)
			w.Header().Set("Location", "https://%zz")
			w.WriteHeader(302)
		}}, golive.TLSFail, []string{"page.malformed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, o := tc.shop.open(t, root)
			got := golive.CheckTLS(t.Context(), address, o)
			if bad := outcomes(got); got.Verdict != tc.verdict || !slices.Equal(bad, tc.want) {
				t.Errorf("%s %v, want %s %v\n%+v", got.Verdict, bad, tc.verdict, tc.want, got.Findings)
			}
			if got.Address != address || !got.At.Equal(tlsNow) || got.Certificate == nil || len(got.Certificate.SHA256) != 64 || !strings.HasPrefix(got.Version, "TLS 1.") {
				t.Errorf("%+v", got)
			}
			var kept golive.TLSReport
			if b, err := json.Marshal(got); err != nil || json.Unmarshal(b, &kept) != nil || !reflect.DeepEqual(kept, got) {
				t.Errorf("not the same after JSON: %+v %v", kept, err)
			}
			speak(t, got)
		})
	}
}

// speak holds that everything found has words, with all that they name.
func speak(t *testing.T, r golive.TLSReport) {
	t.Helper()
	for _, lang := range text.Languages {
		words := text.Must().Localizer(lang)
		for _, f := range r.Findings {
			params := map[string]any{}
			for k, v := range f.Params {
				params[k] = v
			}
			if said := words.T(f.Fix, params); said == f.Fix || strings.Contains(said, "<no value>") || !words.Has("golive.tls."+f.Code) {
				t.Errorf("%s: %s says %q", lang, f.Fix, said)
			}
		}
		if !words.Has("golive.tls.verdict." + string(r.Verdict)) {
			t.Errorf("%s: no words for %s", lang, r.Verdict)
		}
	}
}

// What cannot be looked at ends with the reason.
func TestCheckTLSEndsWhereNothingCanBeSeen(t *testing.T) {
	t.Parallel()
	o := options(t)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	strict := o
	strict.Allow = nil
	long := "https://tienda.example/" + strings.Repeat("a", 5000)
	for address, tc := range map[string]struct {
		o    golive.TLSOptions
		want string
	}{
		"http://tienda.example/":              {o, "address.http"},
		"":                                    {o, "address.malformed"},
		"tienda.example":                      {o, "address.malformed"},
		"https://":                            {o, "address.malformed"},
		"https:///x":                          {o, "address.malformed"},
		"https:opaque":                        {o, "address.malformed"},
		"https://tienda.example:0":            {o, "address.malformed"},
		"https://tienda.example:99999":        {o, "address.malformed"},
		"https://caja:clave@tienda.example":   {o, "address.malformed"},
		"https://caja:clave@tienda.example:x": {o, "address.malformed"},
		"ftp://tienda.example":                {o, "address.malformed"},
		"javascript:alert(1)":                 {o, "address.malformed"},
		"https://\x00\xff":                    {o, "address.malformed"},
		"https://[::1":                        {o, "address.malformed"},
		"https://ñ\u2024.\u2028example":       {o, "address.malformed"},
		long:                                  {o, "address.malformed"},
		"https://no-such-name.invalid/":       {o, "resolve.unknown"},
		"https://127.0.0.1:" + strconv.Itoa(o.HTTPPort):         {o, "connect.closed"},
		strings.Replace(plain.URL, "http:", "https:", 1):        {o, "handshake.plain"},
		"https://" + silent.Addr().String():                     {o, "handshake.failed"},
		"https://localhost:" + strconv.Itoa(port(t, plain.URL)): {strict, "public.private"},
		"https://10.1.2.3":                 {strict, "public.private"},
		"https://[::ffff:169.254.169.254]": {strict, "public.private"},
	} {
		t.Run(address[:min(len(address), 60)], func(t *testing.T) {
			t.Parallel()
			begun := posta.SystemClock{}.Now()
			got := golive.CheckTLS(t.Context(), address, tc.o)
			if bad := outcomes(got); got.Verdict != golive.TLSFail || !slices.Equal(bad, []string{tc.want}) || len(got.Failed()) != 1 || !strings.HasPrefix(tc.want, got.Failed()[0]+".") {
				t.Errorf("%s %v, want %s: %+v", got.Verdict, bad, tc.want, got.Findings)
			}
			if b, _ := json.Marshal(got); strings.Contains(string(b), "clave") || len(b) > 4000 {
				t.Errorf("the report keeps %s", b)
			}
			if took := (posta.SystemClock{}).Now().Sub(begun); took > 12*time.Second {
				t.Errorf("it took %v", took)
			}
			speak(t, got)
		})
	}
}

func TestCheckTLSStopsWithItsCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := golive.CheckTLS(ctx, "https://127.0.0.1:1", options(t)); got.Verdict != golive.TLSFail {
		t.Errorf("%+v", got)
	}
}

func FuzzCheckTLSAddress(f *testing.F) {
	for _, seed := range []string{"https://tienda.example", "https://a@b:c", "https://[::1%25lo]:443/?q#f", "HTTPS://\u202eexample", "//x", "https://xn--zz"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // nothing is dialled
		got := golive.CheckTLS(ctx, address, golive.TLSOptions{})
		if _, err := json.Marshal(got); err != nil || got.Verdict != golive.TLSFail || len(got.Findings) == 0 {
			t.Errorf("%q: %+v %v", address, got, err)
		}
	})
}
