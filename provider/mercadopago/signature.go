package mercadopago

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"

	"posta/provider"
)

// window is how far a signature's time may be from the time of receipt.
const window = 5 * time.Minute

// judge says what a notice's signature is worth, docs/providers/mercadopago.md §8.4.
func judge(d provider.Delivery, query url.Values, n provider.Notice, feed bool, secrets []provider.Secret) provider.Verdict {
	switch {
	case feed:
		return provider.Verdict{Judgement: provider.Unverifiable, Reason: "feed: signed with a key that nobody is given"}
	case len(secrets) == 0:
		return provider.Verdict{Judgement: provider.Unverifiable, Reason: "no webhook secret is configured"}
	}
	verdict := verify(d, query.Get("data.id"), secrets)
	if verdict.Judgement == provider.BadSignature && n.Topic == TopicMerchantOrder {
		// Legacy notices come by notification_url and never verify.
		verdict = provider.Verdict{Judgement: provider.Unverifiable, Reason: "legacy: signed with a key that nobody is given"}
	}
	return verdict
}

func verify(d provider.Delivery, id string, secrets []provider.Secret) provider.Verdict {
	bad := func(why string) provider.Verdict {
		return provider.Verdict{Judgement: provider.BadSignature, Reason: why}
	}
	header := d.Header.Get("X-Signature")
	if header == "" {
		return bad("no x-signature")
	}
	ts, v1 := parseSignature(header)
	if ts == "" || v1 == "" {
		return bad("x-signature lacks ts or v1")
	}
	signed, unit, ok := signedAt(ts)
	if !ok {
		return bad("ts is not a time")
	}
	request := d.Header.Get("X-Request-Id")
	for _, form := range idForms(id) {
		manifest := pair("id", form.id) + pair("request-id", request) + pair("ts", ts)
		for _, secret := range secrets {
			mac := hmac.New(sha256.New, []byte(secret.Value))
			mac.Write([]byte(manifest))
			if !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(v1)) {
				continue
			}
			verdict := provider.Verdict{Judgement: provider.Verified, Secret: secret.ID, Form: form.name + ", " + unit}
			if request == "" {
				verdict.Form += ", no request id"
			}
			if age := d.ReceivedAt.Sub(signed); age > window || age < -window {
				verdict.Judgement = provider.Stale
				verdict.Reason = "signed " + age.Truncate(time.Second).String() + " before it was received"
			}
			return verdict
		}
	}
	return bad("no active secret made this signature")
}

type idForm struct{ id, name string }

// idForms are the ways in which the provider may have signed an id: as it is,
// or in lower case. Its documents and its libraries disagree.
func idForms(id string) []idForm {
	if id == "" {
		return []idForm{{"", "no id"}}
	}
	forms := []idForm{{id, "raw id"}}
	if lower := strings.ToLower(id); lower != id {
		forms = append(forms, idForm{lower, "lower-case id"})
	}
	return forms
}

// pair is a part of the manifest; one without a value is left out whole.
func pair(name, value string) string {
	if value == "" {
		return ""
	}
	return name + ":" + value + ";"
}

func parseSignature(header string) (ts, v1 string) {
	for part := range strings.SplitSeq(header, ",") {
		key, value, _ := strings.Cut(part, "=")
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "ts":
			ts = strings.TrimSpace(value)
		case "v1":
			v1 = strings.TrimSpace(value)
		}
	}
	return ts, v1
}

// signedAt reads ts, which has been seen in seconds and in milliseconds.
func signedAt(ts string) (at time.Time, unit string, ok bool) {
	n, err := strconv.ParseInt(ts, 10, 64)
	if err != nil || !digits(ts) || len(ts) > 15 {
		return time.Time{}, "", false
	}
	if len(ts) <= 11 {
		return time.Unix(n, 0), "seconds", true
	}
	return time.UnixMilli(n), "milliseconds", true
}
