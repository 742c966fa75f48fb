package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// rawPart is one piece of raw material: headers, a body.
type rawPart struct{ Title, Text string }

// What outbound records is masked already. Raw material is masked once more
// where it is shown, since notifications are kept as they came and pages are
// photographed for support.
var (
	secretHeader = regexp.MustCompile(`(?i)authorization|cookie|signature|token|secret|api-?key|password`)
	secretField  = regexp.MustCompile(`(?i)("(?:[a-z]+[_-]?)*(?:token|secret|password|authorization|signature|security_?code|cvv2?|cvc|card_?number|pan|pin|private_?key|api_?key)"\s*:\s*)("(?:[^"\\]|\\.)*"?|-?[0-9][0-9.eE+-]*)`)
	secretPair   = regexp.MustCompile(`(?i)((?:^|[?&])(?:[a-z]+[_-]?)*(?:token|secret|password|signature|api_?key)=)[^&#\s]*`)
	digest       = regexp.MustCompile(`\b(v\d+=[0-9a-f]{6})[0-9a-f]+`)
)

const hidden = "***"

// hideForm masks secret parameters of an address or query.
func hideForm(text string) string { return secretPair.ReplaceAllString(text, "${1}"+hidden) }

// headerText writes headers, one a line, secrets masked. A signature shows its
// time and its beginning, to be compared.
func headerText(h http.Header) string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			switch {
			case !secretHeader.MatchString(name):
			case digest.MatchString(value):
				value = digest.ReplaceAllString(value, "${1}…")
			default:
				scheme, _, two := strings.Cut(value, " ")
				if value = hidden; two && strings.EqualFold(name, "Authorization") {
					value = scheme + " " + hidden
				}
			}
			fmt.Fprintf(&out, "%s: %s\n", name, value)
		}
	}
	return strings.TrimSpace(out.String())
}

// bodyText writes a body: JSON indented, other text as it is, secrets masked.
func bodyText(body []byte) string {
	if len(body) == 0 {
		return ""
	}
	if !utf8.Valid(body) {
		return fmt.Sprintf("%d bytes: %.120x", len(body), body)
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, body, "", "  ") == nil {
		body = pretty.Bytes()
	}
	text := secretField.ReplaceAllString(string(body), `${1}"`+hidden+`"`)
	return secretPair.ReplaceAllString(text, "${1}"+hidden)
}
