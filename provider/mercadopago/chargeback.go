package mercadopago

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"time"

	"posta"
	"posta/provider"
)

// chargeback is what we read of /v1/chargebacks/{id}: the older shape tells of
// coverage and evidence, the newer of a status; both may come
// (docs/providers/mercadopago-online.md §2.9).
type chargeback struct {
	ID            text   `json:"id"`
	Payment       text   `json:"payment_id"`
	Payments      []text `json:"payments"`
	Status        string `json:"status"`
	Amount        text   `json:"amount"`
	Currency      string `json:"currency"`
	CurrencyID    string `json:"currency_id"`
	Reason        text   `json:"reason"`
	ReasonID      text   `json:"reason_id"`
	Covered       *bool  `json:"coverage_applied"`
	Documentation string `json:"documentation_status"`
	Deadline      string `json:"date_documentation_deadline"`
	Created       string `json:"date_created"`
	Updated       string `json:"date_last_updated"`
	Modified      string `json:"last_modified"`
}

// payment is the id of the payment that is taken back, "" if not told.
func (b chargeback) payment() string {
	if len(b.Payments) > 0 {
		return string(b.Payments[0])
	}
	return string(b.Payment)
}

// chargebackEnd reads the words that tell how a chargeback ended: of its own
// status, or of its payment's status_detail.
var chargebackEnd = map[string]provider.Status{
	"settled": provider.StatusLostCase, "lost": provider.StatusLostCase,
	"reimbursed": provider.StatusWon, "won": provider.StatusWon, "covered": provider.StatusWon,
}

// status is whether it is won or lost, waits for evidence, or for the bank.
func (b chargeback) status(p payment) provider.Status {
	if b.Covered != nil {
		if *b.Covered {
			return provider.StatusWon
		}
		return provider.StatusLostCase
	}
	if end, ok := chargebackEnd[b.Status]; ok {
		return end
	}
	if end, ok := chargebackEnd[p.StatusDetail]; ok && p.Status == "charged_back" {
		return end
	}
	switch b.Documentation {
	case "", "pending":
		return provider.StatusPending
	}
	return provider.StatusReview
}

// fact is the chargeback of the payment p.
func (b chargeback) fact(p payment, currency posta.Currency, told time.Time) (provider.Fact, error) {
	if code := first(b.CurrencyID, b.Currency); code != "" {
		currency = posta.Currency(code)
	}
	amount, err := readAmount(b.Amount, currency)
	if err != nil {
		return provider.Fact{}, err
	}
	covered := ""
	if b.Covered != nil {
		covered = map[bool]string{true: "yes", false: "no"}[*b.Covered]
	}
	return provider.Fact{Kind: provider.FactChargeback, ID: string(b.ID), Parent: string(p.ID), Status: b.status(p),
		Detail: first(b.Status, b.Documentation), At: moment(told, b.Updated, b.Modified, b.Created), Amount: amount, Currency: currency,
		Chargeback: provider.Chargeback{DeadlineAt: moment(time.Time{}, b.Deadline), Evidence: b.Documentation,
			Reason: first(string(b.Reason), string(b.ReasonID)), Covered: covered}}, nil
}

// chargebacksOf searches those of a payment. Where that is not offered nothing is
// known: their own notice tells of them.
func (c *connector) chargebacksOf(ctx context.Context, p payment) ([]chargeback, error) {
	var found struct {
		Results []chargeback `json:"results"`
	}
	err := c.must(ctx, call{method: http.MethodGet, path: path("v1", "chargebacks", "search"),
		query: url.Values{"payment_id": {string(p.ID)}}}, &found)
	switch posta.ErrorCode(err) {
	case posta.CodeNotFound, posta.CodeProviderRejected:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var ours []chargeback
	for _, b := range found.Results {
		if b.payment() == string(p.ID) && b.ID != "" {
			ours = append(ours, b)
		}
	}
	return ours, nil
}

func (c *connector) chargeback(ctx context.Context, id string) (chargeback, error) {
	var b chargeback
	err := c.must(ctx, call{method: http.MethodGet, path: path("v1", "chargebacks", id)}, &b)
	if err == nil && (b.ID == "" || b.payment() == "") {
		err = posta.Errorf(posta.CodeProviderUnavailable, "GET /v1/chargebacks: no id or no payment")
	}
	return b, err
}

// fetchChargeback tells of a chargeback with the payment that it is of.
func (c *connector) fetchChargeback(ctx context.Context, id string) ([]provider.Observation, error) {
	b, err := c.chargeback(ctx, id)
	if err != nil {
		return nil, err
	}
	p, err := c.payment(ctx, b.payment())
	if err != nil || p.ExternalReference == "" {
		return nil, err
	}
	p.chargebacks = append(slices.DeleteFunc(p.chargebacks, func(there chargeback) bool { return there.ID == b.ID }), b)
	return c.fetchOf(ctx, p)
}

// What evidence can be, docs/providers/mercadopago-online.md §2.9.
var evidenceTypes = map[string]bool{"image/jpeg": true, "image/png": true, "application/pdf": true}

const longestEvidence = 10 << 20

// SendEvidence hands files in against a chargeback, and gives the chargeback as it
// is then. Errors: provider_rejected with the codes evidence_type and
// evidence_too_large before anything is sent.
func (c *connector) SendEvidence(ctx context.Context, charge provider.Charge, id string, files []provider.File) (provider.Observation, error) {
	seen := provider.Observation{ExternalReference: string(charge.Payment)}
	var content bytes.Buffer
	w := multipart.NewWriter(&content)
	size := 0
	for _, f := range files {
		if !evidenceTypes[f.Type] {
			return seen, refuse("evidence_type", "evidence is a jpg, png or pdf")
		}
		if size += len(f.Body); size > longestEvidence {
			return seen, refuse("evidence_too_large", "evidence is of 10 MB at most")
		}
		part, err := w.CreatePart(textproto.MIMEHeader{"Content-Type": {f.Type},
			"Content-Disposition": {fmt.Sprintf(`form-data; name="files[]"; filename=%q`, f.Name)}})
		if err == nil {
			_, err = part.Write(f.Body)
		}
		if err != nil {
			return seen, posta.Errorf(posta.CodeInternal, "evidence: %w", err)
		}
	}
	if size == 0 {
		return seen, refuse("evidence_type", "no evidence")
	}
	if err := w.Close(); err != nil {
		return seen, posta.Errorf(posta.CodeInternal, "evidence: %w", err)
	}
	_, err := c.do(ctx, call{method: http.MethodPost, path: path("v1", "chargebacks", id, "documentation"),
		form: &form{w.FormDataContentType(), content.Bytes()}}, nil)
	if err != nil {
		return seen, err
	}
	b, err := c.chargeback(ctx, id)
	if err != nil {
		return seen, undecided(err)
	}
	f, err := b.fact(payment{ID: text(b.payment())}, charge.Amount.Currency, c.clock.Now())
	if err == nil {
		seen.Facts = []provider.Fact{f}
	}
	return seen, err
}
