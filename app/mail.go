package app

import (
	"errors"

	"posta"
	"posta/mail"
)

// mailSender sends by the configured server; nil without one. Errors: invalid
// for a server's address or a sender's that cannot be.
func (c Config) mailSender() (*mail.Sender, error) {
	if c.SMTP == "" {
		return nil, nil
	}
	if !mail.ValidEmail(c.MailFrom) {
		e := posta.Invalid("mail_from", "email")
		e.Cause = errors.New("with a mail server, --mail-from says the address that mail is from, such as desk@pagos.example")
		return nil, e
	}
	return mail.NewSender(mail.Config{URL: c.SMTP, Clock: c.Clock})
}
