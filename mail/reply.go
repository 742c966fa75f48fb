package mail

import "strings"

// ReplyAddress puts a token into an address (RFC 5233): desk@posta.example and
// k3v9 make desk+k3v9@posta.example. The caller makes the token, of lower-case
// letters and digits: mail servers on the way may change the case.
func ReplyAddress(base, token string) string {
	local, domain, _ := strings.Cut(base, "@")
	return local + "+" + token + "@" + domain
}

// TokenOf finds the token of the first address that ReplyAddress made of base;
// false when there is none.
func TokenOf(addresses []Address, base string) (token string, ok bool) {
	local, domain, _ := strings.Cut(strings.ToLower(base), "@")
	for _, a := range addresses {
		name, host, _ := strings.Cut(strings.ToLower(a.Email), "@")
		if token, found := strings.CutPrefix(name, local+"+"); found && host == domain && token != "" {
			return token, true
		}
	}
	return "", false
}
