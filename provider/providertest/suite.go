// Package providertest is the conformance suite: what every connector must do
// against its simulator, whatever the company. A connector's own test says how
// to start the simulator and how its buyer behaves, and calls Run.
package providertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
)

// Operation is a call whose answer can be lost.
type Operation string

// The operations.
const (
	Create Operation = "create"
	Cancel Operation = "cancel"
	Refund Operation = "refund"
	// Capture takes what a charge reserved, see Rail.Authorize.
	Capture Operation = "capture"
)

// Rail is one provider, freshly started, with an account, a store and a till.
// What a rail does not have is nil: the tests that would need it say so and hold
// the connector to what takes its place.
type Rail struct {
	Connector provider.Connector
	// Refused is the same with credentials that the provider does not take.
	Refused provider.Connector
	// Charge makes a new charge of the amount at the till.
	Charge func(minor int64) provider.Charge
	// Pay has a buyer pay the charge whole, whether they had begun or not. Decline
	// has the buyer's card declined, which leaves the charge open unless
	// DeclineEnds says that it ends it.
	Pay         func(t *testing.T, c provider.Charge)
	Decline     func(t *testing.T, c provider.Charge)
	DeclineEnds bool
	// Authorize makes a new charge that only reserves the amount, with no more to be
	// done by the buyer. Nil where the rail has none.
	Authorize func(minor int64) provider.Charge
	// Advance moves the clock of connector and provider.
	Advance func(d time.Duration)
	// CutNext has the provider do the next such call's work and lose the answer.
	CutNext func(op Operation)
	// FailNext has the provider answer the next such call with the HTTP status
	// and do nothing.
	FailNext func(op Operation, status int)
	// Unknown is a notice of a resource that the provider does not have; without
	// a topic for a provider that sends no notices.
	Unknown provider.Notice

	// Begin has the buyer begin to pay, so that a cancel that is asked for then
	// does not win. Nil where nothing is between offered and paid.
	Begin func(t *testing.T, c provider.Charge)
	// Untied says that the provider does not hold refunds to the payment: Posta
	// alone sees to it that they do not exceed it.
	Untied bool
	// GiveBack does the refund that waits on the charge's terminal; with
	// Capabilities.Terminal.RefundAtTerminal.
	GiveBack func(t *testing.T, c provider.Charge)
	// OtherTerminal is another terminal than the charge's, PayAt has the charge
	// paid there, with Capabilities.Terminal.Several.
	OtherTerminal string
	PayAt         func(t *testing.T, c provider.Charge, terminal string)
	// CloseBatch does the batch close that waits on a terminal; with
	// Capabilities.Terminal.Settlement.
	CloseBatch func(t *testing.T, terminal string)
}

// Suite says how to start a rail for one test.
type Suite struct {
	Start func(t *testing.T) *Rail
}

// Run holds the connector to the contract of package provider.
func Run(t *testing.T, s Suite) {
	for name, test := range map[string]func(*testing.T, *story){
		"Capabilities":                  capabilities,
		"CreateOpens":                   createOpens,
		"CreateAgainIsTheSame":          createAgain,
		"GetUnknownTellsNothing":        getUnknown,
		"PayCloses":                     payCloses,
		"DeclinedIsNotPaid":             declined,
		"CancelTakesAway":               cancelTakesAway,
		"CancelAfterPayIsPaid":          cancelAfterPay,
		"CancelThatTheBuyerOutruns":     cancelOutrun,
		"CancelLeavesOthers":            cancelLeavesOthers,
		"RefundWhole":                   refundWhole,
		"RefundPartsOneEffectPerKey":    refundParts,
		"RefundTooMuchIsRefused":        refundTooMuch,
		"RefundIsTakenOffItsTerminal":   refundCanceled,
		"ReversalOfTheWhole":            reversalWhole,
		"LostCreateIsRecovered":         lostCreate,
		"LostCreateThatWasPaid":         lostCreatePaid,
		"LostCancelIsRepeated":          lostCancel,
		"LostRefundIsRecovered":         lostRefund,
		"TemporaryAndPermanentErrors":   errorsOfTheirs,
		"CredentialsRefused":            credentialsRefused,
		"FetchUnknown":                  fetchUnknown,
		"Expires":                       expires,
		"NoAnswerInTimeIsUnavailable":   noAnswer,
		"OptionsOffered":                optionsOffered,
		"SeveralTerminals":              severalTerminals,
		"BatchClose":                    batchClose,
		"CaptureOfTheWhole":             captureWhole,
		"CaptureOfAPart":                capturePart,
		"LostCaptureIsRepeated":         lostCapture,
		"CancelReleasesAnAuthorization": cancelReleases,
	} {
		t.Run(name, func(t *testing.T) {
			rail := s.Start(t)
			test(t, &story{Rail: rail, t: t, charge: rail.Charge(150_000)})
		})
	}
}

// story follows one charge: all facts ever seen of it, as payment.Apply keeps them.
type story struct {
	*Rail
	t      *testing.T
	charge provider.Charge
	facts  []provider.Fact
}

// key is the charge's own, the same on every try of its create.
func (s *story) key() string { return "key-create-" + string(s.charge.Payment) }

func (s *story) cancelKey() string { return "key-cancel-" + string(s.charge.Payment) }

func (s *story) context() context.Context { return s.t.Context() }

// can is what the connector does on the charge's rail.
func (s *story) can() provider.Capabilities { return s.Connector.Capabilities(s.charge.Rail) }

// learn adds what an observation tells, which must be of the charge.
func (s *story) learn(seen provider.Observation) {
	s.t.Helper()
	if len(seen.Facts) > 0 && seen.ExternalReference != string(s.charge.Payment) {
		s.t.Fatalf("facts of %q, want those of %q", seen.ExternalReference, s.charge.Payment)
	}
	if seen.Till != "" && seen.Till != s.charge.Till {
		s.t.Errorf("till %q, want %q", seen.Till, s.charge.Till)
	}
	for _, f := range seen.Facts {
		if f.ID == "" || f.At.IsZero() || f.Kind == "" || f.Status == "" {
			s.t.Errorf("a fact without id, kind, status or time: %+v", f)
		}
		if f.Currency != "" && f.Currency != s.charge.Amount.Currency {
			s.t.Errorf("currency %q, want %q", f.Currency, s.charge.Amount.Currency)
		}
	}
	s.facts = append(s.facts, seen.Facts...)
	if seen.Order != "" {
		s.charge.Order = seen.Order
	}
}

func (s *story) create() {
	s.t.Helper()
	seen, err := s.Connector.Create(s.context(), s.charge, s.key())
	if err != nil {
		s.t.Fatalf("create: %v", err)
	}
	s.learn(seen)
}

func (s *story) get() {
	s.t.Helper()
	seen, err := s.Connector.Get(s.context(), s.charge)
	if err != nil {
		s.t.Fatalf("get: %v", err)
	}
	s.learn(seen)
}

// cancel asks for a cancel, and again for what came of it while that is only
// under way.
func (s *story) cancel() {
	s.t.Helper()
	seen, err := s.Connector.Cancel(s.context(), s.charge, s.cancelKey())
	if err != nil {
		s.t.Fatalf("cancel: %v", err)
	}
	s.learn(seen)
	s.settle()
}

// settle asks on while a cancel is under way.
func (s *story) settle() {
	s.t.Helper()
	for range 20 {
		if s.summary().Progress != provider.ProgressCanceling {
			return
		}
		s.Advance(time.Second)
		s.get()
	}
}

func (s *story) pay() {
	s.t.Helper()
	s.Pay(s.t, s.charge)
	s.get()
	s.want(payment.Paid)
}

// attempt is the one that brought the money.
func (s *story) attempt() provider.Fact {
	s.t.Helper()
	for _, f := range s.facts {
		if f.Kind == provider.FactAttempt && f.Status == provider.StatusApproved {
			return f
		}
	}
	s.t.Fatalf("no approved attempt in %+v", s.facts)
	return provider.Fact{}
}

func (s *story) summary() payment.Summary { return payment.Compute(s.charge.Amount.Amount, s.facts) }

// want holds the facts to a state, with no need for a person to look.
func (s *story) want(state payment.State) {
	s.t.Helper()
	if got := s.summary(); got.State != state || got.Attention != payment.AttentionNone {
		s.t.Fatalf("%s (attention %q), want %s; facts:\n%s", got.State, got.Attention, state, lines(s.facts))
	}
}

// fails holds err to a code and to the type that all errors have.
func (s *story) fails(what string, err error, code posta.Code) {
	s.t.Helper()
	var e *posta.Error
	if !errors.As(err, &e) || e.Code != code {
		s.t.Fatalf("%s: %v, want %s", what, err, code)
	}
}
