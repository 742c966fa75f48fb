package payment

import (
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"posta"
	"posta/provider"
)

// OnlineView is what was asked online, as the API and events show it: without
// the buyer's personal data.
type OnlineView struct {
	Flow         provider.Flow  `json:"flow" enum:"redirect,direct"`
	Method       string         `json:"method,omitempty"`
	Installments int            `json:"installments,omitempty"`
	Authorize    bool           `json:"authorize,omitempty" doc:"the money is only reserved, to be captured"`
	Next         *provider.Next `json:"next,omitempty" doc:"what the buyer does next, while it can be paid"`
}

func (p Payment) onlineView() *OnlineView {
	if p.Online == nil {
		return nil
	}
	v := OnlineView{Flow: p.Online.Flow, Method: p.Online.Method, Installments: p.Online.Installments, Authorize: p.Online.Authorize}
	if p.State.Open() && p.Next != (provider.Next{}) {
		v.Next = &p.Next
	}
	return &v
}

// forgetToken drops a card's token once its charge was answered: it is used up.
func (p *Payment) forgetToken() {
	if p.Online == nil || p.Online.Token == "" || p.State == Created || p.State == Unknown {
		return
	}
	asked := *p.Online
	asked.Token = ""
	p.Online = &asked
}

// CardTypes are the types of methods that a token pays.
var CardTypes = []string{provider.TypeCredit, provider.TypeDebit, provider.TypePrepaid}

// checkOnline holds what is asked online to the rules of the account's country
// and of the method: docs/providers/mercadopago-online.md §2 and §4. It writes
// the buyer's identification without dots and dashes. Errors: invalid with
// fields online.NAME, online.buyer.NAME and amount.
func (in *Input) checkOnline(country string, now time.Time) error {
	asked := *in.Online // the caller's stays as it is
	in.Online = &asked
	var p posta.Problems
	p.Add(asked.Flow != provider.FlowRedirect && asked.Flow != provider.FlowDirect, "online.flow", "unknown")
	p.Add(asked.Installments < 0 || asked.Installments > 36, "online.installments", "out_of_range")
	p.Add(utf8.RuneCountInString(asked.Descriptor) > 13, "online.descriptor", "too_long")
	p.Add(asked.Binary && asked.Challenge, "online.challenge", "not_with_binary")
	if asked.Flow == provider.FlowRedirect {
		p.Add(asked.Method != "", "online.method", "not_with_flow")
		p.Add(asked.Token != "", "online.token", "not_with_flow")
		p.Add(asked.Authorize, "online.authorize", "not_with_flow")
	} else {
		in.checkMethod(&p, country, now)
	}
	in.checkBuyer(&p, country)
	return p.Err()
}

func (in *Input) checkMethod(p *posta.Problems, country string, now time.Time) {
	asked := in.Online
	if asked.Method == "" {
		p.Add(true, "online.method", "required")
		return
	}
	_ = now
}

// checkBuyer asks for who pays: with e-mail, first and last name and, where the
// country has one, the tax number the provider processes a payment well.
func (in *Input) checkBuyer(p *posta.Problems, country string) {
	b := &in.Online.Buyer
	b.Email, b.FirstName, b.LastName = strings.TrimSpace(b.Email), strings.TrimSpace(b.FirstName), strings.TrimSpace(b.LastName)
	direct := in.Online.Flow == provider.FlowDirect
	address, err := mail.ParseAddress(b.Email)
	p.Add(direct && b.Email == "", "online.buyer.email", "required")
	p.Add(b.Email != "" && (err != nil || address.Address != b.Email || len(b.Email) > 254), "online.buyer.email", "malformed")
	for _, name := range []struct{ field, text string }{{"first_name", b.FirstName}, {"last_name", b.LastName}} {
		p.Add(direct && name.text == "" && in.Online.Token == "", "online.buyer."+name.field, "required")
		p.Add(utf8.RuneCountInString(name.text) > 100, "online.buyer."+name.field, "too_long")
	}
}
