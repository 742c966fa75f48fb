package webhook_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"posta"
	"posta/webhook"
)

// names answers DNS over UDP: each name has addresses, one for each time it is
// asked for, the last for ever.
type names struct {
	conn  net.PacketConn
	mu    sync.Mutex
	known map[string][]netip.Addr
	asked map[string]int
}

func newNames(t *testing.T, known map[string][]netip.Addr) *names {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &names{conn: conn, known: known, asked: map[string]int{}}
	go n.serve()
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	t.Cleanup(func() { net.DefaultResolver = before; conn.Close() })
	return n
}

func (n *names) serve() {
	buffer := make([]byte, 1500)
	for {
		size, from, err := n.conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		if answer := n.answer(buffer[:size]); answer != nil {
			_, _ = n.conn.WriteTo(answer, from)
		}
	}
}

// answer answers the first question of a query (RFC 1035 §4.1).
func (n *names) answer(query []byte) []byte {
	if len(query) < 12 {
		return nil
	}
	var labels []string
	at := 12
	for at < len(query) && query[at] != 0 {
		length := int(query[at])
		labels = append(labels, string(query[at+1:at+1+length]))
		at += 1 + length
	}
	kind := binary.BigEndian.Uint16(query[at+1:])
	out := append([]byte{}, query[:at+5]...)
	binary.BigEndian.PutUint16(out[2:], 0x8180) // an answer, recursion done
	for i := 6; i < 12; i++ {
		out[i] = 0
	}
	name := strings.ToLower(strings.Join(labels, "."))
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.known[name]
	if len(list) == 0 {
		out[3] |= 3 // there is no such name
		return out
	}
	ip := list[min(n.asked[name], len(list)-1)]
	if ip.Is4() != (kind == 1) || kind != 1 && kind != 28 {
		return out
	}
	n.asked[name]++
	out[7] = 1
	out = append(out, 0xc0, 12, byte(kind>>8), byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(ip.AsSlice())))
	return append(out, ip.AsSlice()...)
}

// P24: an address that is not of the public internet is refused when it is
// dialed, in whatever form it is written, and where a name leads there, also one
// that led elsewhere the last time; nothing arrives. Red under: an https client
// without the guard; the guard asked when the endpoint is made and not at dial
// time; a proxy of the environment; a redirect that is followed.
func TestP24_PrivateAddressesAreRefusedWhenDialed(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:9")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:9")
	newNames(t, map[string][]netip.Addr{
		"loop.example": {netip.MustParseAddr("127.0.0.1")}, "private.example": {netip.MustParseAddr("10.1.2.3")},
		"meta.example": {netip.MustParseAddr("169.254.169.254")}, "mapped.example": {netip.MustParseAddr("::ffff:127.0.0.1")},
		"six.example": {netip.MustParseAddr("::1")}, "nat64.example": {netip.MustParseAddr("64:ff9b::7f00:1")},
		"local6.example": {netip.MustParseAddr("fd00:ec2::254")},
		// A name that leads to another address at each question; the first is refused
		// too, but as one that no packet is sent to.
		"rebind.example": {netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("127.0.0.1")},
	})
	each(t, func(t *testing.T, h *hub) {
		shop := newShop(t)
		_, port, _ := net.SplitHostPort(strings.TrimPrefix(shop.URL, "http://"))
		guarded := h.replica(h.db, h.Box)
		guarded.Networks = nil
		create := func(s *webhook.Service, url string) (webhook.Endpoint, error) {
			e, _, err := s.Create(t.Context(), h.input(url, "payment.*"))
			return e, err
		}
		// What is plainly wrong is refused at once.
		for url, code := range map[string]string{"": "required", "https://": "malformed", "shop.example": "malformed", "ftp://shop.example": "https", "http://shop.example/": "https",
			"https://user:secret@shop.example/": "malformed", "https://shop.example/#part": "malformed", "https://shop.example/\n": "", "https://shop.ex ample/": "malformed",
			"https://" + strings.Repeat("a", 2000): "too_long", "https://127.0.0.1/": "private", "https://[::1]/": "private", "https://[::ffff:10.0.0.1]/": "private",
			"https://169.254.169.254/latest/meta-data/": "private", "https://0.0.0.0/": "private", "https://[fe80::1%25eth0]/": "private", "https://100.100.100.200/": "private"} {
			e, err := create(guarded, url)
			if code == "" { // the line's end is left out
				if err != nil || e.URL != "https://shop.example/" {
					t.Errorf("%q: %q %v", url, e.URL, err)
				}
				continue
			}
			wantField(t, err, "url", code)
		}
		// Where it leads shows when it is dialed.
		var made []webhook.Endpoint
		for _, host := range []string{"loop.example", "private.example", "meta.example", "mapped.example", "six.example", "nat64.example", "local6.example", "rebind.example",
			"2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost"} {
			e, err := create(guarded, fmt.Sprintf("https://%s:%s/", host, port))
			if err != nil {
				t.Fatal(host, err)
			}
			made = append(made, e)
		}
		h.emit("payment.paid")
		for range 3 { // the last two of rebind.example at 127.0.0.1
			run(t, guarded)
			h.clock.Move(15 * 3600e9)
		}
		for _, e := range made {
			d, attempts := h.one(e)
			if d.State == webhook.Delivered || len(attempts) == 0 {
				t.Errorf("%s: %s after %d tries", e.URL, d.State, len(attempts))
			}
			for i, a := range attempts {
				named := strings.Contains(e.URL, ".example") || strings.Contains(e.URL, "localhost")
				if a.Status != 0 || named && a.Failure != webhook.FailureAddress {
					t.Errorf("%s, try %d: %d %s %s", e.URL, i+1, a.Status, a.Failure, a.Error)
				}
			}
		}
		if n := len(shop.taken()); n != 0 {
			t.Errorf("%d requests arrived", n)
		}
	})
}

// P24: a redirect to a private address leads nowhere, and what the operator
// allowed is allowed and nothing beside it: http too, but to these networks only.
func TestP24_WhatTheOperatorAllows(t *testing.T) {
	newNames(t, map[string][]netip.Addr{"shop.internal": {netip.MustParseAddr("127.0.0.1")}, "elsewhere.internal": {netip.MustParseAddr("10.9.9.9")}})
	each(t, func(t *testing.T, h *hub) {
		shop, hidden := newShop(t), newShop(t)
		shop.answers(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, hidden.URL, http.StatusTemporaryRedirect)
		})
		_, port, _ := net.SplitHostPort(strings.TrimPrefix(shop.URL, "http://"))
		h.Networks = loopback
		there, _ := h.endpoint("http://shop.internal:"+port+"/", "payment.*")
		var refused []webhook.Endpoint
		for _, url := range []string{"http://elsewhere.internal:" + port + "/", "https://elsewhere.internal:" + port + "/"} {
			e, _ := h.endpoint(url, "payment.*")
			refused = append(refused, e)
		}
		for _, url := range []string{"http://10.1.2.3/", "http://8.8.8.8/"} { // the second would go as it is through the internet
			_, _, err := h.Create(t.Context(), h.input(url, "*"))
			wantField(t, err, "url", "private")
		}
		h.emit("payment.paid")
		h.sweep()
		if d, _ := h.one(there); d.State != webhook.Pending || d.Status != http.StatusTemporaryRedirect {
			t.Errorf("%+v", d)
		}
		if len(shop.taken()) != 1 || len(hidden.taken()) != 0 {
			t.Errorf("%d and %d requests", len(shop.taken()), len(hidden.taken()))
		}
		for _, e := range refused {
			if _, attempts := h.one(e); len(attempts) != 1 || attempts[0].Failure != webhook.FailureAddress {
				t.Errorf("%s: %+v", e.URL, attempts)
			}
		}
	})
}

func wantField(t testing.TB, err error, field, code string) {
	t.Helper()
	wantCode(t, err, posta.CodeInvalid)
	for _, f := range err.(*posta.Error).Fields {
		if f.Field == field && f.Code == code {
			return
		}
	}
	t.Errorf("%v, want %s:%s", err, field, code)
}
