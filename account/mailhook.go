package account

import (
	"crypto/hmac"
	"encoding/hex"
	"strings"

	"posta"
)

// mailMark is how many bytes of a merchant's mark are in its mail secret.
const mailMark = 20

// MailSecret is what names a merchant in the address that its mail comes in at,
// /hooks/mail/SECRET: its id and a mark that only this hub's sealing key makes. It
// is the same for as long as the key is.
func (s *Service) MailSecret(m posta.MerchantID) string {
	ulid := strings.ToLower(strings.TrimPrefix(string(m), m.Prefix()+"_"))
	return ulid + hex.EncodeToString(s.Box.Mark([]byte("posta inbound mail\n" + string(m)))[:mailMark])
}

// MailMerchant is whose mail secret a text is. Errors: not_found.
func (s *Service) MailMerchant(secret string) (posta.MerchantID, error) {
	const ulid = 26
	if len(secret) == ulid+2*mailMark {
		m := posta.IDFrom[posta.MerchantID](strings.ToUpper(secret[:ulid]))
		if hmac.Equal([]byte(secret), []byte(s.MailSecret(m))) {
			return m, nil
		}
	}
	return "", &posta.Error{Code: posta.CodeNotFound}
}
