package payment_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"posta"
	"posta/payment"
	"posta/provider"
	"posta/settlement"
	"posta/store"
	"posta/store/storetest"
)

func TestASaleOnATerminal(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		p := s.charge(t)
		if want(t, p, payment.Pending); p.Progress != provider.ProgressOffered || p.QR != "" || p.ConnectionID != s.terminal.ConnectionID || p.ExpiresAt.Sub(p.CreatedAt) != 2*time.Minute {
			t.Errorf("%+v", p)
		}
		s.pos.take(p.ID)
		s.later(t, 3*time.Second)
		if p = s.get(t, p.ID); p.Progress != provider.ProgressAtTerminal {
			t.Errorf("%+v", p)
		}
		s.pos.approve(p.ID, 150000, 0, "VI")
		s.later(t, 3*time.Second)
		p = s.get(t, p.ID)
		want(t, p, payment.Paid)
		if a := p.Attempts(); len(a) != 1 || a[0].Slip != (provider.Slip{Terminal: code, Batch: "7", Coupon: "41"}) || a[0].Authorizes != "123456" || p.Progress != "" || !p.DueAt.IsZero() {
			t.Errorf("%+v", p)
		}
		if e := s.events(t, p.ID); e["payment.progressed"] != 1 || e["payment.paid"] != 1 {
			t.Errorf("events %v", e)
		}
	})
}

// Promises 1 to 3, 7 and 25 on this rail. Sabotage that turns it red: look that
// creates again where Recovery is none; createFailed that says refused.
func TestP25_ALostCreateIsUnknownNeverFailedAndMadeOnce(t *testing.T) {
	for name, script := range map[string]func(*pos){"done": func(f *pos) { f.lose = "create" }, "never arrived": func(f *pos) { f.drop = "create" }} {
		t.Run(name, func(t *testing.T) {
			inShop(t, func(t *testing.T, s *shop) {
				script(s.pos)
				in := s.input()
				p := must[payment.Payment](t)(s.Create(t.Context(), in))
				for range 12 {
					if want(t, p, payment.Unknown); p.Attention != payment.AttentionSlip {
						t.Fatalf("attention %q %+v", p.Attention, p.Facts)
					}
					s.later(t, 20*time.Minute)
					_, _ = s.Cancel(t.Context(), p.MerchantID, p.Mode, p.ID, "user:test")
					p = must[payment.Payment](t)(s.Create(t.Context(), in)) // the same request again
				}
				if n := s.intentsOf(p.ID); n != 1 || !p.DueAt.IsZero() {
					t.Errorf("created %d times, asked again at %s", n, p.DueAt)
				}
				if use := must[payment.TerminalUse](t)(s.db.TerminalUse(t.Context(), p.MerchantID, s.terminal.ID)); use != (payment.TerminalUse{}) {
					t.Errorf("it holds the terminal: %+v", use)
				}
				other := s.input()
				_, err := s.Create(t.Context(), other) // promise 29: the till is not charged a second time
				if e := wantCode(t, err, posta.CodeTillBusy); e.Params["payment"] != string(p.ID) {
					t.Errorf("%v", e)
				}
			})
		})
	}
}

func TestP25_AProviderThatIsGoneLeavesAPaymentPending(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		p := s.charge(t)
		s.pos.refuse = posta.CodeProviderUnavailable
		for range 60 {
			s.later(t, time.Minute)
		}
		p = s.get(t, p.ID)
		if want(t, p, payment.Pending); p.Attention != payment.AttentionReview {
			t.Errorf("attention %q", p.Attention)
		}
		s.pos.refuse = ""
		s.pos.approve(p.ID, 150000, 0, "VI")
		s.later(t, 6*time.Minute)
		want(t, s.get(t, p.ID), payment.Paid)
		if n := s.intentsOf(p.ID); n != 1 {
			t.Errorf("created %d times", n)
		}
	})
}

// Killed after the row was committed: whether the call was made nobody knows.
func TestP25_KilledBeforeTheCallIsSettledByItsSlipAndNotChargedAgain(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		in := s.input()
		s.pos.drop = "create"
		p := must[payment.Payment](t)(s.Create(t.Context(), in))
		must[payment.Record](t)(s.db.ChangePayment(t.Context(), p.ID, func(r *payment.Record) error { // as it was before the answer
			r.Payment.Facts, r.Payment.Summary = nil, payment.Compute(150000, nil)
			r.Payment.DueAt = p.CreatedAt.Add(15 * time.Second)
			return nil
		}))
		s.later(t, 10*time.Second)
		want(t, s.get(t, p.ID), payment.Created)
		s.later(t, 10*time.Second)
		p = must[payment.Payment](t)(s.Create(t.Context(), in))
		if want(t, p, payment.Unknown); p.Attention != payment.AttentionSlip || s.intentsOf(p.ID) != 1 {
			t.Errorf("attention %q, created %d times", p.Attention, s.intentsOf(p.ID))
		}
	})
}

func TestManyEqualRequestsAtOnceMakeOneIntent(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		in := s.input()
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				if _, err := s.Create(t.Context(), in); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := s.intentsOf(in.ID); n != 1 {
			t.Errorf("created %d times", n)
		}
	})
}

// Promise 26: the terminal has finished, and the bank said no.
func TestP26_FinishedAndDeclinedIsNotPaid(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		p := s.charge(t)
		s.pos.take(p.ID)
		s.pos.decline(p.ID)
		s.later(t, 3*time.Second)
		if p = s.get(t, p.ID); p.Captured != 0 || p.LastDetail != "51" || p.State != payment.Rejected || p.Declined != 1 {
			t.Errorf("%+v", p)
		}
		want(t, s.charge(t), payment.Pending) // the till is free
	})
}

// Promise 27. Sabotage that turns it red: takeOnce that believes its own cancel.
func TestP27_OnATerminalCancelAndApprovalCross(t *testing.T) {
	canceling := func(t *testing.T, s *shop) payment.Payment {
		p := s.charge(t)
		s.pos.take(p.ID)
		s.later(t, 3*time.Second)
		p = must[payment.Payment](t)(s.Cancel(t.Context(), p.MerchantID, p.Mode, p.ID, "user:test"))
		if want(t, p, payment.Pending); p.Progress != provider.ProgressCanceling {
			t.Fatalf("progress %q", p.Progress)
		}
		return p
	}
	t.Run("the approval wins", func(t *testing.T) {
		inShop(t, func(t *testing.T, s *shop) {
			p := canceling(t, s)
			s.pos.approve(p.ID, 150000, 0, "VI")
			s.later(t, 3*time.Second)
			if p = s.get(t, p.ID); p.State != payment.Paid || p.Attention != "" {
				t.Errorf("%s %q", p.State, p.Attention)
			}
		})
	})
	t.Run("the cancel wins", func(t *testing.T) {
		inShop(t, func(t *testing.T, s *shop) {
			p := canceling(t, s)
			s.pos.cancel(p.ID)
			s.later(t, 3*time.Second)
			want(t, s.get(t, p.ID), payment.Canceled)
		})
	})
	t.Run("approved after an early refusal: paid late, and nobody stands at the terminal to give it back", func(t *testing.T) {
		inShop(t, func(t *testing.T, s *shop) {
			connection, err := s.db.Connection(t.Context(), s.terminal.ConnectionID)
			connection.RefundLate = true
			if err != nil || s.db.UpdateConnection(t.Context(), connection) != nil {
				t.Fatal(err)
			}
			p := canceling(t, s)
			s.pos.cancel(p.ID)
			s.later(t, 3*time.Second)
			s.pos.approve(p.ID, 150000, 0, "VI")
			s.later(t, time.Minute)
			p = s.get(t, p.ID)
			if want(t, p, payment.Paid); p.Attention != payment.AttentionPaidLate || len(s.refundsOf(t, p.ID)) != 0 || s.events(t, p.ID)["payment.paid_late"] != 1 {
				t.Errorf("%q, %+v", p.Attention, s.refundsOf(t, p.ID))
			}
		})
	})
}

func TestItsTimeIsOverItIsCanceledAndAskedAboutToTheEnd(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.pos.stubborn = true // the terminal is off
		p := s.charge(t)
		s.later(t, 119*time.Second)
		if p = s.get(t, p.ID); !p.CancelAt.IsZero() {
			t.Fatal("canceled before its time")
		}
		s.later(t, 3*time.Second)
		if p = s.get(t, p.ID); p.CancelAt.IsZero() || p.State != payment.Pending || p.Progress != provider.ProgressCanceling || s.events(t, p.ID)["payment.cancel_requested"] != 1 {
			t.Fatalf("%+v", p)
		}
		for range 20 {
			s.later(t, time.Minute)
		}
		if p = s.get(t, p.ID); p.State != payment.Pending || p.Attention != payment.AttentionReview || p.DueAt.IsZero() {
			t.Fatalf("%s %q due %s", p.State, p.Attention, p.DueAt)
		}
		s.pos.cancel(p.ID)
		s.later(t, 5*time.Minute)
		want(t, s.get(t, p.ID), payment.Canceled)
	})
}

func TestATerminalIsAskedAboutOftenAndSlowerAfterItsTime(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		s.pos.stubborn = true
		p := s.charge(t)
		var steps []time.Duration
		for range 200 {
			due := s.get(t, p.ID).DueAt
			steps = append(steps, due.Sub(s.clock.Now()))
			s.later(t, due.Sub(s.clock.Now()))
		}
		for i, step := range steps[:70] { // 2 min and the minute after
			if step != 2500*time.Millisecond {
				t.Fatalf("enquiry %d after %s", i, step)
			}
		}
		if last := steps[len(steps)-1]; last != 5*time.Minute {
			t.Errorf("at last every %s", last)
		}
	})
}

func TestP29_ATerminalThatTakesOneAtATime(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		first := s.charge(t)
		second := s.input()
		second.TillID = s.world.AddTill(t, s.db).ID
		s.pos.can.Queue = false
		_, err := s.Create(t.Context(), second)
		if e := wantCode(t, err, posta.CodeTerminalBusy); e.Params["payment"] != string(first.ID) || s.intentsOf(second.ID) != 0 {
			t.Errorf("%v", e)
		}
		s.pos.can.Queue = true
		want(t, must[payment.Payment](t)(s.Create(t.Context(), second)), payment.Pending)
		_, err = s.Create(t.Context(), s.input())
		if e := wantCode(t, err, posta.CodeTillBusy); e.Params["payment"] != string(first.ID) {
			t.Errorf("%v", e)
		}
		want(t, s.get(t, first.ID), payment.Pending)
	})
}

func TestATerminalThatClosesTakesNothing(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		p := s.paid(t, "VI")
		st := settlement.Settlement{ID: posta.NewID[posta.SettlementID](s.clock.Now()), MerchantID: p.MerchantID, Mode: p.Mode, ConnectionID: p.ConnectionID,
			StoreID: p.StoreID, TerminalID: s.terminal.ID, TerminalCode: code, Currency: "ARS", State: settlement.Pending, CreatedAt: s.clock.Now()}
		if err := s.db.InsertSettlement(t.Context(), st, nil); err != nil {
			t.Fatal(err)
		}
		_, err := s.Create(t.Context(), s.input())
		if e := wantCode(t, err, posta.CodeTerminalBusy); e.Params["settlement"] != string(st.ID) {
			t.Errorf("%v", e)
		}
		_, err = s.Refund(t.Context(), s.refundOf(p, 0))
		if e := wantCode(t, err, posta.CodeTerminalBusy); e.Params["settlement"] != string(st.ID) {
			t.Errorf("%v", e)
		}
	})
}

func TestWhatATerminalAddsOrTakesOffIsBookedAsItIs(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		for name, c := range map[string]struct {
			captured, explained int64
			state               payment.State
			attention           payment.Attention
		}{
			"tip":                    {165000, 15000, payment.Paid, ""},
			"cash-back":              {155000, 5000, payment.Paid, ""},
			"benefit":                {140000, -10000, payment.Paid, ""},
			"more, and nobody knows": {160000, 0, payment.Paid, payment.AttentionOverpaid},
			"less, and nobody knows": {140000, 0, payment.Pending, payment.AttentionShortfall},
		} {
			in := s.input()
			in.TillID = s.world.AddTill(t, s.db).ID
			p := must[payment.Payment](t)(s.Create(t.Context(), in))
			s.pos.approve(p.ID, c.captured, c.explained, "VI")
			s.later(t, 3*time.Second)
			if p = s.get(t, p.ID); p.State != c.state || p.Attention != c.attention || p.Captured != c.captured {
				t.Errorf("%s: %s %q %d", name, p.State, p.Attention, p.Captured)
			}
			moved := must[[]settlement.Movement](t)(s.db.Movements(t.Context(), p.MerchantID, p.ConnectionID, code, s.clock.Now().Add(-time.Second*4), s.clock.Now().Add(time.Second)))
			if last := moved[len(moved)-1]; last.Payment != p.ID && len(moved) == 0 || last.Kind != settlement.Sale || last.Batch != "7" {
				t.Errorf("%s: %+v", name, moved)
			}
		}
	})
}

func TestOptionsAreHeldToWhatTheTerminalCan(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		for field, o := range map[string]provider.TerminalOptions{
			"options.plan not_offered":           {Plan: "13"},
			"options.copies not_offered":         {Copies: provider.CopiesNone},
			"options.operation unknown":          {Operation: "cash"},
			"options.installments out_of_range":  {Installments: 100},
			"options.cash_back only_on_debit":    {CashBack: 100, Installments: 3},
			"options.benefit only_on_qr":         {Benefit: true},
			"options.document malformed":         {Document: "20-00000001"},
			"options.installments not_on_debit ": {Installments: 2, Method: "debit_card"},
		} {
			in := s.input()
			in.Options = o
			_, err := s.Create(t.Context(), in)
			found := false
			for _, f := range wantCode(t, err, posta.CodeInvalid).Fields {
				found = found || f.Field+" "+f.Code == field || f.Field+" "+f.Code+" " == field
			}
			if !found || s.intentsOf(in.ID) != 0 {
				t.Errorf("%s: %v", field, err)
			}
		}
		for field, change := range map[string]func(*payment.Input){
			"rail no_terminal":      func(in *payment.Input) { s.lonely(t, in) },
			"terminals unknown":     func(in *payment.Input) { in.Terminals = []posta.TerminalID{"trm_none"} },
			"terminals not_on_rail": func(in *payment.Input) { in.Rail, in.Terminals = "", []posta.TerminalID{s.terminal.ID} },
			"options not_on_rail":   func(in *payment.Input) { in.Rail, in.Options.Installments = "", 3 },
		} {
			in := s.input()
			change(&in)
			_, err := s.Create(t.Context(), in)
			if e := wantCode(t, err, posta.CodeInvalid); e.Fields[0].Field+" "+e.Fields[0].Code != field {
				t.Errorf("%s: %v", field, err)
			}
		}
	})
}

// lonely has the input charge at a till on which no terminal charges.
func (s *shop) lonely(t testing.TB, in *payment.Input) {
	bound := s.terminal
	bound.Tills = []posta.TillID{s.world.Till.ID}
	if err := s.db.UpdateTerminal(t.Context(), bound); err != nil {
		t.Fatal(err)
	}
	in.TillID = s.world.AddTill(t, s.db).ID
}

// A person's document goes to the provider and nowhere else.
func TestTheCustomersDocumentIsNotKept(t *testing.T) {
	url := storetest.URL(t, store.SQLite)
	db := storetest.OpenAt(t, url)
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := newShop(t, db)
	const canary = "91827364554"
	in := s.input()
	in.Options = provider.TerminalOptions{Document: canary, Installments: 3}
	p := must[payment.Payment](t)(s.Create(t.Context(), in))
	if s.pos.document != canary {
		t.Errorf("the provider was told %q", s.pos.document)
	}
	s.pos.approve(p.ID, 150000, 0, "VI")
	s.later(t, 3*time.Second)
	must[payment.Refund](t)(s.Refund(t.Context(), s.refundOf(p, 0)))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	files := must[[]string](t)(filepath.Glob(url + "*"))
	seen := false
	for _, file := range files {
		content := must[[]byte](t)(os.ReadFile(file))
		seen = seen || bytes.Contains(content, []byte(p.ID))
		if bytes.Contains(content, []byte(canary)) {
			t.Errorf("%s holds the document", filepath.Base(file))
		}
	}
	if !seen {
		t.Error("the payment is in none of the files: the search finds nothing")
	}
}

// A word of the provider's that nobody knows is pending, and is reported once.
func TestAnUnknownStatusIsPendingAndReported(t *testing.T) {
	inShop(t, func(t *testing.T, s *shop) {
		var told bytes.Buffer
		s.Service.Log = slog.New(slog.NewTextHandler(&told, nil))
		p := s.charge(t)
		s.pos.at(p.ID, func(i *intent) {
			s.pos.move(&i.order, provider.StatusOpen, "")
			i.order.Detail = "TELEPORTING_PAYMENT"
		})
		for range 3 {
			s.later(t, 3*time.Second)
		}
		want(t, s.get(t, p.ID), payment.Pending)
		if n := strings.Count(told.String(), "TELEPORTING_PAYMENT"); n != 1 {
			t.Errorf("reported %d times: %s", n, told.String())
		}
	})
}
