package outbound_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"posta/outbound"
)

// P24, the addresses. Turns red when Unmap or the special ranges are left out.
func TestP24_Guard(t *testing.T) {
	guard := outbound.Guard(netip.MustParsePrefix("10.1.0.0/16"))
	for _, address := range []string{
		"127.0.0.1:80", "127.8.9.1:80", "0.0.0.0:80", "10.0.0.1:443", "172.16.3.4:80", "192.168.1.1:80", "169.254.169.254:80",
		"100.100.100.200:80", "100.64.0.1:80", "224.0.0.1:80", "255.255.255.255:80", "240.1.2.3:80", "192.0.2.5:80", "198.18.0.1:80",
		"[::1]:80", "[::]:80", "[::ffff:127.0.0.1]:80", "[::ffff:169.254.169.254]:80", "[::ffff:a00:1]:80", "[::127.0.0.1]:80",
		"[fe80::1]:80", "[fe80::1%eth0]:80", "[fd00:ec2::254]:80", "[fc00::1]:80", "[ff02::1]:80", "[64:ff9b::7f00:1]:80",
		"[2002:7f00:1::1]:80", "[2001:0:1::1]:80", "[2001:db8::1]:80", "[2606:4700::1%eth0]:80",
		"localhost:80", "2130706433:80", "", "10.1.2.3",
	} {
		if guard("tcp4", address, nil) == nil || guard("tcp6", address, nil) == nil {
			t.Errorf("%s may be dialled", address)
		}
	}
	for _, address := range []string{"8.8.8.8:443", "[2606:4700::1111]:443", "10.1.2.3:80", "[::ffff:8.8.8.8]:80"} {
		if err := guard("tcp4", address, nil); err != nil {
			t.Error(err)
		}
	}
	if guard("unix", "8.8.8.8:80", nil) == nil || guard("udp4", "8.8.8.8:80", nil) == nil {
		t.Error("other networks may be dialled")
	}
}

// P24, at dial time: the name is public to look at, and resolves to loopback.
func TestP24_GuardSeesWhatANameResolvesTo(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer server.Close()
	client, kept := newClient(t, outbound.Options{Control: outbound.Guard()})
	url := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	if _, err := client.Do(request(t, t.Context(), "GET", url, "")); err == nil || !strings.Contains(err.Error(), "not a public address") {
		t.Errorf("error %v", err)
	}
	if calls := kept.all(); len(calls) != 1 || calls[0].Error == "" {
		t.Errorf("recorded %+v", calls)
	}
	allowing, _ := newClient(t, outbound.Options{Control: outbound.Guard(netip.MustParsePrefix("127.0.0.0/8"))})
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer other.Close()
	answer, err := allowing.Do(request(t, t.Context(), "GET", other.URL, ""))
	if err != nil {
		t.Fatal(err)
	}
	read(t, answer)
}
