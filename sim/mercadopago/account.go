package mercadopago

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Account is a seller at the provider, with the one application whose
// credentials the hub holds.
type Account struct {
	UserID      int64  `json:"user_id"`
	AccessToken string `json:"access_token"`
	Nickname    string `json:"nickname"`
	// Site is MLA, MLB, MLM, MLC, MCO, MPE or MLU.
	Site          string `json:"site"`
	ApplicationID int64  `json:"application_id"`
	// WebhookSecret signs what goes to PanelURL; FeedKey signs what nobody can
	// verify (docs/providers/mercadopago.md §8.1).
	WebhookSecret string `json:"webhook_secret"`
	FeedKey       string `json:"feed_key,omitempty"`
	// PanelURL and PanelTopics are the webhook settings of the application:
	// payment, topic_merchant_order_wh, order. None is all three.
	PanelURL    string   `json:"panel_url,omitempty"`
	PanelTopics []string `json:"panel_topics,omitempty"`
	// IPNURL is the account's old notification address (Feed).
	IPNURL       string `json:"ipn_url,omitempty"`
	BusinessName string `json:"business_name,omitempty"`
	LogoURL      string `json:"logo_url,omitempty"`
	// PublicKey is the browser's half of AccessToken; "" is made up of the
	// account's number.
	PublicKey string `json:"public_key,omitempty"`
	// Email is the account's address; "" is test_user_ID@testuser.com.
	Email string `json:"email,omitempty"`
	// NoPixKey refuses Pix (Brazil); NoMoney refuses refunds, and a buyer's
	// payments with account money
	// (docs/providers/mercadopago-online.md §2.3, §2.5).
	NoPixKey bool `json:"no_pix_key,omitempty"`
	NoMoney  bool `json:"no_money,omitempty"`
	// TaxID fills slot 50 of the QR payload.
	TaxID string `json:"tax_id,omitempty"`
	// Test says that the credentials are test ones: order ids are ORDTST….
	Test bool `json:"test,omitempty"`
	// TestOf is the account that made this one for its tests; Password and
	// Description are what such an account has besides.
	TestOf      int64  `json:"test_of,omitempty"`
	Password    string `json:"password,omitempty"`
	Description string `json:"description,omitempty"`
	Blocked     bool   `json:"blocked,omitempty"` // the gateway's policy refuses every call (§1.1)
	// Terminals are Point devices to be added with the account; AddTerminal adds
	// them later.
	Terminals []PointTerminal `json:"terminals,omitempty"`
	Created   time.Time       `json:"created"`
}

func (a *Account) key() (string, string) { return "account", text(a.UserID) }

func (a *Account) index(st *state) {
	if old := st.accounts[a.UserID]; old != nil {
		delete(st.tokens, old.AccessToken)
		delete(st.publicKeys, old.PublicKey)
	}
	st.accounts[a.UserID] = a
	st.tokens[a.AccessToken] = a
	st.publicKeys[a.PublicKey] = credential{a.UserID, 0, a.testKeys()}
}

func (a *Account) site() site { return sites[a.Site] }

// testKeys says whether the account's own credentials are the old test ones.
func (a *Account) testKeys() bool { return strings.HasPrefix(a.AccessToken, "TEST-") }

func (a *Account) email() string {
	return cmp.Or(a.Email, fmt.Sprintf("test_user_%d@testuser.com", a.UserID))
}

// AddAccount adds an account, or changes the one of that user id.
func (s *Simulator) AddAccount(a Account) error {
	if a.UserID <= 0 || a.AccessToken == "" {
		return errors.New("sim/mercadopago: an account needs a user id and an access token")
	}
	a.Site = cmp.Or(a.Site, "MLA")
	if _, ok := sites[a.Site]; !ok {
		return fmt.Errorf("sim/mercadopago: unknown site %q", a.Site)
	}
	a.Nickname = cmp.Or(a.Nickname, "TESTUSER"+text(a.UserID))
	a.ApplicationID = cmp.Or(a.ApplicationID, 7910800073137785)
	a.TaxID = cmp.Or(a.TaxID, "30500010912")
	if a.FeedKey == "" {
		sum := sha256.Sum256([]byte("feed " + a.AccessToken))
		a.FeedKey = hex.EncodeToString(sum[:])
	}
	if a.PublicKey == "" {
		a.PublicKey = fmt.Sprintf("APP_USR-00000000-0000-4000-8000-%012d", a.UserID)
	}
	terminals := a.Terminals
	a.Terminals = nil
	var clash bool
	err := s.do(func() {
		key, taken := s.publicKeys[a.PublicKey]
		if other := s.tokens[a.AccessToken]; other != nil && other.UserID != a.UserID || taken && key.user != a.UserID {
			clash = true
			return
		}
		a.Created = s.clock.Now()
		if old := s.accounts[a.UserID]; old != nil {
			a.Created = old.Created
		}
		s.put(&a)
	})
	if clash {
		return errors.New("sim/mercadopago: that access token or public key belongs to another account")
	}
	for _, d := range terminals {
		d.UserID = a.UserID
		if err == nil {
			err = s.AddTerminal(d)
		}
	}
	return err
}
