package mercadopago

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"posta"
	"posta/sim/fault"
	"posta/sim/journal"
)

// Config is what a simulator is made of. Only Clock is needed.
type Config struct {
	Clock posta.Clock
	// File is the SQLite file that holds the books; "" keeps them in memory.
	File string
	Log  *slog.Logger
	// PublicURL is how the simulator is reached, for the links in its answers.
	PublicURL string
	// Fault is the script of what goes wrong; nil starts an empty one.
	Fault *fault.Script

	// TimeScale divides every wait of the notifier: 60 makes an hour a minute.
	TimeScale float64
	// SocketTimeout is how long a receiver may take at the first attempt (22 s),
	// RetryTimeout at the later ones (5 s). Both are real time.
	// docs/providers/mercadopago.md §8.5
	SocketTimeout, RetryTimeout time.Duration
	// Ladder is the wait before each retry; the last one repeats.
	Ladder []time.Duration
	// MaxAttempts ends the retries; 0 is no end (none is stated in §8.5).
	MaxAttempts int
	// NoticeDelay is how long after its event a notice leaves (§8.5: 1.7 to
	// 2.8 s were seen); 0 sends at once.
	NoticeDelay time.Duration
	// Senders is how many notices are in flight at a time (8).
	Senders int
	// AllowLoopback lets notices go to loopback and private addresses over
	// plain http, which the real provider refuses.
	AllowLoopback bool
	// Switches are the choices at the start; those that were set later, by the
	// panel or SetSwitches, are kept in File and win.
	Switches Switches
}

// Switches are the choices where the provider's documents disagree or say
// nothing; each has a row in docs/simulators.md. The zero value is the
// reading that the documents favour.
type Switches struct {
	CasingLower            bool   `json:"casing_lower"`              // sign the lower-cased data.id (§8.4)
	TsMillis               bool   `json:"ts_millis"`                 // sign with ts in milliseconds (§8.4)
	NoDuplicate            bool   `json:"no_duplicate"`              // no immediate duplicate after a failed first attempt (§8.5)
	DropNotices            bool   `json:"drop_notices"`              // lose every notice
	LegacyGetArray         bool   `json:"legacy_get_array"`          // GET of the pending order answers an array (§3.2)
	LegacyAuth401          bool   `json:"legacy_auth_401"`           // a bad token on legacy QR is 401, not 400 (§3.1)
	HybridEmptyBody        bool   `json:"hybrid_empty_body"`         // PUT qrs answers an empty 201 (§3.5)
	AllowPosQueue          bool   `json:"allow_pos_queue"`           // no 409 already_queued_order_on_pos (§4.1)
	CapStaticExpiry        bool   `json:"cap_static_expiry"`         // static orders live 10 minutes at most (§4.1)
	RefundReplayBody       bool   `json:"refund_replay_body"`        // a repeated refund answers its body, not an empty 200
	AsyncRefund            bool   `json:"async_refund"`              // refunds of orders are processing first (§4.2)
	CountryCodeAlpha2      bool   `json:"country_code_alpha2"`       // orders say AR, not ARG (§4.1)
	StoreCreated200        bool   `json:"store_created_200"`         // stores and POS are created with 200, not 201 (§2)
	WebhookOnly            bool   `json:"webhook_only"`              // notification_url gets no IPN
	FeedOnly               bool   `json:"feed_only"`                 // notification_url gets IPN only
	SearchLagMillis        int64  `json:"search_lag_ms"`             // searches do not see what is younger
	OrderTopicPlural       bool   `json:"order_topic_plural"`        // the order topic is written orders (§8.2)
	OrderNoticeBare        bool   `json:"order_notice_bare"`         // order notices bear no top-level id (§8.3)
	TestAnyTerminal        bool   `json:"test_any_terminal"`         // test credentials may charge on any terminal (§5.6)
	TerminalPosIDText      bool   `json:"terminal_pos_id_text"`      // the terminals' pos_id is a string (§5.7)
	ActionRequiredMoves    bool   `json:"action_required_moves"`     // an order that asked for action follows its payment later (§5.5)
	PaymentKeyIgnoresBody  bool   `json:"payment_key_ignores_body"`  // a key of POST /v1/payments repeats whatever the body (online §2.7)
	OAuthTestSellerRefused bool   `json:"oauth_test_seller_refused"` // a test seller's OAuth token cannot pay: 500 (online §1.4)
	SearchIDsText          bool   `json:"search_ids_text"`           // ids in a search of payments are strings (online §2.3)
	TestUsersClosed        bool   `json:"test_users_closed"`         // the API makes no test users: 403 (online §1.4)
	RefundTooOld15016      bool   `json:"refund_too_old_15016"`      // the code of a late refund is 15016 (online §2.5)
	PeruWholeRefunds       bool   `json:"peru_whole_refunds"`        // no partial refunds in Peru: 3024 (online §2.8)
	HoldFiveDays           bool   `json:"hold_five_days"`            // what is not captured is let go after five days, not seven (online §2.3)
	ChargebackNewShape     bool   `json:"chargeback_new_shape"`      // chargebacks have the fields of 2026 only (online §2.9)
	HolderOnly             string `json:"holder_only,omitempty"`     // every card acts as this holder name

	// Of subscriptions (docs/providers/mercadopago-online.md §3).
	FirstChargeAtOnce      bool    `json:"first_charge_at_once"`               // the first instalment comes at the sign-up, not an hour later (§3.4)
	NoValidationCharge     bool    `json:"no_validation_charge"`               // cards are proved without a charge (§3.4)
	SubscriptionCreated200 bool    `json:"subscription_created_200"`           // plans and subscriptions are created with 200, not 201 (§3.1)
	CardValidation401      bool    `json:"card_validation_401"`                // CC_VAL_433 comes with 401, not 400 (§3.5)
	InvoiceWaitingStatus   bool    `json:"invoice_waiting_status"`             // an invoice whose payment is in process is waiting_for_gateway, not scheduled (§3.3)
	StrikesInAll           bool    `json:"strikes_in_all"`                     // failed instalments count though others were paid between them (§3.4)
	SubscriptionAttempts   int     `json:"subscription_attempts,omitempty"`    // of an instalment; 0 is four (§3.4)
	SubscriptionRetryHours float64 `json:"subscription_retry_hours,omitempty"` // between attempts; 0 divides the window (§3.4)
	SubscriptionStrikes    int     `json:"subscription_strikes,omitempty"`     // failed instalments that cancel; 0 is three (§3.4)
	CardFailRate           float64 `json:"card_fail_rate,omitempty"`           // share of instalments' attempts that are declined, 0 to 1
	CardFailSeed           int64   `json:"card_fail_seed,omitempty"`           // draws which ones
}

// DefaultLadder is the retry ladder of the current text: every 15 minutes for
// three attempts, then longer (docs/providers/mercadopago.md §8.5).
var DefaultLadder = []time.Duration{15 * time.Minute, 15 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}

// LegacyLadder is the one published for IPN in person (QR) (§8.5).
var LegacyLadder = []time.Duration{30 * time.Second, 5 * time.Minute, 30 * time.Minute}

// Simulator is one Mercado Pago with as many accounts as are added.
type Simulator struct {
	cfg     Config
	log     *slog.Logger
	clock   posta.Clock
	fault   *fault.Script
	file    *journal.File
	client  *http.Client
	wake    chan struct{}
	traffic *journal.Traffic
	changed *journal.Signal
	closing chan struct{} // ends the pages' event streams
	once    sync.Once

	mu    sync.Mutex
	dirty []journal.Record
	state
}

// New opens the file, reads what it holds and returns the simulator. Run
// sends its notices; without Run, tests call Deliver and Expire.
func New(cfg Config) (*Simulator, error) {
	if cfg.Clock == nil {
		cfg.Clock = posta.SystemClock{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Fault == nil {
		cfg.Fault = fault.New(1)
	}
	cfg.TimeScale = cmp.Or(cfg.TimeScale, 1)
	cfg.SocketTimeout = cmp.Or(cfg.SocketTimeout, 22*time.Second)
	cfg.RetryTimeout = cmp.Or(cfg.RetryTimeout, 5*time.Second)
	cfg.Senders = cmp.Or(cfg.Senders, 8)
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	if len(cfg.Ladder) == 0 {
		cfg.Ladder = DefaultLadder
	}
	s := &Simulator{
		cfg: cfg, log: cfg.Log, clock: cfg.Clock, fault: cfg.Fault,
		wake: make(chan struct{}, 1), traffic: journal.NewTraffic(mask), changed: journal.NewSignal(), closing: make(chan struct{}),
	}
	s.client = newClient(cfg.AllowLoopback)
	var err error
	if s.file, err = journal.Open(cfg.File); err != nil {
		return nil, err
	}
	s.state = newState(cfg.Switches)
	if err := s.load(); err != nil {
		_ = s.file.Close()
		return nil, err
	}
	if m, ok := cfg.Clock.(*posta.MovableClock); ok {
		m.OnMove(s.poke)
	}
	return s, nil
}

// SetPublicURL tells the simulator how it is reached, once that is known.
func (s *Simulator) SetPublicURL(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.PublicURL = strings.TrimRight(address, "/")
}

// Fault is the script that the simulator asks.
func (s *Simulator) Fault() *fault.Script { return s.fault }

// Run sends notices and expires orders until ctx ends; then the pages' event
// streams end.
func (s *Simulator) Run(ctx context.Context) error {
	defer s.endStreams()
	var flying sync.WaitGroup
	defer flying.Wait()
	for {
		now := s.clock.Now()
		if err := s.Expire(now); err != nil {
			return err
		}
		for _, n := range s.claim(now) {
			flying.Go(func() { s.send(ctx, n) })
		}
		wait := s.untilNext(s.clock.Now())
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-s.wake:
			timer.Stop()
		}
	}
}

// endStreams lets pages that follow the simulator go: a server that stops waits
// for them.
func (s *Simulator) endStreams() { s.once.Do(func() { close(s.closing) }) }

// Close ends the file. Nothing may be asked of the simulator afterwards.
func (s *Simulator) Close() error {
	s.endStreams()
	s.client.CloseIdleConnections()
	return s.file.Close()
}

// Changed is closed at the next change of the simulator's state: take it,
// look, and wait if what you look for is not there yet.
func (s *Simulator) Changed() <-chan struct{} { return s.changed.Next() }

func (s *Simulator) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// do runs f alone and returns once what it changed, and all that it may have
// seen, is on disk.
func (s *Simulator) do(f func()) error {
	s.mu.Lock()
	f()
	changed := len(s.dirty) > 0
	seq := s.file.Push(s.dirty)
	s.dirty = nil
	s.mu.Unlock()
	err := s.file.Wait(seq)
	if changed {
		s.changed.Tell()
		s.poke()
	}
	return err
}
