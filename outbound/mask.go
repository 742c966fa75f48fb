package outbound

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// keptBody is how much of a body a Call keeps, in bytes.
const keptBody = 256 << 10

const masked = "***"

// secretNames are the fields of bodies, forms and queries that are masked, in
// lower case without _ and -: keys, and what tells of a card or who holds it.
var secretNames = map[string]bool{
	"accesstoken": true, "refreshtoken": true, "idtoken": true, "token": true, "cardtoken": true, "cardtokenid": true, "cardtokenidsecondary": true, "publictoken": true,
	"clientsecret": true, "secret": true, "webhooksecret": true, "secretkey": true, "privatekey": true, "apikey": true,
	"clientassertion": true, "codeverifier": true, "password": true, "authorization": true, "signature": true,
	"cardnumber": true, "pan": true, "securitycode": true, "cvv": true, "cvc": true, "cvv2": true,
	"track1": true, "track2": true, "pin": true, "pinblock": true, "bin": true,
	"cardholder": true, "cardholderid": true, // a person and the number of a document
	// Who buys online: what names, reaches or places a person.
	"email": true, "payeremail": true, "firstname": true, "lastname": true, "surname": true, "identificationnumber": true,
	"ipaddress": true, "creq": true,
}

// people are the fields that hold a person. Of what is in one, at any depth, only
// what says nothing of who it is stays: quality and homologation read that
// something was there, not what.
var people = map[string]bool{"payer": true, "passenger": true, "receiveraddress": true, "identification": true, "phone": true,
	"customer": true}

// impersonal are the fields of a person that stay.
var impersonal = map[string]bool{"type": true, "id": true, "entitytype": true, "identificationtype": true, "authenticationtype": true, "isprimeuser": true,
	"isfirstpurchaseonline": true, "registrationdate": true, "lastpurchase": true, "datecreated": true, "countryname": true, "countryid": true,
	"operatorid": true}

// secretWords make a header secret when its name holds one.
var secretWords = []string{"authorization", "cookie", "signature", "token", "secret", "apikey", "api-key", "password", "meli-session"}

var withoutDashes = strings.NewReplacer("_", "", "-", "")

func secretName(name string) bool {
	if len(name) > 40 {
		return false
	}
	return secretNames[withoutDashes.Replace(strings.ToLower(name))]
}

func personName(name string) bool {
	return len(name) <= 40 && people[withoutDashes.Replace(strings.ToLower(name))]
}

func impersonalName(name string) bool {
	return len(name) <= 40 && impersonal[withoutDashes.Replace(strings.ToLower(name))]
}

// mask hides secrets: by the names of what holds them, and the credential of
// the request itself wherever it turns up.
type mask struct{ credentials []string }

func newMask(request http.Header) mask {
	var m mask
	for name, values := range request {
		if !secretHeader(name) {
			continue
		}
		for _, v := range values {
			if _, credential, ok := strings.Cut(v, " "); ok {
				v = credential
			}
			if len(v) >= 8 {
				m.credentials = append(m.credentials, v)
			}
		}
	}
	return m
}

func secretHeader(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(name, word) })
}

// header copies h with the values of secret headers masked; the scheme of an
// Authorization stays.
func (m mask) header(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		for _, v := range values {
			if !secretHeader(name) {
				v = m.text(v)
			} else if scheme, _, ok := strings.Cut(v, " "); ok && strings.EqualFold(name, "Authorization") {
				v = scheme + " " + masked
			} else {
				v = masked
			}
			out[name] = append(out[name], v)
		}
	}
	return out
}

// url writes u with secret parameters and a password masked.
func (m mask) url(u *url.URL) string {
	c := *u
	c.RawQuery = form(u.RawQuery)
	return m.text(c.Redacted())
}

func (m mask) text(s string) string {
	for _, c := range m.credentials {
		s = strings.ReplaceAll(s, c, masked)
	}
	return s
}

// body is what a Call keeps of a body: as it is, but for secrets, up to keptBody.
func (m mask) body(b []byte, contentType string) []byte {
	if len(b) == 0 {
		return nil
	}
	if strings.HasPrefix(strings.ToLower(contentType), "application/x-www-form-urlencoded") {
		b = []byte(form(string(b)))
	} else {
		b = fields(b)
	}
	for _, c := range m.credentials {
		b = bytes.ReplaceAll(b, []byte(c), []byte(masked))
	}
	return slices.Clone(b[:min(len(b), keptBody)])
}

// form masks the values of secret names in a query or form, and touches
// nothing else.
func form(raw string) string {
	pairs := strings.Split(raw, "&")
	for i, pair := range pairs {
		name, _, ok := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		if ok && (err != nil || secretName(plain)) {
			pairs[i] = name + "=" + masked
		}
	}
	return strings.Join(pairs, "&")
}

// fields masks the values of secret names in JSON text, and what a person's field
// holds, and touches nothing else. It reads what it can of text that is cut off or
// not quite JSON.
func fields(b []byte) []byte {
	var out []byte
	kept := 0   // up to where b is in out
	person := 0 // up to where b speaks of a person
	for i := 0; i < len(b); {
		if b[i] != '"' {
			i++
			continue
		}
		end := stringEnd(b, i)
		name := strings.Trim(string(b[i:end]), `"`)
		i = end
		colon := skipSpace(b, end)
		if colon >= len(b) || b[colon] != ':' {
			continue
		}
		from := skipSpace(b, colon+1)
		nested := from < len(b) && (b[from] == '{' || b[from] == '[')
		hidden := secretName(name)
		switch {
		case hidden:
		case nested:
			if personName(name) {
				person = max(person, valueEnd(b, from))
			}
			continue
		default:
			hidden = from < person && !impersonalName(name)
		}
		if !hidden {
			continue
		}
		to := valueEnd(b, from)
		if string(b[from:to]) != "null" && to > from {
			out = append(append(out, b[kept:from]...), '"')
			out = append(append(out, masked...), '"')
			kept = to
		}
		i = to
	}
	if kept == 0 {
		return b
	}
	return append(out, b[kept:]...)
}

// stringEnd is the index after the string that starts at i.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}

// valueEnd is the index after the value that starts at i, whatever it holds.
func valueEnd(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i = stringEnd(b, i)
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
			if depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return len(b)
}
