package web

import (
	"errors"
	"net/http"
	"strconv"

	"posta"
	"posta/checkout"
	"posta/provider"
)

// payData is what a session's page shows while it can be paid.
type payData struct {
	*purchase
	Form     buyerForm
	Tiles    []tile
	Chosen   string // the value of a tile
	Banks    []provider.Choice
	Bank     string
	Declined string            // key of the words on the try before, "" for none
	Problem  problem           // what went wrong now
	NoOffer  bool              // the provider did not say what it offers
	Amount   string            // an open amount as it was typed
	Wrong    map[string]string // of the amount and the method
}

// Only is the value of the only way to pay, "" where there is a choice.
func (d payData) Only() string {
	if len(d.Tiles) == 1 && d.Tiles[0].Off == "" {
		return d.Tiles[0].Value
	}
	return ""
}

// Choices are how many a buyer may take, nil where that is not chosen.
func (d payData) Choices() []int64 {
	if d.Session.MaxQuantity <= 1 || d.Session.MaxQuantity > 100 {
		return nil
	}
	var out []int64
	for n := int64(1); n <= d.Session.MaxQuantity; n++ {
		out = append(out, n)
	}
	return out
}

// buyPage shows how a session stands: what is sold and how to pay it, what the
// buyer does next, or that it is paid. The address says nothing of that.
func (s *server) buyPage(p *purchase) error {
	if p.closed() {
		return p.showClosed()
	}
	if stage := p.stage(); stage != atForm {
		return p.showStage(stage)
	}
	return p.showForm(http.StatusOK, payData{Form: newBuyerForm(p.Session.Country, p.Session.Buyer)})
}

// closed reports whether nothing can be bought here any more.
func (p *purchase) closed() bool {
	return (p.Session.State == checkout.Expired || p.Session.State == checkout.Canceled || p.Session.State == checkout.Open && !p.s.Clock.Now().Before(p.Session.ExpiresAt)) &&
		(p.Payment == nil || !p.Payment.State.Open() && !p.Payment.State.Moneyed())
}

func (p *purchase) showClosed() error {
	code := posta.CodeSessionExpired
	if p.Session.State == checkout.Canceled {
		code = "session_canceled"
	}
	return p.renderAs(http.StatusGone, "buy-closed", closedData{Code: code, Title: p.Session.Title, Back: p.Session.CancelURL})
}

// showForm shows what is sold, who buys and how to pay.
func (p *purchase) showForm(status int, data payData) error {
	data.purchase = p
	data.Form.Phone, data.Form.Address = p.Session.Terms.CollectPhone, p.Session.Terms.CollectAddress
	if p.Session.Amount.Amount > 0 {
		var err error
		if data.Tiles, err = p.tiles(); err != nil {
			data.NoOffer = true
			p.s.Log.WarnContext(p.ctx(), "checkout's methods not told", "session", p.Session.ID, "error", err)
		}
		for _, t := range data.Tiles {
			data.Banks = append(data.Banks, t.Banks...)
		}
	}
	if p.Payment != nil && !p.Payment.State.Open() && !p.Payment.State.Moneyed() && p.Payment.CancelAt.IsZero() { // one that was taken back is no news
		data.Declined = p.reason()
	}
	p.allowPicture(p.Session.PictureURL)
	return p.renderAs(status, "buy", data)
}

// buyPay pays, or leads to where cards are typed.
func (s *server) buyPay(p *purchase) error {
	typed, err := p.readBuyer(p.Session.Country)
	data := payData{Form: newBuyerForm(p.Session.Country, typed), Chosen: p.value("method"), Bank: p.value("bank")}
	if err != nil {
		data.Form = newBuyerForm(p.Session.Country, p.Session.Buyer) // nothing of such a form is shown again
		return p.payRefused(data, err)
	}
	in := checkout.PayInput{Session: p.Session.ID, Tries: wholeNumber(p.value("tries")), Amount: int64(wholeNumber(p.value("amount"))), Buyer: typed}
	if p.Session.Terms.CollectAddress && (p.Session.Shipment == nil || !p.Session.Shipment.Pickup) {
		in.Shipment = &provider.Shipment{Receiver: typed.Address}
	}
	switch data.Chosen {
	case "":
		return p.payRefused(data, chooseFirst(p.keep(in)))
	case payByCard:
		return p.toCard(data, in)
	case payByRedirect:
		in.Flow = provider.FlowRedirect
	default:
		in.Flow, in.Method, in.Bank = provider.FlowDirect, data.Chosen, data.Bank
	}
	if _, err := s.Checkout.Pay(p.ctx(), in); err != nil {
		return p.payRefused(data, err)
	}
	return p.redirect(p.URL() + "?go=1")
}

// toCard keeps who buys and leads to the route of the card fields.
func (p *purchase) toCard(data payData, in checkout.PayInput) error {
	if err := p.keep(in); err != nil {
		return p.payRefused(data, err)
	}
	return p.redirect(p.URL() + "/card")
}

// keep stores who buys. The error is invalid where something is wrong or missing.
func (p *purchase) keep(in checkout.PayInput) error {
	session, err := p.s.Checkout.SetBuyer(p.ctx(), p.Session.ID, in.Buyer, in.Shipment)
	if err != nil {
		return err
	}
	p.Session = session
	return p.missing()
}

// chooseFirst says that no way to pay was chosen, with what else is wrong.
func chooseFirst(err error) error {
	var e *posta.Error
	if err != nil && (!errors.As(err, &e) || e.Code != posta.CodeInvalid) {
		return err
	}
	var wrong posta.Problems
	wrong.Add(true, "method", "choose")
	if e != nil {
		wrong = append(wrong, e.Fields...)
	}
	return wrong.Err()
}

// payRefused says why a session was not paid: where it goes on by itself that is
// shown, otherwise the form as it was typed.
func (p *purchase) payRefused(data payData, err error) error {
	code := posta.ErrorCode(err)
	if lookErr := p.again(); lookErr != nil {
		return lookErr
	}
	switch code {
	case posta.CodeAlreadyPaid, posta.CodeUnderWay:
		return p.redirect(p.URL())
	case posta.CodeLinkDisabled, posta.CodeLinkExpired:
		return p.renderAs(http.StatusGone, "buy-closed", closedData{Code: code, Title: p.Session.Title, Back: p.Session.CancelURL})
	case posta.CodeSessionExpired, posta.CodeState:
		return p.redirect(p.URL())
	case posta.CodeInvalid:
		data.Form.Wrong = p.buyerWrong(err)
		data.Wrong = data.Form.Wrong
	default:
		data.Problem = p.problem(err)
	}
	return p.showForm(status(code), data)
}

// buyAmount is a buyer choosing an open amount.
func (s *server) buyAmount(p *purchase) error {
	if err := p.refuseCardNumbers(p.Session.Country); err != nil {
		return p.payRefused(payData{Form: newBuyerForm(p.Session.Country, p.Session.Buyer)}, err)
	}
	typed := p.value("amount")
	minor, err := parseAmount(typed, p.Session.Amount.Currency)
	if err == nil {
		_, err = s.Checkout.SetAmount(p.ctx(), p.Session.ID, minor)
	}
	return p.changed(err, payData{Amount: typed})
}

// buyQuantity is a buyer choosing how many to take. What was typed of the buyer
// already stays.
func (s *server) buyQuantity(p *purchase) error {
	buyer, err := p.readBuyer(p.Session.Country)
	if err == nil {
		_, err = s.Checkout.SetQuantity(p.ctx(), p.Session.ID, int64(wholeNumber(p.value("quantity"))))
	}
	if err == nil && (buyer.Email != "" || buyer.FirstName != "" || buyer.LastName != "") {
		if _, err := s.Checkout.SetBuyer(p.ctx(), p.Session.ID, buyer, nil); err != nil { // half a form is none yet: it is shown again
			if err := p.again(); err != nil {
				return err
			}
			return p.showForm(http.StatusOK, payData{Form: newBuyerForm(p.Session.Country, buyer), Chosen: p.value("method")})
		}
	}
	return p.changed(err, payData{Chosen: p.value("method")})
}

func (p *purchase) changed(err error, data payData) error {
	if err == nil {
		return p.redirect(p.URL())
	}
	data.Form = newBuyerForm(p.Session.Country, p.Session.Buyer)
	return p.payRefused(data, err)
}

// buyOther takes back what is under way, so that another way can be chosen.
func (s *server) buyOther(p *purchase) error {
	_, err := s.Checkout.Abandon(p.ctx(), p.Session.ID, "buyer")
	if posta.ErrorCode(err) == posta.CodeUnderWay || posta.Temporary(err) {
		p.flash("warn", p.T("buy.other.not"), p.T("buy.other.not.text"))
		err = nil
	}
	if err != nil {
		return err
	}
	return p.redirect(p.URL())
}

// wholeNumber reads a whole number, 0 for none.
func wholeNumber(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}
