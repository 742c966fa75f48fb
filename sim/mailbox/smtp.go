package mailbox

import (
	"errors"
	"io"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"posta/sim/fault"
)

// session is one connection.
type session struct {
	sim   *Simulator
	conn  *smtp.Conn
	known bool // logged in
	from  string
	to    []string
}

var _ smtp.AuthSession = (*session)(nil)

// AuthMechanisms offers log-in where a user is set.
func (c *session) AuthMechanisms() []string {
	if c.sim.cfg.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth checks user and password.
func (c *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != c.sim.cfg.User || password != c.sim.cfg.Password {
			return smtp.ErrAuthFailed
		}
		c.known = true
		return nil
	}), nil
}

// Mail begins a mail.
func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	if c.sim.cfg.User != "" && !c.known {
		return smtp.ErrAuthRequired
	}
	c.from, c.to = from, nil
	return nil
}

// Rcpt takes a recipient, or refuses it as the script says.
func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	d := c.sim.fault.Decide(fault.Call{Operation: "rcpt", Path: to})
	if err := c.suffer(d); err != nil {
		return err
	}
	if d.Status != 0 {
		return refusal(d.Status, to)
	}
	c.to = append(c.to, to)
	return nil
}

// Data takes the mail: it is on disk before it is accepted.
func (c *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	d := c.sim.fault.Decide(fault.Call{Operation: "data", Path: c.from})
	if err := c.suffer(d); err != nil {
		return err
	}
	if d.Status != 0 {
		return refusal(d.Status, "")
	}
	if err := c.sim.accept(c.from, c.to, raw); err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "The message breaks the rules: " + err.Error()}
	}
	fault.Pause(c.sim.closing, d.DelayAfter)
	if d.CutAfter {
		return c.cut()
	}
	if d.StatusAfter != 0 {
		return refusal(d.StatusAfter, "")
	}
	return nil
}

// suffer does what befalls a command before its work.
func (c *session) suffer(d fault.Decision) error {
	if !fault.Pause(c.sim.closing, d.Delay) || d.CutBefore {
		return c.cut()
	}
	return nil
}

// cut ends the connection without an answer.
func (c *session) cut() error {
	_ = c.conn.Conn().SetDeadline(time.Unix(1, 0))
	_ = c.conn.Conn().Close()
	return errors.New("cut")
}

func refusal(status int, address string) error {
	e := &smtp.SMTPError{Code: status, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "<" + address + ">: no such mailbox here"}
	switch {
	case status < 500:
		e.EnhancedCode, e.Message = smtp.EnhancedCode{4, 2, 1}, "Try again later"
	case address == "":
		e.EnhancedCode, e.Message = smtp.EnhancedCode{5, 7, 1}, "The message is not wanted here"
	}
	return e
}

// Reset forgets the mail that was begun.
func (c *session) Reset() { c.from, c.to = "", nil }

// Logout ends the session.
func (c *session) Logout() error { return nil }
