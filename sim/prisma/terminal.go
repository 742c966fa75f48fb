package prisma

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"posta/sim/journal"
)

// What a person at a terminal may be told.
var (
	ErrTerminal = errors.New("sim/prisma: there is no such terminal")
	ErrNothing  = errors.New("sim/prisma: there is no such intent there")
	ErrState    = errors.New("sim/prisma: not now")
	ErrCard     = errors.New("sim/prisma: the terminal refuses this card")
)

// device is a terminal as it stands.
type device struct {
	Terminal
	Account   string // its public key
	Off       bool
	NoPaper   bool
	Current   string // id of the intent it works on
	Last      string // id of the intent it ended last
	Message   string // of the last operation
	Slip      string // what was printed last
	Batch     int64  // number of the open batch
	Coupon    int64  // the last one given
	NextClose time.Time
	Cut       Cut
	Outcome   string // of the next answer, instead of the card's
}

func (d *device) key() (string, string) { return "device", d.ID }
func (d *device) index(st *state)       { st.devices[d.ID] = d }

// TerminalState is a terminal as whoever stands before it sees it.
type TerminalState struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Serial   string `json:"serial"`
	Model    string `json:"model"`
	Merchant string `json:"merchant"`
	CUIT     string `json:"cuit"`
	On       bool   `json:"on"`
	Paper    bool   `json:"paper"`
	// Current is what it works on, with its Step; nil when it is idle.
	Current *Intent `json:"current"`
	// Waiting is the list of intents that can be chosen.
	Waiting []Intent `json:"waiting"`
	// Last is the intent that it ended last, with its final status.
	Last *Intent `json:"last"`
	// Message is the outcome of the last operation, Slip what was printed last.
	Message string `json:"message"`
	Slip    string `json:"slip"`
	Batch   int64  `json:"batch"`
	// Totals are those of the open batch.
	Totals    Totals `json:"totals"`
	AutoClose string `json:"auto_close,omitempty"`
	// Cut and Outcome are what was armed for the next operation.
	Cut     Cut    `json:"cut,omitempty"`
	Outcome string `json:"outcome,omitempty"`
}

// Terminals lists all terminals by their number.
func (s *Simulator) Terminals() []TerminalState {
	list := []TerminalState{}
	s.look(func() {
		for _, d := range sorted(s.devices) {
			a := s.accounts[d.Account]
			v := TerminalState{ID: d.ID, Name: d.Name, Serial: d.Serial, Model: d.Model, Merchant: a.Name, CUIT: a.CUIT, On: !d.Off, Paper: !d.NoPaper,
				Waiting: []Intent{}, Message: d.Message, Slip: d.Slip, Batch: d.Batch, Totals: s.totals(d.ID, d.Batch), AutoClose: d.AutoClose, Cut: d.Cut, Outcome: d.Outcome}
			for _, i := range s.listed(d.ID) {
				if w := i.view(); i.ID == d.Current {
					v.Current = &w
				} else {
					v.Waiting = append(v.Waiting, w)
				}
			}
			if i := s.intents[d.Last]; i != nil {
				w := i.view()
				v.Last = &w
			}
			list = append(list, v)
		}
	})
	return list
}

// Card is what a customer presents.
type Card struct {
	Brand string `json:"brand"` // code of docs/providers/prisma.md §10; VI unless told
	Kind  string `json:"kind"`  // CREDIT unless told, or DEBIT
	// Entry is CHIP unless told, CHIP_CONTACTLESS, MAGNETIC_STRIPE, MANUAL or
	// another card_type of §5.3.
	Entry    string `json:"entry"`
	LastFour string `json:"last_four"`
	BIN      string `json:"bin"`
	Holder   string `json:"holder,omitempty"`
	PIN      string `json:"pin"` // any but "" and 1234 is wrong
	// Installments is asked at the terminal when the till named none; 0 takes
	// the till's.
	Installments int64 `json:"installments"`
	Tip          int64 `json:"tip"` // centavos, when the till lets one be given
	// Outcome is approve unless told; see Outcomes.
	Outcome string `json:"outcome"`
	// Discount is the test wallet's benefit; a card has none.
	Discount int64 `json:"discount,omitempty"`
}

// Outcomes are the acquirer's answers that a card, or SetOutcome, can ask for:
// error_charged fails although the money was taken.
var Outcomes = []string{"approve", "decline", "wrong_pin", "expired_card", "error", "error_charged"}

var entries = []string{"MANUAL", "MAGNETIC_STRIPE", "CHIP", "FALLBACK_MANUAL", "FALLBACK_MAGNETIC_STRIPE", "CHIP_CONTACTLESS", "MAGNETIC_STRIP_CONTACTLESS"}

// at does a person's deed at a terminal, and what follows at once.
func (s *Simulator) at(terminal, deed string, f func(d *device, now time.Time) error) error {
	var refused error
	err := s.do(func() {
		now := s.clock.Now()
		s.settle(now)
		if d := s.devices[terminal]; d == nil {
			refused = fmt.Errorf("%w: %s", ErrTerminal, terminal)
		} else if refused = f(d, now); refused == nil {
			s.settle(now)
		}
	})
	note := ""
	if refused != nil {
		note = refused.Error()
	}
	s.traffic.Add(journal.Exchange{Direction: "terminal", Operation: deed, Path: terminal, Note: note, At: s.clock.Now()})
	s.changed.Tell()
	return errors.Join(refused, err)
}

// working gives what the terminal works on, in one of the steps.
func (s *Simulator) working(d *device, steps ...string) (*intent, error) {
	i := s.intents[d.Current]
	switch {
	case d.Off:
		return nil, fmt.Errorf("%w: the terminal is off", ErrState)
	case i == nil || !slices.Contains(steps, i.Step):
		return nil, fmt.Errorf("%w: the terminal does not wait for this", ErrState)
	}
	return i, nil
}

// Take chooses an intent from the terminal's list, by its id or, for a
// reversal, by its payment's. It vanishes from the other lists.
func (s *Simulator) Take(terminal, id string) error {
	return s.at(terminal, "take", func(d *device, now time.Time) error {
		for _, i := range s.listed(d.ID) {
			if i.ID == id || i.Kind == KindReversal && i.PaymentID == id {
				return s.take(d, i, now)
			}
		}
		return fmt.Errorf("%w: %s", ErrNothing, id)
	})
}

func (s *Simulator) take(d *device, i *intent, now time.Time) error {
	switch {
	case d.Off:
		return fmt.Errorf("%w: the terminal is off", ErrState)
	case d.Current != "":
		return fmt.Errorf("%w: the terminal is busy", ErrState)
	}
	d.Current, d.Message, i.Terminal = i.ID, "", d.ID
	switch {
	case i.Method == "QR_CODE":
		i.Step, i.QR = StepQR, newQR()
	case i.Kind == KindPayment || i.Kind == KindRefund:
		i.Step = StepCard
	default:
		i.Step = StepConfirm
	}
	s.put(d)
	s.move(i, processing, now)
	return nil
}

// Present inserts, taps or swipes a card. A payment then asks the acquirer; a
// refund waits for Confirm. A card that the till did not ask for is refused
// (ErrCard) and the terminal waits on.
func (s *Simulator) Present(terminal string, card Card) error {
	return s.at(terminal, "present", func(d *device, now time.Time) error {
		i, err := s.working(d, StepCard)
		if err != nil {
			return err
		}
		card.Entry = cmp.Or(card.Entry, "CHIP")
		if !slices.Contains(entries, card.Entry) || card.Discount != 0 {
			return fmt.Errorf("%w: %s", ErrCard, card.Entry)
		}
		if err := i.accept(&card); err != nil {
			return err
		}
		if i.Kind == KindRefund {
			i.Step = StepConfirm
			s.put(i)
			return nil
		}
		s.ask(i, now)
		return nil
	})
}

// accept checks a card against what the till asked for and keeps it.
func (i *intent) accept(card *Card) error {
	card.Brand, card.Kind, card.Outcome = cmp.Or(card.Brand, "VI"), cmp.Or(card.Kind, "CREDIT"), cmp.Or(card.Outcome, "approve")
	card.LastFour, card.BIN = cmp.Or(card.LastFour, "1234"), cmp.Or(card.BIN, brands[card.Brand].bin, "589000")
	card.Installments = cmp.Or(card.Installments, i.Installments, 1)
	refuse := ""
	switch {
	case card.Kind != "CREDIT" && card.Kind != "DEBIT" || !brandCode.MatchString(card.Brand):
		refuse = "no such card"
	case !slices.Contains(Outcomes, card.Outcome):
		refuse = "no such outcome " + card.Outcome
	case i.Brand != "" && card.Brand != i.Brand:
		refuse = "another brand was asked for"
	case i.CardKind != "" && card.Kind != i.CardKind:
		refuse = "another kind of card was asked for"
	case i.Change > 0 && card.Kind != "DEBIT":
		refuse = "cash only with a debit card"
	case i.Kind == KindPayment && (card.Installments < 1 || i.Installments != 0 && card.Installments != i.Installments):
		refuse = "other installments were asked for"
	case card.Installments > 1 && card.Kind == "DEBIT":
		refuse = "no installments with a debit card"
	case card.Tip < 0 || card.Tip > 0 && !i.Tip:
		refuse = "no tip was asked for"
	case card.Discount < 0 || card.Discount > 0 && (!i.Benefit || card.Discount >= i.Amount):
		refuse = "no such discount"
	}
	if refuse != "" {
		return fmt.Errorf("%w: %s", ErrCard, refuse)
	}
	i.Card = card
	return nil
}

// Confirm presses the key that a reversal, a batch close, or a refund after
// its card waits for.
func (s *Simulator) Confirm(terminal string) error {
	return s.at(terminal, "confirm", func(d *device, now time.Time) error {
		i, err := s.working(d, StepConfirm)
		if err == nil {
			s.ask(i, now)
		}
		return err
	})
}

// CancelAt cancels on the device what it works on, before the acquirer is
// asked. The till finds UNDONE (docs/providers/prisma.md §16.4).
func (s *Simulator) CancelAt(terminal string) error {
	return s.at(terminal, "cancel", func(d *device, now time.Time) error {
		i, err := s.working(d, StepCard, StepQR, StepConfirm)
		if err != nil {
			return err
		}
		to := undone
		if s.switches.DeviceCancelDeclined {
			to = declined
		}
		i.Result = &result{Outcome: "declined", Message: "CANCELADA EN LA TERMINAL", At: now}
		s.leave(i, to, i.Result.Message, now)
		return nil
	})
}

// SetOutcome arms the acquirer's next answer at a terminal, whatever the card
// says; "" disarms it.
func (s *Simulator) SetOutcome(terminal, outcome string) error {
	return s.at(terminal, "outcome", func(d *device, _ time.Time) error {
		if outcome != "" && !slices.Contains(Outcomes, outcome) {
			return fmt.Errorf("%w: no such outcome %q", ErrState, outcome)
		}
		d.Outcome = outcome
		s.put(d)
		return nil
	})
}
