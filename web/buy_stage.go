package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"posta"
	"posta/checkout"
	"posta/payment"
	"posta/provider"
)

// buyStage is how a session stands for its buyer.
type buyStage string

// The stages.
const (
	atForm      buyStage = "form"      // to be paid, or to be paid again
	atAsking    buyStage = "asking"    // the provider's answer was lost: it is asked again
	atChallenge buyStage = "challenge" // the card's bank wants to know that it is the buyer
	atAway      buyStage = "away"      // goes on at the provider's or the bank's page
	atPix       buyStage = "pix"       // a QR code to be paid
	atVoucher   buyStage = "voucher"   // a slip or a reference to be paid
	atReserved  buyStage = "reserved"  // the money is reserved, the merchant takes it later
	atReview    buyStage = "review"    // the provider looks into it
	atPaid      buyStage = "paid"      // the provider proved that the money came
)

// stage reads off session and payment how it stands, whatever the address says.
func (p *purchase) stage() buyStage {
	last := p.Payment
	if last == nil {
		if p.Session.State == checkout.Complete {
			return atPaid
		}
		return atForm
	}
	switch next := last.Next; {
	case last.State.Moneyed():
		return atPaid
	case last.State == payment.Created || last.State == payment.Unknown:
		return atAsking
	case !last.State.Open():
		return atForm
	case next.Challenge != "":
		return atChallenge
	case last.Progress == provider.ProgressAuthorized:
		return atReserved
	case next.QR != "":
		return atPix
	case next.URL != "" && p.goesAway():
		if tries := last.Attempts(); len(tries) > 0 && tries[len(tries)-1].Status == provider.StatusPending && !awaits(tries[len(tries)-1].Detail) {
			return atReview
		}
		return atAway
	case next.Barcode != "" || next.Reference != "" || next.URL != "":
		return atVoucher
	}
	return atReview
}

// awaits reports whether a try waits for its buyer: it is not decided by others.
func awaits(detail string) bool { return strings.HasPrefix(detail, "pending_waiting_") }

// goesAway reports whether the payment under way is paid on another's page.
func (p *purchase) goesAway() bool {
	asked := p.Payment.Online
	if asked == nil || asked.Flow == provider.FlowRedirect {
		return true
	}
	m, err := posta.FindMethod(p.Session.Country, asked.Method)
	return err == nil && m.Next == posta.NextRedirect
}

// stageData is what a page shows of a payment that was begun.
type stageData struct {
	*purchase
	Stage    buyStage
	Position int64           // where the page's events begin
	Method   string          // its name for people
	Bank     bool            // it goes on at the buyer's bank
	Slip     bool            // the bar code is what one pays by, not a reference
	Attempt  payment.Attempt // the one that counts: approved, else the last; zero for none
	Reason   string          // key of the provider's words on a try, "" for none
	Live     time.Duration   // until a voucher ends; 0 for no end
	Go       bool            // the buyer just chose: lead on at once
}

// Soon reports whether the voucher's last minutes are counted down.
func (d stageData) Soon() bool { return d.Live > 0 && d.Live <= time.Hour }

// Waits reports whether the buyer began to pay elsewhere, by a voucher that is
// not paid yet.
func (d stageData) Waits() bool {
	return d.Attempt.Status == provider.StatusPending && awaits(d.Attempt.Detail)
}

// showStage shows how a payment stands that was begun.
func (p *purchase) showStage(stage buyStage) error {
	if stage == atChallenge {
		return p.redirect(p.URL() + "/challenge")
	}
	data := stageData{purchase: p, Stage: stage, Position: p.livePosition(), Go: p.r.URL.Query().Get("go") != ""}
	if p.Payment == nil { // paid by what is not kept any more
		return p.renderAs(http.StatusOK, "buy-paid", data)
	}
	for _, a := range p.Payment.Attempts() {
		if a.Status == provider.StatusApproved || data.Attempt.Status != provider.StatusApproved {
			data.Attempt = a
		}
	}
	id := data.Attempt.Brand
	if p.Payment.Online != nil && p.Payment.Online.Method != "" {
		id = p.Payment.Online.Method
		m, err := posta.FindMethod(p.Session.Country, id)
		data.Bank = err == nil && m.Next == posta.NextRedirect
		data.Slip = err == nil && m.Next == posta.NextBarcode
	}
	if m, err := posta.FindMethod(p.Session.Country, id); err == nil {
		data.Method = m.Name
	} else {
		data.Method = brand(id)
	}
	data.Reason = p.reason()
	if end := p.Payment.Next.ExpiresAt; !end.IsZero() {
		data.Live = max(end.Sub(p.s.Clock.Now()), 0)
	}
	if stage == atPaid {
		return p.render("buy-paid", data)
	}
	return p.render("buy-stage", data)
}

// reason is the key of the words on the last try: what happened, and with
// ".help" what the buyer can do. "" without a try.
func (p *purchase) reason() string {
	detail := p.Payment.LastDetail
	tries := p.Payment.Attempts()
	if detail == "" && len(tries) > 0 {
		detail = tries[len(tries)-1].Detail
	}
	switch {
	case detail == "" && p.Payment.State == payment.Expired:
		detail = "expired"
	case detail == "" && p.Payment.State == payment.Canceled:
		detail = "by_payer"
	case detail == "" && p.Payment.State.Open():
		return ""
	}
	if key := "decline." + detail; detail != "" && p.words.Has(key) {
		return key
	}
	return "decline.other"
}

// buyReturn is where the provider sends the buyer back to. What the address
// tells is not looked at: the provider is asked.
func (s *server) buyReturn(p *purchase) error {
	session, _, err := s.Checkout.Refresh(p.ctx(), p.Session.ID)
	if err != nil && !posta.Temporary(err) {
		return err
	}
	if err == nil {
		p.Session = session
	}
	return p.redirect(p.URL())
}

// buyEvents tells an open page that something happened to its session or to its
// payments, and no more.
func (s *server) buyEvents(p *purchase) error {
	mine := []string{string(p.Session.ID)}
	payments, err := s.Checkout.SessionPayments(p.ctx(), p.Session.ID)
	if err != nil {
		return err
	}
	for _, one := range payments {
		mine = append(mine, string(one.ID))
	}
	return p.stream(func(e posta.Event) bool { return slices.Contains(mine, e.Subject) }, nil)
}

// allowPicture lets the page load the picture of what is sold, from where its
// merchant keeps it and nowhere else.
func (v *visit) allowPicture(picture string) {
	at, err := url.Parse(picture)
	if err != nil || at.Scheme != "https" || at.Host == "" || at.Hostname() != at.Host && at.Port() == "" {
		return
	}
	v.w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data: https://"+at.Host+
		"; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
}
