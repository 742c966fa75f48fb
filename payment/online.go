package payment

import (
	"net/mail"
	"slices"
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
	p.Add(len(asked.Token) > 100, "online.token", "too_long")
	p.Add(len(asked.Return) > 600, "online.return", "too_long")
	p.Add(asked.Binary && asked.Challenge, "online.challenge", "not_with_binary")
	end := asked.VoucherTo
	p.Add(!end.IsZero() && (!end.After(now) || end.After(now.Add(longestVoucher))), "online.voucher_to", "out_of_range")
	needs := []posta.BuyerField(nil)
	if asked.Flow == provider.FlowDirect {
		needs = in.checkMethod(&p, country, now)
	} else {
		p.Add(asked.Method != "", "online.method", "not_with_flow")
		p.Add(asked.Token != "", "online.token", "not_with_flow")
		p.Add(asked.Authorize, "online.authorize", "not_with_flow")
		p.Add(asked.Challenge, "online.challenge", "not_with_flow")
	}
	in.checkBuyer(&p, country, needs)
	return p.Err()
}

// longestVoucher is how long any voucher can be paid, §2.3.
const longestVoucher = 30 * 24 * time.Hour

// checkMethod holds the charge to its method, and gives what that asks of the buyer.
func (in *Input) checkMethod(p *posta.Problems, country string, now time.Time) []posta.BuyerField {
	asked := in.Online
	if asked.Method == "" {
		p.Add(true, "online.method", "required")
		return nil
	}
	method, err := posta.FindMethod(country, asked.Method)
	if err != nil {
		p.Add(true, "online.method", "not_of_country")
		return nil
	}
	if method.Type == posta.AccountMoney || method.Type == posta.DigitalCurrency {
		p.Add(true, "online.method", "not_with_flow") // the buyer logs in at the provider
		return nil
	}
	card := method.Type.Card()
	p.Add(card && asked.Token == "", "online.token", "required")
	p.Add(!card && asked.Token != "", "online.token", "not_with_method")
	p.Add(!card && asked.Installments > 1, "online.installments", "not_with_method")
	p.Add(!method.DeferredCapture && asked.Authorize, "online.authorize", "not_with_method")
	p.Add(!card && asked.Challenge, "online.challenge", "not_with_method")
	wrong := method.CheckAmount(in.Amount)
	p.Add(wrong != "" && wrong != posta.AmountCurrency, "amount", wrong)
	p.Add(slices.Contains(method.Needs, posta.BuyerBank) && asked.Bank == "", "online.bank", "required")
	p.Add(method.Next == posta.NextRedirect && asked.Return == "", "online.return", "required")
	if end := asked.VoucherTo; !end.IsZero() {
		p.Add(method.Validity.Longest == 0, "online.voucher_to", "not_with_method")
		p.Add(method.Validity.Longest > 0 && end.Before(now.Add(method.Validity.Shortest)), "online.voucher_to", "out_of_range")
	}
	return method.Needs
}

// checkBuyer holds the buyer to what the method needs; whatever is given must be
// well formed. On a card's page the holder's name is in the token.
func (in *Input) checkBuyer(p *posta.Problems, country string, needs []posta.BuyerField) {
	b := &in.Online.Buyer
	b.Email, b.FirstName, b.LastName = strings.TrimSpace(b.Email), strings.TrimSpace(b.FirstName), strings.TrimSpace(b.LastName)
	need := func(f posta.BuyerField) bool { return slices.Contains(needs, f) }
	missing := func(f posta.BuyerField, field, text string) {
		p.Add(need(f) && text == "", "online.buyer."+field, "required")
	}
	address, err := mail.ParseAddress(b.Email)
	p.Add(b.Email != "" && (err != nil || address.Address != b.Email || len(b.Email) > 254), "online.buyer.email", "malformed")
	missing(posta.BuyerEmail, "email", b.Email)
	missing(posta.BuyerName, "first_name", b.FirstName)
	missing(posta.BuyerName, "last_name", b.LastName)
	p.Add(utf8.RuneCountInString(b.FirstName) > 100, "online.buyer.first_name", "too_long")
	p.Add(utf8.RuneCountInString(b.LastName) > 100, "online.buyer.last_name", "too_long")
	missing(posta.BuyerEntityType, "entity", string(b.Entity))
	p.Add(b.Entity != "" && b.Entity != provider.EntityPerson && b.Entity != provider.EntityCompany, "online.buyer.entity", "unknown")
	missing(posta.BuyerPhone, "phone", b.Phone.Number)
	missing(posta.BuyerAddress, "address", b.Address.ZipCode+b.Address.Street)
	p.Add(need(posta.BuyerBank) && b.IP == "", "online.buyer.ip", "required") // §2.3, of PSE
	if b.Identification == (provider.Identification{}) {
		p.Add(need(posta.BuyerIdentification), "online.buyer.identification", "required")
		return
	}
	number, wrong := posta.CheckIdentification(country, b.Identification.Type, b.Identification.Number)
	p.Add(wrong != "", "online.buyer.identification", wrong)
	if wrong == "" {
		b.Identification.Number = number
	}
}
