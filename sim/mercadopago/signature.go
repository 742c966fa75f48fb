package mercadopago

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Manifest is what is signed; a missing value takes its pair with it
// (docs/providers/mercadopago.md §8.4).
func Manifest(dataID, requestID, ts string) string {
	var b strings.Builder
	for _, pair := range [][2]string{{"id", dataID}, {"request-id", requestID}, {"ts", ts}} {
		if pair[1] != "" {
			b.WriteString(pair[0] + ":" + pair[1] + ";")
		}
	}
	return b.String()
}

// Sign gives v1: the lower-case hex HMAC-SHA256 of the manifest.
func Sign(secret, manifest string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(manifest))
	return hex.EncodeToString(mac.Sum(nil))
}

// signature is the x-signature header of a notice sent now.
func (s *Simulator) signature(n *notice, requestID string, now time.Time) string {
	ts := text(now.Unix())
	if s.switches.TsMillis {
		ts = text(now.UnixMilli())
	}
	id := n.Resource
	if s.switches.CasingLower {
		id = strings.ToLower(id)
	}
	a := s.accounts[n.UserID]
	secret := n.Key + " " + a.FeedKey
	if hooks := s.hooksOf(a, n.Key); hooks.Secret != "" || n.Key == "panel" {
		secret = hooks.Secret
	}
	if n.BadSignature {
		secret = "nobody knows this key"
	}
	return "ts=" + ts + ",v1=" + Sign(secret, Manifest(id, requestID, ts))
}
