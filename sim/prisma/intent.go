package prisma

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// The kinds of intents.
const (
	KindPayment    = "payment"
	KindReversal   = "reversal"
	KindRefund     = "refund"
	KindSettlement = "settlement"
)

// stage is where an intent stands; each kind has its own word for it.
type stage string

const (
	requested   stage = "requested"
	processing  stage = "processing"
	undoAsked   stage = "undo_asked"
	undoing     stage = "undoing"
	undone      stage = "undone"
	undoRefused stage = "undo_refused" // reversals only
	done        stage = "done"
	declined    stage = "declined"
	failed      stage = "failed"
)

// statuses are the provider's words (docs/providers/prisma.md §5.4, §6, §7, §8).
var statuses = map[string]map[stage]string{
	KindPayment: {requested: "PAYMENT_REQUEST", processing: "PROCESSING_PAYMENT", undoAsked: "UNDO_REQUEST", undoing: "PROCESSING_UNDO",
		undone: "UNDONE", done: "CONFIRMED", declined: "DECLINED", failed: "ERROR"},
	KindReversal: {requested: "REVERSAL_REQUEST", processing: "PROCESSING_REVERSAL", undoAsked: "UNDO_REVERSAL_REQUEST", undoing: "PROCESSING_UNDO_REVERSAL",
		undone: "REVERSAL_UNDONE", undoRefused: "UNDO_REVERSAL_DECLINED", done: "REVERSED", declined: "REVERSAL_DECLINED", failed: "REVERSAL_ERROR"},
	KindRefund: {requested: "REFUND_REQUEST", processing: "PROCESSING_REFUND", undoAsked: "UNDO_REQUEST", undoing: "PROCESSING_UNDO",
		undone: "UNDONE", done: "CONFIRMED", declined: "DECLINED", failed: "ERROR"},
	KindSettlement: {requested: "SETTLEMENT_REQUEST", processing: "PROCESSING_SETTLEMENT",
		undone: "DECLINED", done: "CONFIRMED", declined: "DECLINED", failed: "ERROR"},
}

// The steps of what a terminal works on.
const (
	StepCard    = "card"    // insert, tap or swipe
	StepQR      = "qr"      // the customer scans
	StepConfirm = "confirm" // a key is pressed
	StepAnswer  = "answer"  // the acquirer is asked
	stepUndo    = "undo"    // answered, and being undone
	stepLost    = "lost"    // the terminal went off meanwhile
)

// intent is what a till asked of a terminal.
type intent struct {
	Number       int64 // order of creation
	ID           string
	Kind         string
	Account      string
	Stage        stage
	Step         string // what the terminal that took it does; "" when none has it
	Request      json.RawMessage
	Terminals    []string
	Terminal     string // the one that took it
	Text         string
	Reference    string // ecr_transaction_id
	Amount       int64
	Change       int64
	Installments int64 // 0: asked at the terminal
	Brand        string
	CardKind     string
	Method       string // CARD, QR_CODE
	Benefit, Tip bool
	Copies       string
	Note, Holder string
	PaymentID    string // that a reversal voids
	Print        string // of a settlement, as it was asked

	Created, Moved time.Time
	Due            time.Time // of the acquirer's answer
	UndoDue        time.Time // of the next step of a cancellation
	Race           string    // how a cancellation that came while processing ends
	Cut            Cut       // how a power cut after the answer ends
	QR             string
	Card           *Card
	Result         *result
}

// result is what the acquirer answered.
type result struct {
	Outcome       string // approved, declined, failed
	Code, Message string
	At            time.Time
	Authorization int64 // number of the authorization, 0 for none
	Refund        int64
	Batch         string
	Coupon        int64
	BatchNumber   int64
	Auth          string // authorization code
	Client, Shop  string // the slip's texts
}

func (i *intent) key() (string, string) { return "intent", i.ID }

func (i *intent) index(st *state) {
	st.intents[i.ID] = i
	if i.final() {
		delete(st.open, i.ID)
	} else {
		st.open[i.ID] = i
	}
	if i.Kind == KindReversal {
		if old := st.reversalOf[i.PaymentID]; old == nil || old.Number <= i.Number {
			st.reversalOf[i.PaymentID] = i
		}
	}
}

// final says whether nothing will move it any more.
func (i *intent) final() bool {
	switch i.Stage {
	case undone, done, declined, failed:
		return true
	case undoRefused:
		return i.Step == ""
	}
	return false
}

func (i *intent) status() string { return statuses[i.Kind][i.Stage] }

func (s *Simulator) move(i *intent, to stage, at time.Time) {
	i.Stage, i.Moved = to, at
	s.put(i)
}

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// offer checks the terminals and puts the intent on their lists. A nil reply
// is consent.
func (c *call) offer(i *intent) *reply {
	for _, id := range i.Terminals {
		if d := c.sim.devices[id]; d == nil || d.Account != c.account.PublicKey {
			r := c.notFound("Terminal " + id)
			return &r
		}
		if c.sim.switches.OneIntentPerTerminal && len(c.sim.listed(id)) > 0 {
			r := c.conflict("La terminal " + id + " tiene una operación pendiente")
			return &r
		}
	}
	i.ID, i.Account, i.Number = newUUID(), c.account.PublicKey, c.sim.next(&c.sim.count.Intent)
	i.Created = c.now
	c.sim.move(i, requested, c.now)
	return nil
}

// listed is what a terminal shows: what waits for it and what it works on,
// oldest first.
func (s *Simulator) listed(terminal string) []*intent {
	var list []*intent
	for _, i := range s.open {
		if i.Terminal == terminal || i.Stage == requested && slices.Contains(i.Terminals, terminal) {
			list = append(list, i)
		}
	}
	slices.SortFunc(list, func(a, b *intent) int { return cmp.Compare(a.Number, b.Number) })
	return list
}

// Intent is what a till asked of a terminal, as the terminal shows it.
type Intent struct {
	ID     string `json:"id"` // of the simulator for reversals, the provider's otherwise
	Kind   string `json:"kind"`
	Text   string `json:"text"`
	Amount int64  `json:"amount"` // centavos; 0 for a settlement
	Change int64  `json:"change,omitempty"`
	Status string `json:"status"`
	// Reference is the till's ecr_transaction_id.
	Reference string   `json:"reference"`
	PaymentID string   `json:"payment_id,omitempty"` // that a reversal voids
	Terminals []string `json:"terminals"`
	Terminal  string   `json:"terminal,omitempty"` // that took it
	// Step is what the terminal that took it does: card, qr, confirm, answer;
	// undo while a cancellation takes back what was answered, lost when the
	// terminal went off meanwhile.
	Step string `json:"step,omitempty"`
	// Restrictions: zero values are none.
	Installments int64     `json:"installments,omitempty"` // 0: asked at the terminal
	Brand        string    `json:"brand,omitempty"`
	CardKind     string    `json:"card_kind,omitempty"`
	Method       string    `json:"method,omitempty"` // CARD, QR_CODE
	Benefit      bool      `json:"benefit,omitempty"`
	Tip          bool      `json:"tip,omitempty"`
	Copies       string    `json:"copies,omitempty"`
	Note         string    `json:"note,omitempty"`
	QR           string    `json:"qr,omitempty"` // shown while Step is qr
	Created      time.Time `json:"created"`
}

func (i *intent) view() Intent {
	v := Intent{ID: i.ID, Kind: i.Kind, Text: i.Text, Amount: i.Amount, Change: i.Change, Status: i.status(), Reference: i.Reference, PaymentID: i.PaymentID,
		Terminals: slices.Clone(i.Terminals), Terminal: i.Terminal, Step: i.Step, Installments: i.Installments, Brand: i.Brand, CardKind: i.CardKind,
		Method: i.Method, Benefit: i.Benefit, Tip: i.Tip, Copies: i.Copies, Note: i.Note, Created: i.Created}
	if i.Step == StepQR {
		v.QR = i.QR
	}
	return v
}

// Intents is what a terminal's list shows: what waits for it and what it works
// on, oldest first. "" lists the open intents of all terminals.
func (s *Simulator) Intents(terminal string) []Intent {
	list := []Intent{}
	s.look(func() {
		open := s.listed(terminal)
		if terminal == "" {
			for _, i := range s.open {
				open = append(open, i)
			}
			slices.SortFunc(open, func(a, b *intent) int { return cmp.Compare(a.Number, b.Number) })
		}
		for _, i := range open {
			list = append(list, i.view())
		}
	})
	return list
}

// look settles what is due and reads.
func (s *Simulator) look(f func()) {
	if err := s.do(func() { s.settle(s.clock.Now()); f() }); err != nil {
		s.log.Error("commit failed", "error", err)
	}
}
