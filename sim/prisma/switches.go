package prisma

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Switches are the choices where the provider's sources disagree or say
// nothing; each has a row in docs/simulators.md. The zero value is what was
// chosen there. Sections are those of docs/providers/prisma.md.
type Switches struct {
	// CancelRace is what becomes of a cancellation while the terminal works on
	// the intent (§5.5): "refuse" (409, also when empty), "undo_wins",
	// "payment_wins".
	CancelRace string `json:"cancel_race"`
	// ErrorShape is how errors look (§9): "envelope" (also when empty), "array",
	// "object", "text", "empty".
	ErrorShape string `json:"error_shape"`

	ErrorsIn200            bool `json:"errors_in_200"`            // errors arrive with HTTP 200 (§9)
	OAuthPost              bool `json:"oauth_post"`               // POST for a token is taken too (§3)
	APIKeyRequired         bool `json:"apikey_required"`          // calls need the header apikey (§3)
	SubnetRelaxed          bool `json:"subnet_relaxed"`           // any subnet_acquirer_id, or none (§4)
	CUITBareDigits         bool `json:"cuit_bare_digits"`         // a CUIT without dashes is taken too (§4)
	OneIntentPerTerminal   bool `json:"one_intent_per_terminal"`  // a second open intent is 409 (§9)
	NumbersAsStrings       bool `json:"numbers_as_strings"`       // numbers of answers are strings (§5.3)
	StringsAsNumbers       bool `json:"strings_as_numbers"`       // digit strings of answers are numbers (§5.3)
	NullsAbsent            bool `json:"nulls_absent"`             // what is null is left out of answers (§5.3)
	DatesWithZone          bool `json:"dates_with_zone"`          // dates bear milliseconds and zone (§5.3)
	DeviceCancelDeclined   bool `json:"device_cancel_declined"`   // cancelled on the device ends DECLINED, not UNDONE (§5.4)
	UndoDeclinedFinal      bool `json:"undo_declined_final"`      // UNDO_REVERSAL_DECLINED stays, though the reversal stands (§6)
	ReversalAfterClose     bool `json:"reversal_after_close"`     // a settled payment can be reversed (§6)
	ReversalAmex           bool `json:"reversal_amex"`            // an American Express payment can be reversed (§6)
	ReversalAnyTerminal    bool `json:"reversal_any_terminal"`    // on another terminal than the payment's too (§6)
	RefundsDisabled        bool `json:"refunds_disabled"`         // refunds are not enabled for the merchant (§7)
	SettlementDataSingular bool `json:"settlement_data_singular"` // settlement_data, not settlements_data (§8)
	SettlementReceiptFree  bool `json:"settlement_receipt_free"`  // a receipt text without lines of sums (§8)
	SettlementEmptyOK      bool `json:"settlement_empty_ok"`      // an empty batch closes (§8)
	SettlementUnattended   bool `json:"settlement_unattended"`    // a terminal closes by itself when asked (§8)
	PrintReceiptAnyCase    bool `json:"print_receipt_any_case"`   // print_receipt=True is taken too (§8)
}

// The values of Switches.CancelRace.
const (
	RaceRefuse      = "refuse"
	RaceUndoWins    = "undo_wins"
	RacePaymentWins = "payment_wins"
)

// SwitchChoices are the values of the switches that are not on or off, the
// first being what an empty one means.
func SwitchChoices() map[string][]string {
	return map[string][]string{
		"cancel_race": {RaceRefuse, RaceUndoWins, RacePaymentWins},
		"error_shape": {"envelope", "array", "object", "text", "empty"},
	}
}

func (w Switches) check() error {
	for name, value := range map[string]string{"cancel_race": w.CancelRace, "error_shape": w.ErrorShape} {
		if value != "" && !slices.Contains(SwitchChoices()[name], value) {
			return fmt.Errorf("sim/prisma: the switch %s knows no %q", name, value)
		}
	}
	return nil
}

// SwitchNames are the names of all switches, as the control API writes them.
func SwitchNames() []string {
	var list []string
	for f := range reflect.TypeFor[Switches]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		list = append(list, name)
	}
	return list
}

// Switches tells how the switches stand.
func (s *Simulator) Switches() Switches {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches
}

// SetSwitches changes them, for good.
func (s *Simulator) SetSwitches(w Switches) error {
	if err := w.check(); err != nil {
		return err
	}
	return s.do(func() { s.put(w) })
}
