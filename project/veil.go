package project

import (
	"regexp"
	"strings"
)

// Events stay for ever and go to programs too: addresses, phones and tax numbers
// are in them only as far as one tells them apart.

// veilEmail keeps the first letter and the domain of an address.
func veilEmail(email string) string {
	name, domain, found := strings.Cut(email, "@")
	if !found || name == "" {
		return ""
	}
	return string([]rune(name)[:1]) + "…@" + domain
}

// veilNumber keeps the last three characters of a phone or a tax number.
func veilNumber(number string) string {
	r := []rune(number)
	if len(r) <= 3 {
		return number
	}
	return "…" + string(r[len(r)-3:])
}

// veiled is a contact as events tell of it.
func (c Contact) veiled() Contact {
	c.Email, c.Phone = veilEmail(c.Email), veilNumber(c.Phone)
	return c
}

// veiled is a client as events tell of it.
func (c Client) veiled() Client {
	c.TaxID = veilNumber(c.TaxID)
	return c
}

var emailInText = regexp.MustCompile(`[^\s<>"'(),;:]+@[^\s<>"'(),;:]+`)

// veilText veils the addresses in a mail server's words.
func veilText(text string) string { return emailInText.ReplaceAllStringFunc(text, veilEmail) }

func veilEmails(list []string) (out []string) {
	for _, email := range list {
		out = append(out, veilEmail(email))
	}
	return out
}
