package mercadopago

import (
	"errors"
	"fmt"
	"time"
)

// What stops a buyer.
var (
	ErrNothing = errors.New("sim/mercadopago: nothing waits to be paid there")
	ErrGone    = errors.New("sim/mercadopago: the order is gone: paid, replaced, deleted or expired")
	ErrAmount  = errors.New("sim/mercadopago: the amount is more than what is left to pay")
	ErrPOS     = errors.New("sim/mercadopago: no such POS")
)

// ScanRequest says what the buyer's phone looks at: the text of a QR, or a POS
// by the seller's code. UserID may be left out when one account has the POS.
type ScanRequest struct {
	UserID      int64  `json:"user_id,omitempty"`
	ExternalPOS string `json:"pos,omitempty"`
	QR          string `json:"qr,omitempty"`
}

// Scanned is what the phone shows: an order of the Orders API (OrderID) or the
// merchant order that the scan has just made.
type Scanned struct {
	UserID            int64         `json:"user_id"`
	MerchantOrderID   int64         `json:"merchant_order_id,omitempty"`
	OrderID           string        `json:"order_id,omitempty"`
	ExternalReference string        `json:"external_reference"`
	Amount            int64         `json:"amount"` // minor units, what is left to pay
	Currency          string        `json:"currency"`
	Site              string        `json:"site"`
	Shop              string        `json:"shop"` // the business's name, or the first item's title
	Logo              string        `json:"logo,omitempty"`
	Items             []ScannedItem `json:"items,omitempty"`
}

// ScannedItem is a line of the order.
type ScannedItem struct {
	Title    string `json:"title"`
	Quantity int64  `json:"quantity"`
	Total    int64  `json:"total"`
	Picture  string `json:"picture,omitempty"`
}

// Scan makes a merchant order of the legacy order that waits there, a new one
// at each scan; an order of the Orders API is only shown
// (docs/providers/mercadopago.md §3.7).
func (s *Simulator) Scan(r ScanRequest) (out Scanned, err error) {
	if e := s.do(func() { out, err = s.scan(r, s.clock.Now()) }); e != nil {
		return out, e
	}
	return out, err
}

func (s *Simulator) scan(r ScanRequest, now time.Time) (Scanned, error) {
	uuid := ""
	p, err := (*pos)(nil), error(nil)
	if r.QR != "" {
		var id int64
		if uuid, id, err = readQR(r.QR); err != nil {
			return Scanned{}, err
		}
		p = s.pos[id]
	} else if p, err = s.onePOS(r.UserID, r.ExternalPOS); err != nil {
		return Scanned{}, err
	}
	if uuid != "" {
		for _, o := range s.openOrder {
			if o.UUID == uuid && now.Before(o.Expires) {
				return s.scannedOrder(o), nil
			}
		}
		for _, o := range s.openPoint {
			if o.UUID == uuid && s.payable(o, now) {
				return s.scannedOrder(o), nil
			}
		}
		for _, l := range s.legacy {
			if l.UUID == uuid && now.Before(l.Expires) {
				return s.scannedLegacy(s.scanLegacy(l, now)), nil
			}
		}
		return Scanned{}, ErrNothing
	}
	if p == nil {
		return Scanned{}, ErrPOS
	}
	if o := s.onPOS(p.UserID, p.ExternalID, now); o != nil {
		return s.scannedOrder(o), nil
	}
	if l := s.pendingLegacy(legacyKey(p.UserID, p.ExternalID), now); l != nil {
		return s.scannedLegacy(s.scanLegacy(l, now)), nil
	}
	return Scanned{}, ErrNothing
}

func (s *Simulator) onePOS(user int64, external string) (*pos, error) {
	var found *pos
	for _, p := range s.pos {
		if p.ExternalID == external && (user == 0 || p.UserID == user) {
			if found != nil {
				return nil, fmt.Errorf("%w: several accounts have %q", ErrPOS, external)
			}
			found = p
		}
	}
	if found == nil {
		return nil, ErrPOS
	}
	return found, nil
}

// scanLegacy opens a merchant order for the legacy order.
func (s *Simulator) scanLegacy(l *legacyOrder, now time.Time) *merchantOrder {
	m := &merchantOrder{ID: s.next(&s.count.Merchant), UserID: l.UserID, UUID: l.UUID, LegacyKey: l.Key, PreferenceID: text(l.UserID) + "-" + newUUID(),
		Ref: l.Ref, NotificationURL: l.NotificationURL, Total: l.Total, Items: l.Items, SponsorID: l.SponsorID, Created: now, Expires: l.Expires}
	s.refresh(m, now)
	return m
}

func (s *Simulator) shown(user int64, ref string) Scanned {
	a := s.accounts[user]
	return Scanned{UserID: user, ExternalReference: ref, Currency: a.site().Currency, Site: a.Site, Shop: a.BusinessName, Logo: a.LogoURL}
}

func (s *Simulator) scannedLegacy(m *merchantOrder) Scanned {
	out := s.shown(m.UserID, m.Ref)
	out.MerchantOrderID, out.Amount = m.ID, s.left(m)
	for _, i := range m.Items {
		out.Items = append(out.Items, ScannedItem{i.Title, i.Quantity, i.Total, i.Picture})
	}
	if out.Shop == "" && len(out.Items) > 0 {
		out.Shop, out.Logo = out.Items[0].Title, out.Items[0].Picture
	}
	return out
}

func (s *Simulator) scannedOrder(o *order) Scanned {
	out := s.shown(o.UserID, o.Ref)
	out.OrderID, out.Amount = o.ID, o.Total
	t := s.accounts[o.UserID].site()
	for _, v := range o.Items {
		m, _ := v.(map[string]any)
		title, _ := fields(m).text("title")
		unit, _ := fields(m).text("unit_price")
		price, _ := t.amount(unit)
		out.Items = append(out.Items, ScannedItem{Title: title, Quantity: 1, Total: price})
	}
	if len(out.Items) == 0 && o.Description != "" {
		out.Items = []ScannedItem{{Title: o.Description, Quantity: 1, Total: o.Total}}
	}
	if out.Shop == "" && len(out.Items) > 0 {
		out.Shop = out.Items[0].Title
	}
	return out
}

// left is what a merchant order still asks for: the total without what is
// approved or under way.
func (s *Simulator) left(m *merchantOrder) int64 {
	n := m.Total
	for _, id := range m.Payments {
		if p := s.payments[id]; p.Status == approved || p.Status == inProcess || p.Status == refunded {
			n -= p.Asked
		}
	}
	return n
}
