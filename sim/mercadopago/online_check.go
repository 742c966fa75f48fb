package mercadopago

import (
	"net/mail"
	"slices"
	"strings"
	"time"
)

// checkPayment keeps the rules of method, site and payer
// (docs/providers/mercadopago-online.md §2.3, §2.5).
func (s *Simulator) checkPayment(r *paymentRequest, m method, held *heldCard, now time.Time) *denial {
	t := r.Seller.site()
	if !m.within(t, r.Amount) || r.Amount <= 0 {
		return deny(4037, "Invalid transaction_amount")
	}
	if m.isCard() {
		of, known := method{}, false
		if held != nil {
			of, known = t.methodOfCard(held.First)
		}
		switch {
		case held == nil:
			return deny(2006, "Card Token not found")
		case known && of.ID != m.ID && of.brand() != m.ID: // a debit card may go by its brand
			return deny(3028, "Invalid payment_method_id")
		case r.Installments < 0 || r.Installments > maxInstallments:
			return deny(4005, "Invalid installments")
		case r.ThreeDS != "" && !slices.Contains([]string{"not_supported", "optional", "mandatory"}, r.ThreeDS):
			return deny(1, "Invalid three_d_secure_mode")
		case r.Hold && m.Type == debitCard:
			return deny(2029, "Operation not allowed: this payment method cannot be captured later")
		case r.Binary && (r.ThreeDS == "optional" || r.ThreeDS == "mandatory"):
			return deny(1, "three_d_secure_mode needs binary_mode false")
		}
	}
	if r.Fee < 0 || r.Fee >= r.Amount {
		return deny(4039, "Invalid application_fee")
	}
	if bad := s.checkPayer(r, m); bad != nil {
		return bad
	}
	if m.ID == "pix" && r.Seller.NoPixKey {
		return deny(13253, "Collector user without key enabled for QR render")
	}
	if !r.Expires.IsZero() && (m.Type == ticket || m.Type == atm || m.Type == bankTransfer) {
		shortest, longest := 24*time.Hour, 30*24*time.Hour
		if m.Type == bankTransfer {
			shortest = 30 * time.Minute
		}
		if r.Expires.Before(now.Add(shortest)) || r.Expires.After(now.Add(longest)) {
			return deny(23, "The following parameters must be valid date and format (yyyy-MM-dd'T'HH:mm:ss.SSSZ): date_of_expiration")
		}
	}
	return nil
}

func (s *Simulator) checkPayer(r *paymentRequest, m method) *denial {
	w := r.Payer
	if w.Email == "" && w.ID == 0 && w.CustomerID == "" {
		return deny(4050, "payer.email must be a valid email")
	}
	if w.Email != "" {
		if len(w.Email) > 254 {
			return deny(4051, "payer.email must be shorter than 254 characters")
		}
		if !goodAddress(w.Email) {
			return deny(4050, "payer.email must be a valid email")
		}
	}
	other := s.accounts[w.ID]
	if other == nil {
		other = s.accountOf(w.Email)
	}
	if w.ID == r.Seller.UserID || w.Email == r.Seller.email() {
		return deny(2060, "The customer can't be equal to the collector.")
	}
	if other != nil && other.Site != r.Seller.Site {
		return deny(2034, "Invalid users involved")
	}
	if w.Email != "" {
		toy := isTestAddress(w.Email) || other != nil && other.Test
		switch {
		case r.Test && !toy:
			return deny(2198, "Invalid test user email")
		case !r.Test && toy != r.Seller.Test:
			return deny(2034, "Invalid users involved")
		}
	}
	if w.Identification.given() && len(identificationTypes[r.Seller.Site]) > 0 && !w.Identification.valid(r.Seller.Site) {
		return deny(2067, "Invalid user identification number")
	}
	if m.needs("first_name") && w.FirstName == "" {
		return deny(1, "payer.first_name is required")
	}
	if m.needs("last_name") && w.LastName == "" && w.EntityType != "association" {
		return deny(1, "payer.last_name is required")
	}
	if m.needs("identification") && !w.Identification.given() {
		return deny(2067, "Invalid user identification number")
	}
	if m.needs("address") {
		for _, name := range []string{"zip_code", "street_name", "street_number", "neighborhood", "city", "federal_unit"} {
			if fields(w.Address).loose(name) == "" {
				return deny(1, "payer.address."+name+" is required")
			}
		}
	}
	if m.needs("entity_type") && w.EntityType != "individual" && w.EntityType != "association" {
		return deny(1, "Invalid entity_type")
	}
	if m.needs("financial_institution") && bankName(r.Institution) == "" {
		return deny(1, "Invalid financial_institution")
	}
	if m.needs("ip_address") && fields(r.Additional).loose("ip_address") == "" {
		return deny(1, "additional_info.ip_address is required")
	}
	if m.needs("callback_url") && r.CallbackURL == "" {
		return deny(1, "callback_url is required")
	}
	return nil
}

// goodAddress refuses what is no address, and domains that cannot exist.
func goodAddress(v string) bool {
	a, err := mail.ParseAddress(v)
	if err != nil || a.Address != v {
		return false
	}
	_, host, _ := strings.Cut(v, "@")
	last := host[strings.LastIndex(host, ".")+1:]
	return strings.Contains(host, ".") && !slices.Contains([]string{"test", "local", "localhost", "invalid", "example"}, last)
}

// isTestAddress says whether the address is one that test payments use (§1.4).
func isTestAddress(v string) bool { return strings.HasSuffix(v, "@testuser.com") }

const maxInstallments = 36
