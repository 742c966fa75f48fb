package checkout

import (
	"log/slog"

	"posta"
	"posta/payment"
	"posta/provider"
)

// Public addresses, below the hub's own; a token follows.
const (
	LinkPath    = "/l/"
	SessionPath = "/pay/"
	// ReturnPart follows a session's address: where the provider sends the buyer back to.
	ReturnPart = "/return"
)

// Service sells. It must not be copied after first use.
type Service struct {
	Store    Store
	Payments *payment.Service
	Open     provider.Opener
	Clock    posta.Clock
	Log      *slog.Logger
	// URL is how buyers reach the hub, without a slash at its end.
	URL func() string
	// Committed tells that events were committed, so that they go out at once.
	Committed func()

	offered methodsCache
}

// LinkURL is a link's public address.
func (s *Service) LinkURL(l Link) string { return s.URL() + LinkPath + l.Token }

// SessionURL is the address of a session's page.
func (s *Service) SessionURL(v Session) string { return s.URL() + SessionPath + v.Token }

// PayInput is a buyer's decision to pay.
type PayInput struct {
	Session posta.SessionID
	// Tries is Session.Tries as the page had it: a second click, a reload or a
	// page gone back to finds that a payment was begun since, and gets that one.
	Tries        int
	Amount       int64 // what the page showed, minor units: refused if it is another by now
	Flow         provider.Flow
	Method       string // with provider.FlowDirect
	Token        string // of a card
	Installments int
	Issuer       string
	Bank         string
	Buyer        provider.Buyer // what is empty stays as it was told before
	Shipment     *provider.Shipment
}
