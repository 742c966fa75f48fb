package app

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"posta/text"
)

// veil hides what may be secret or personal in a support bundle. It does not
// look for what to hide: it keeps what is known to be harmless and puts a mark
// in place of all the rest. A mark is the same for the same text within one
// bundle, so that what belongs together can be seen; its key is kept nowhere,
// so that not even a short number can be found by trying.
type veil struct {
	key    []byte
	words  map[string]bool
	known  *regexp.Regexp // texts that are hidden wherever they stand; nil for none
	pieces *regexp.Regexp // takes free text apart
}

// newVeil makes one that also hides known texts, of three characters at least,
// and the words that they are made of.
func newVeil(known []string) *veil {
	v := &veil{key: make([]byte, 32), words: vocabulary()}
	rand.Read(v.key) // never fails
	texts := map[string]bool{}
	for _, k := range known {
		if k = strings.ToLower(strings.TrimSpace(k)); utf8.RuneCountInString(k) < 3 {
			continue
		}
		texts[regexp.QuoteMeta(k)] = true
		for _, part := range someLetters.FindAllString(k, -1) {
			if utf8.RuneCountInString(part) > 3 && !v.words[part] {
				texts[regexp.QuoteMeta(part)] = true
			}
		}
	}
	sorted := slices.SortedFunc(maps.Keys(texts), func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // the longest match first
	pieces := pieceID + `|` + pieceEmail + `|` + pieceRun + `|` + pieceNumber + `|[\pL\pN]+`
	if len(sorted) > 0 {
		names := "(?i:" + strings.Join(sorted, "|") + ")"
		v.known, pieces = regexp.MustCompile(names), names+"|"+pieces
	}
	v.pieces = regexp.MustCompile(pieces)
	return v
}

// What free text is made of, besides words.
const (
	pieceID     = `[a-z]{3}_?[0-9A-HJKMNP-TV-Z]{26}\b`
	pieceEmail  = `[^\s"'<>=,;:()]+@[^\s"'<>=,;:()]+`
	pieceRun    = `[A-Za-z0-9_+/=-]{24,}` // a key, a hash
	pieceNumber = `\d[\d.,/ -]{3,}\d`     // of a person, card or account, however it is written
)

var (
	someLetters = regexp.MustCompile(`\pL+`)
	isID        = regexp.MustCompile(`^[a-z]{3}_?[0-9A-HJKMNP-TV-Z]{26}$`)
	isInstant   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$`)
	isAmount    = regexp.MustCompile(`^-?\d{1,9}(\.\d{1,2})?$`)
	isVersion   = regexp.MustCompile(`^v\d{1,2}$`)
	isWord      = regexp.MustCompile(`^[A-Za-z][A-Za-z_.-]{0,59}$`)
	isField     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,39}$`)
	isLoopback  = regexp.MustCompile(`^127(\.\d{1,3}){3}$`)
)

// machineWords are those of Go's, the databases' and providers' messages and
// addresses that our own English texts do not use.
const machineWords = `dial tcp udp lookup connect connection refused reset peer broken pipe timeout timed out i/o deadline exceeded awaiting headers context canceled cancelled
	EOF unexpected malformed http https get post put delete patch eof x509 tls handshake failure record certificate signed unknown authority expired valid self remote error local
	no such host server misbehaving network unreachable route socket closed use too many open files disk full space left device permission denied readonly locked busy
	store sqlite postgres pgx sql constraint unique foreign check syntax duplicate key relation column table transaction rollback commit deadlock serialize out of memory
	outbound answer over size limit seal unseal does not another row changed account provider inbox payment refund settlement till terminal webhook checkout project thread
	exchange recorded operation create cancel enquiry fetch provision status detail sweep failed retry lease replica event relay listen notify migrate schema
	payments refunds orders merchant merchants preferences users stores pos instore qr seller collectors point integration api devices intents mercadopago terminals transactions settlements reversals
	oauth token tokens authorize me search events notifications hooks operator doctor bundle backup metrics healthz
	pending approved rejected in process mediation refunded charged back authorized accredited cc account money credit debit card regular prepaid digital currency
	opened at finished processed action required by buyer qrcode created updated merchant_order`

// vocabulary are the words that may stand in free text: those of our own
// English catalog, which nobody is called by, and machineWords.
func vocabulary() map[string]bool {
	words := map[string]bool{}
	catalog := text.Must()
	english := catalog.Localizer(text.English)
	for _, key := range catalog.Keys(text.English) {
		for _, w := range someLetters.FindAllString(strings.ToLower(key+" "+english.T(key)), -1) {
			words[w] = true
		}
	}
	for _, w := range strings.Fields(strings.ToLower(machineWords)) {
		words[w] = true
	}
	return words
}

func (v *veil) mark(text string) string {
	if text == "" {
		return ""
	}
	h := hmac.New(sha256.New, v.key)
	h.Write([]byte(text))
	return "[" + hex.EncodeToString(h.Sum(nil)[:4]) + "]"
}

// plain tells whether text is made of words of the vocabulary.
func (v *veil) plain(text string) bool {
	for _, w := range someLetters.FindAllString(strings.ToLower(text), -1) {
		if utf8.RuneCountInString(w) > 2 && !v.words[w] {
			return false
		}
	}
	return !v.names(text)
}

// names tells whether text holds something known.
func (v *veil) names(text string) bool { return v.known != nil && v.known.MatchString(text) }

// text keeps of free text, such as that of an error, our ids, words of the
// vocabulary and short numbers.
func (v *veil) text(s string) string {
	return v.pieces.ReplaceAllStringFunc(s, func(found string) string {
		switch {
		case v.names(found):
		case isID.MatchString(found), isLoopback.MatchString(found), isVersion.MatchString(found), v.words[strings.ToLower(found)]:
			return found
		case !strings.ContainsAny(found, "0123456789") && !strings.Contains(found, "@") && v.plain(found):
			return found
		case digits(found) == len(found) && len(found) < 5:
			return found
		}
		return v.mark(strings.ToLower(found))
	})
}

// ours hides in text of our own making only what is known.
func (v *veil) ours(s string) string {
	if v.known == nil {
		return s
	}
	return v.known.ReplaceAllStringFunc(s, func(found string) string { return v.mark(strings.ToLower(found)) })
}

// name keeps the name of a field, header or parameter.
func (v *veil) name(s string) string {
	if isField.MatchString(s) && digits(s) < 4 && !v.names(s) {
		return s
	}
	return v.mark(s)
}

// plainFields are those of providers' bodies whose values are words of the
// provider's own, times, or sums of money.
var plainFields = map[string]bool{
	"status": true, "status_detail": true, "type": true, "action": true, "topic": true, "state": true, "order_status": true, "code": true,
	"payment_type_id": true, "payment_method_id": true, "operation_type": true, "processing_mode": true, "currency_id": true, "currency": true, "error": true,
	"date_created": true, "date_approved": true, "date_last_updated": true, "last_updated": true, "last_updated_date": true, "created_date": true, "date_closed": true,
	"expiration_date": true, "money_release_date": true,
	"amount": true, "transaction_amount": true, "total_amount": true, "total_paid_amount": true, "paid_amount": true, "refunded_amount": true, "installments": true, "quantity": true,
	"unit_price": true, "version": true,
}

// body hides what a body may hold, and keeps its form.
func (v *veil) body(b []byte, contentType string) any {
	if len(b) == 0 {
		return nil
	}
	if strings.HasPrefix(strings.ToLower(contentType), "application/x-www-form-urlencoded") {
		return v.query(string(b))
	}
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.UseNumber()
	var tree any
	if decoder.Decode(&tree) != nil {
		return map[string]any{"bytes": len(b), "not_json": true}
	}
	return v.tree("", tree)
}

func (v *veil) tree(of string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(value))
		for k, inner := range value {
			out[v.name(k)] = v.tree(k, inner)
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, inner := range value {
			out[i] = v.tree(of, inner)
		}
		return out
	case string:
		if isID.MatchString(value) || plainFields[of] && (isInstant.MatchString(value) || isAmount.MatchString(value) || isWord.MatchString(value) && v.plain(value)) {
			return value
		}
		return v.mark(value)
	case json.Number:
		if plainFields[of] && digits(value.String()) < 12 {
			return value
		}
		return v.mark(value.String())
	}
	return value // true, false, null
}

func digits(s string) (n int) {
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return n
}

// query keeps the names of a query or form.
func (v *veil) query(raw string) map[string]any {
	values, _ := url.ParseQuery(raw) // what can be read of it
	out := map[string]any{}
	for name, list := range values {
		for _, value := range list {
			out[v.name(name)] = v.tree(name, value)
		}
	}
	return out
}

// plainHeaders are those whose values say nothing of anybody.
var plainHeaders = map[string]bool{"Content-Type": true, "Content-Length": true, "Date": true, "Retry-After": true, "Content-Encoding": true, "Cache-Control": true, "Connection": true}

func (v *veil) header(h http.Header) map[string][]string {
	out := map[string][]string{}
	for name, values := range h {
		for _, value := range values {
			if !plainHeaders[name] {
				value = v.mark(value)
			}
			out[v.name(name)] = append(out[v.name(name)], value)
		}
	}
	return out
}

// url keeps the host and the words of a path.
func (v *veil) url(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return v.mark(raw)
	}
	parts := strings.Split(u.Path, "/")
	for i, p := range parts {
		if p != "" && !isVersion.MatchString(p) && !isID.MatchString(p) && (!isWord.MatchString(p) || !v.plain(p)) {
			parts[i] = v.mark(p)
		}
	}
	out := u.Scheme + "://" + u.Host + strings.Join(parts, "/")
	if q := v.query(u.RawQuery); len(q) > 0 {
		var pairs []string
		for name, value := range q {
			text, _ := value.(string)
			pairs = append(pairs, name+"="+text)
		}
		slices.Sort(pairs)
		out += "?" + strings.Join(pairs, "&")
	}
	return out
}
