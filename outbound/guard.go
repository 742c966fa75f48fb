package outbound

import (
	"fmt"
	"net/netip"
	"syscall"
)

// special are the ranges that netip's own questions do not cover and that
// nobody's public server is in (IANA's special-purpose registries). The
// metadata services of clouds are in link-local, shared or private ranges.
var special = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

// public6 is where public IPv6 addresses are; forms that carry an IPv4 address
// (IPv4-compatible, NAT64) are outside it.
var public6 = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) (out []netip.Prefix) {
	for _, t := range texts {
		out = append(out, netip.MustParsePrefix(t))
	}
	return out
}

// Guard makes a Control function, for Options or net.Dialer, that refuses to
// dial what is not a public address: loopback, private, link-local, metadata
// services and the like, in any notation, since it sees the address that a name
// was resolved to. Addresses within allow are let through.
func Guard(allow ...netip.Prefix) func(network, address string, c syscall.RawConn) error {
	return func(network, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || (network != "tcp4" && network != "tcp6") {
			return fmt.Errorf("outbound: %s %s is not an address to dial", network, address)
		}
		ip := at.Addr().Unmap()
		if within(ip, allow) {
			return nil
		}
		if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.Zone() != "" || within(ip, special) || (ip.Is6() && !public6.Contains(ip)) {
			return fmt.Errorf("outbound: %s is not a public address", ip)
		}
		return nil
	}
}

func within(ip netip.Addr, list []netip.Prefix) bool {
	for _, p := range list {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
