package checkout

import (
	"encoding/json"
	"time"

	"posta"
	"posta/provider"
)

// ProductView is a product as the API shows it. Amounts are minor units.
type ProductView struct {
	ID          posta.ProductID    `json:"id"`
	Mode        posta.Mode         `json:"mode" enum:"test,live"`
	Connection  posta.ConnectionID `json:"connection_id" doc:"the account that sells it"`
	Name        string             `json:"name"`
	Description string             `json:"description,omitempty"`
	Category    string             `json:"category,omitempty" doc:"the provider's: art, fashion, phones, services…"`
	PictureURL  string             `json:"picture_url,omitempty"`
	Price       int64              `json:"price" doc:"of one, in minor units"`
	Currency    posta.Currency     `json:"currency"`
	State       ProductState       `json:"state" enum:"active,archived"`
	CreatedAt   time.Time          `json:"created_at"`
	UpdatedAt   time.Time          `json:"updated_at"`
}

// View shows the product.
func (p Product) View() ProductView {
	return ProductView{ID: p.ID, Mode: p.Mode, Connection: p.ConnectionID, Name: p.Name, Description: p.Description, Category: p.Category,
		PictureURL: p.PictureURL, Price: p.Price.Amount, Currency: p.Price.Currency, State: p.State, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt}
}

// LinkView is a link as the API and events show it. Amounts are minor units.
type LinkView struct {
	ID          posta.LinkID       `json:"id"`
	Mode        posta.Mode         `json:"mode" enum:"test,live"`
	URL         string             `json:"url" doc:"what buyers open"`
	Connection  posta.ConnectionID `json:"connection_id" doc:"the account that sells"`
	Product     posta.ProductID    `json:"product_id,omitempty"`
	Title       string             `json:"title,omitempty" doc:"a product's own where it names one"`
	Description string             `json:"description,omitempty"`
	Category    string             `json:"category,omitempty"`
	PictureURL  string             `json:"picture_url,omitempty"`
	Amount      int64              `json:"amount,omitempty" doc:"of one; absent with a product or an open amount"`
	Currency    posta.Currency     `json:"currency"`
	Open        *OpenAmount        `json:"open_amount,omitempty" doc:"what the buyer chooses between"`
	MaxQuantity int64              `json:"max_quantity" doc:"how many one buyer may take"`
	Reference   string             `json:"reference,omitempty"`
	Terms
	State     LinkState  `json:"state" enum:"active,disabled"`
	SoldOut   bool       `json:"sold_out,omitempty" doc:"nothing is left now; what is held for payments under way may come free"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	MaxUses   int64      `json:"max_uses,omitempty" doc:"buyers that may pay; no limit if absent"`
	Stock     *int64     `json:"stock,omitempty" doc:"units to sell in all; no limit if absent"`
	Used      int64      `json:"used" doc:"buyers that paid"`
	Sold      int64      `json:"sold" doc:"units that they took"`
	Held      int64      `json:"held" doc:"units of payments under way"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
}

// LinkView shows a link.
func (s *Service) LinkView(l Link) LinkView {
	v := LinkView{ID: l.ID, Mode: l.Mode, URL: s.LinkURL(l), Connection: l.ConnectionID, Product: l.ProductID, Title: l.Title, Description: l.Description,
		Category: l.Category, PictureURL: l.PictureURL, Amount: l.Amount, Currency: l.Currency, Open: l.Open, MaxQuantity: l.MaxQuantity,
		Reference: l.Reference, Terms: l.Terms, State: l.State, SoldOut: l.SoldOut(), ExpiresAt: unlessZero(l.ExpiresAt), MaxUses: l.MaxUses,
		Used: l.Used, Sold: l.Sold, Held: l.HeldUnits, CreatedAt: l.CreatedAt, UpdatedAt: l.UpdatedAt}
	if l.Stock != Unlimited {
		v.Stock = &l.Stock
	}
	return v
}

// SessionView is a session as the API and events show it. Amounts are minor units.
type SessionView struct {
	ID         posta.SessionID    `json:"id"`
	Mode       posta.Mode         `json:"mode" enum:"test,live"`
	State      State              `json:"state" enum:"open,complete,expired,canceled"`
	Attention  Attention          `json:"attention,omitempty" enum:"paid_twice" doc:"why a person should look at it"`
	URL        string             `json:"url,omitempty" doc:"the page to send the buyer to; not in events"`
	Connection posta.ConnectionID `json:"connection_id"`
	Link       posta.LinkID       `json:"link_id,omitempty" doc:"the payment link that the buyer opened"`
	Title      string             `json:"title"`
	Amount     int64              `json:"amount" doc:"0 until the buyer chose an open one"`
	Currency   posta.Currency     `json:"currency"`
	Open       *OpenAmount        `json:"open_amount,omitempty"`
	Items      []provider.Item    `json:"items,omitempty"`
	Quantity   int64              `json:"quantity"`
	Reference  string             `json:"reference,omitempty"`
	Terms
	CancelURL   string          `json:"cancel_url,omitempty"`
	Buyer       *BuyerView      `json:"buyer,omitempty" doc:"not in events"`
	Payment     posta.PaymentID `json:"payment_id,omitempty" doc:"the one that paid it, or the last that was begun"`
	Tries       int             `json:"tries" doc:"payments that were begun"`
	CreatedAt   time.Time       `json:"created_at"`
	UpdatedAt   time.Time       `json:"updated_at"`
	ExpiresAt   time.Time       `json:"expires_at"`
	CompletedAt *time.Time      `json:"completed_at,omitempty"`
}

// BuyerView is what a merchant is told of a buyer.
type BuyerView struct {
	Email     string `json:"email,omitempty"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
}

// SessionView shows a session to its merchant.
func (s *Service) SessionView(v Session) SessionView {
	out := v.told()
	out.URL = s.SessionURL(v)
	if b := (BuyerView{v.Buyer.Email, v.Buyer.FirstName, v.Buyer.LastName}); b != (BuyerView{}) {
		out.Buyer = &b
	}
	return out
}

// told is a session as events show it: without who buys and where.
func (v Session) told() SessionView {
	out := SessionView{ID: v.ID, Mode: v.Mode, State: v.State, Attention: v.Attention, Connection: v.ConnectionID, Link: v.LinkID, Title: v.Title,
		Amount: v.Amount.Amount, Currency: v.Amount.Currency, Open: v.Open, Quantity: v.Quantity, Reference: v.Reference, Terms: v.Terms,
		CancelURL: v.CancelURL, Payment: v.PaymentID, Tries: v.Tries, CreatedAt: v.CreatedAt, UpdatedAt: v.UpdatedAt, ExpiresAt: v.ExpiresAt,
		CompletedAt: unlessZero(v.CompletedAt)}
	for _, item := range v.Items {
		if item.Detail != nil && item.Detail.Passenger != nil {
			detail := *item.Detail
			detail.Passenger = nil // a person
			item.Detail = &detail
		}
		out.Items = append(out.Items, item)
	}
	return out
}

func (s *Service) event(by, kind string, v Session) posta.Event {
	now := s.Clock.Now()
	return posta.Event{Actor: by, ID: posta.NewID[posta.EventID](now), MerchantID: v.MerchantID, Mode: v.Mode, Type: kind, Subject: string(v.ID),
		Data: mustJSON(v.told()), CreatedAt: now}
}

func (s *Service) linkEvent(by, kind string, l Link) posta.Event {
	now := s.Clock.Now()
	return posta.Event{Actor: by, ID: posta.NewID[posta.EventID](now), MerchantID: l.MerchantID, Mode: l.Mode, Type: kind, Subject: string(l.ID),
		Data: mustJSON(s.LinkView(l)), CreatedAt: now}
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
