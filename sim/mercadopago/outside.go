package mercadopago

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"posta"
)

// stopwatch measures real time, for the traffic list.
type stopwatch struct{ start time.Time }

func newStopwatch() stopwatch { return stopwatch{posta.SystemClock{}.Now()} }

func (w stopwatch) elapsed() time.Duration { return posta.SystemClock{}.Now().Sub(w.start) }

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// newClient sends notices. Redirects are not followed; private addresses are
// refused at dial time unless loopback is allowed.
func newClient(loopback bool) *http.Client {
	d := &net.Dialer{}
	if !loopback {
		d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			if ip := ap.Addr().Unmap(); !ip.IsGlobalUnicast() || ip.IsPrivate() {
				return fmt.Errorf("the address %s is not public", ip)
			}
			return nil
		}
	}
	return &http.Client{
		Transport:     &http.Transport{DialContext: d.DialContext, MaxIdleConnsPerHost: 32},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
