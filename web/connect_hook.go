package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"posta"
	"posta/account"
	"posta/inbox"
	"posta/provider"
)

// hookData is what the page of a connection's webhook shows.
type hookData struct {
	Sent       sent
	Connection account.Connection
	Title      string // of the provider
	Hook       string
	Local      bool   // an address that a provider in the internet cannot reach
	Panel      string // the simulator's, in a demo
	Secret     account.FieldView
	Test       noticeTest
	Live       string // address of the event stream
}

// noticeTest is how the first notices of a connection fare.
type noticeTest struct {
	Since   time.Time // zero while nobody waits
	Arrived bool
	Notice  inbox.Notification
	Verdict string // good, secret, unsigned, feed, stale, reading
}

// hookConnection is a connection whose provider sends notices.
func (v *visit) hookConnection() (account.Connection, provider.Description, error) {
	c, err := v.connection()
	if err != nil {
		return c, provider.Description{}, err
	}
	d, err := v.s.Accounts.Provider(c.Provider)
	if err == nil && !online(d) {
		err = &posta.Error{Code: posta.CodeNotFound}
	}
	return c, d, err
}

func hookAddress(c account.Connection) string { return "/connections/" + string(c.ID) + "/webhook" }

func (s *server) hookPage(v *visit, back sent) error {
	c, d, err := v.hookConnection()
	if err != nil {
		return err
	}
	public := s.PublicURL()
	data := hookData{Sent: back, Connection: c, Title: d.Title, Hook: public + "/hooks/" + string(c.ID), Local: !strings.HasPrefix(public, "https://")}
	if s.Demo != nil {
		data.Panel = s.Demo.PhoneURL + "/sim/panel"
	}
	views, err := s.Accounts.View(c)
	if err != nil {
		return err
	}
	for _, f := range views {
		if f.Name == "webhook_secret" {
			data.Secret = f
		}
	}
	if data.Test, err = s.noticeTest(v, c, data.Secret.Set); err != nil {
		return err
	}
	data.Live = hookAddress(c) + "/events?" + url.Values{"since": {v.r.FormValue("since")}, "seen": {data.Test.seen()}}.Encode()
	return v.renderAs(back.answered(), "connect-webhook", data)
}

// noticeTest looks at the latest notice since somebody began to wait.
func (s *server) noticeTest(v *visit, c account.Connection, hasSecret bool) (t noticeTest, err error) {
	if ms, err := strconv.ParseInt(v.r.FormValue("since"), 10, 64); err == nil && ms > 0 {
		t.Since = time.UnixMilli(ms).UTC()
	}
	list, err := s.Inbox.List(v.ctx(), inbox.Filter{MerchantID: c.MerchantID, Mode: c.Mode, ConnectionID: c.ID, From: t.Since, Page: posta.Page{Limit: 1}})
	if err != nil || len(list) == 0 {
		return t, err
	}
	t.Arrived, t.Notice = true, list[0]
	switch {
	case t.Notice.Notice.Channel == "feed":
		t.Verdict = "feed"
	case t.Notice.Verdict.Judgement == provider.Verified:
		t.Verdict = "good"
	case t.Notice.Verdict.Judgement == provider.Stale:
		t.Verdict = "stale"
	case t.Notice.Verdict.Judgement == provider.BadSignature:
		t.Verdict = "secret"
	case t.Notice.Verdict.Judgement == "":
		t.Verdict = "reading"
	case !hasSecret:
		t.Verdict = "unsigned"
	default:
		t.Verdict = "feed"
	}
	return t, nil
}

// seen tells whether the page shows the latest.
func (t noticeTest) seen() string {
	if !t.Arrived {
		return "none"
	}
	return string(t.Notice.ID) + "-" + string(t.Notice.Verdict.Judgement)
}

// awaitNotice begins to wait for a notice: what came before does not count.
func (s *server) awaitNotice(v *visit) error {
	c, _, err := v.hookConnection()
	if err != nil {
		return err
	}
	return v.redirect(hookAddress(c) + "?since=" + strconv.FormatInt(s.Clock.Now().UnixMilli(), 10) + "#test")
}

// hookEvents tells the page that waits of each change.
func (s *server) hookEvents(v *visit) error {
	c, _, err := v.hookConnection()
	if err != nil {
		return err
	}
	return v.stream(func(posta.Event) bool { return false }, func() (string, error) {
		t, err := s.noticeTest(v, c, true)
		return t.seen(), err
	})
}

// saveHookSecret keeps the key that signs notices.
func (s *server) saveHookSecret(v *visit) error {
	c, _, err := v.hookConnection()
	if err != nil {
		return err
	}
	secret := strings.TrimSpace(v.r.PostFormValue("webhook_secret"))
	if secret == "" {
		err = posta.Invalid("config.webhook_secret", "required")
	} else {
		_, err = s.Accounts.UpdateConnection(v.ctx(), account.ConnectionInput{ID: c.ID, MerchantID: c.MerchantID, Name: c.Name, RefundLate: c.RefundLate,
			Fields: map[string]string{"webhook_secret": secret}})
	}
	if posta.ErrorCode(err) == posta.CodeInvalid {
		back := v.refused("secret", err)
		back.Values, back.Problem.Code = url.Values{}, posta.CodeInvalid // a secret never goes back into the page
		return s.hookPage(v, back)
	}
	if err != nil {
		return err
	}
	v.flash("ok", v.T("connect.hook.secret.saved"), "")
	return v.redirect(hookAddress(c))
}
