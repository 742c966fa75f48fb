package prisma_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"posta/sim/prisma"
)

// crowd is a till, a customer, a network and a clock that do anything.
type crowd struct {
	*stand
	rnd  *rand.Rand
	paid []string // payment ids ever asked for
	back []string // refund ids
	shut []string // settlement ids
}

func pick[T any](rnd *rand.Rand, list ...T) (v T) {
	if len(list) > 0 {
		v = list[rnd.IntN(len(list))]
	}
	return v
}

func (c *crowd) step() {
	terminal := pick(c.rnd, one, two)
	var err error
	switch c.rnd.IntN(20) {
	case 0, 1, 2:
		c.paid = append(c.paid, c.asked("terminals_list", pick(c.rnd, on(one), on(two), on(two, one)), "terminal_operation_method", pick(c.rnd, "CARD", "CARD", "QR_CODE")))
	case 3:
		if id := pick(c.rnd, c.paid...); id != "" {
			c.reverse(id, "terminals_list", on(terminal))
		}
	case 4:
		c.back = append(c.back, c.want(c.giveBack("terminals_list", on(terminal)), 200).text("refund_data", "refund_id"))
	case 5:
		a := c.want(c.call("POST", settlements+subnet+"&print_receipt=true&terminal_id="+terminal, "{}"), 200)
		c.shut = append(c.shut, a.text("settlements_data", "settlement_id"))
	case 6, 7, 8, 9:
		err = c.sim.Take(terminal, pick(c.rnd, c.sim.Intents(terminal)...).ID)
	case 10, 11, 12:
		card := prisma.Card{Brand: pick(c.rnd, "VI", "MC", "AM"), Outcome: pick(c.rnd, "approve", "approve", "approve", "decline", "error", "error_charged")}
		if err = c.sim.Present(terminal, card); errors.Is(err, prisma.ErrState) {
			for _, i := range c.sim.Intents(terminal) {
				if i.QR != "" {
					err = c.sim.PayQR(i.QR, prisma.Wallet{})
				}
			}
		}
	case 13:
		err = c.sim.Confirm(terminal)
	case 14:
		err = c.sim.CancelAt(terminal)
	case 15:
		if id := pick(c.rnd, c.paid...); id != "" {
			c.cancel(id)
			c.cancelReversal(pick(c.rnd, c.paid...))
		}
		if id := pick(c.rnd, c.back...); id != "" {
			c.call("PUT", refunds+"/"+id+"/cancellations"+subnet, "")
		}
	case 16:
		err = c.sim.SetPower(terminal, c.rnd.IntN(3) > 0)
	case 17:
		err = c.sim.CutPower(terminal, pick(c.rnd, prisma.CutNow, prisma.CutAfterAuthorization, prisma.CutAfterAuthorizationUndo))
	case 18:
		err = c.sim.SetSwitches(prisma.Switches{CancelRace: pick(c.rnd, "", prisma.RaceUndoWins, prisma.RacePaymentWins), ReversalAfterClose: c.rnd.IntN(2) == 0,
			DeviceCancelDeclined: c.rnd.IntN(2) == 0, UndoDeclinedFinal: c.rnd.IntN(2) == 0})
	case 19:
		err = c.sim.Plant(terminal, prisma.Movement{Type: pick(c.rnd, "sale", "refund", "void"), Amount: 100, Payment: pick(c.rnd, c.paid...)})
		err = errors.Join(err, c.sim.CloseBatch(terminal))
	}
	if err != nil && !errors.Is(err, prisma.ErrState) && !errors.Is(err, prisma.ErrNothing) && !errors.Is(err, prisma.ErrCard) {
		c.Fatal(err)
	}
	c.clock.Move(pick(c.rnd, 0, 100*time.Millisecond, time.Second, 5*time.Second))
}

// calm lets everybody finish what is under way.
func (c *crowd) calm() {
	for range 200 {
		open := c.sim.Intents("")
		if len(open) == 0 {
			return
		}
		for _, t := range []string{one, two} {
			c.do(c.sim.SetPower(t, true))
			c.do(c.sim.CutPower(t, ""))
			if list := c.sim.Intents(t); len(list) > 0 {
				_ = c.sim.Take(t, list[0].ID)
				_ = c.sim.CancelAt(t)
			}
		}
		c.clock.Move(10 * time.Second)
	}
	c.Fatal("some intents have no end", c.sim.Intents(""))
}

// TestPRSIM06_WhateverPeopleDoTheBooksAgree: after each quiet point every
// status agrees with the books, and every batch with its own movements.
func TestPRSIM06_WhateverPeopleDoTheBooksAgree(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			c := &crowd{stand: newStand(t, paced), rnd: rand.New(rand.NewPCG(seed, 1))}
			for range 8 {
				for range 150 {
					c.step()
				}
				c.calm()
				c.login()
				c.agree()
			}
			if b := c.sim.Books(); len(b.Authorizations) < 20 || len(b.Refunds) < 5 || len(b.Batches) < 5 {
				t.Fatal("too little happened", len(b.Authorizations), len(b.Refunds), len(b.Batches))
			}
		})
	}
}

func (c *crowd) agree() {
	books := c.sim.Books()
	granted := map[string]prisma.Authorization{}
	for _, a := range books.Authorizations {
		if _, twice := granted[a.PaymentID]; twice && a.PaymentID != "" {
			c.Fatal("granted twice", a)
		}
		granted[a.PaymentID] = a
	}
	for _, id := range c.paid {
		a, there := granted[id]
		technical := a.VoidedBy == "undo" || a.VoidedBy == "power"
		switch status := c.payment(id).text("payment_data", "payment_status"); status {
		case "CONFIRMED":
			if !there || technical {
				c.Fatal(status, a)
			}
		case "UNDONE", "DECLINED":
			if there && !technical {
				c.Fatal(status, a)
			}
		case "ERROR": // may hide a charge
		default:
			c.Fatal(id, status)
		}
	}
	back := map[string]bool{}
	for _, r := range books.Refunds {
		back[r.RefundID] = !r.Voided
	}
	for _, id := range c.back {
		status := c.call("GET", refunds+"/"+id+subnet, "").text("refund_data", "refund_status")
		if (status == "CONFIRMED") != back[id] && status != "ERROR" {
			c.Fatal(id, status, back[id])
		}
	}
	closed := map[string]bool{}
	for _, b := range books.Batches {
		closed[b.SettlementID] = true
		var sales, reversals, returned prisma.Sum
		for _, a := range books.Authorizations {
			if a.Terminal != b.Terminal || a.VoidedBy == "undo" || a.VoidedBy == "power" {
				continue
			}
			if a.Batch == b.Number {
				sales = prisma.Sum{Count: sales.Count + 1, Amount: sales.Amount + a.Amount}
			}
			if a.Reversed && a.VoidedIn == b.Number {
				reversals = prisma.Sum{Count: reversals.Count + 1, Amount: reversals.Amount + a.Amount}
			}
		}
		for _, r := range books.Refunds {
			if r.Terminal == b.Terminal && r.Batch == b.Number && !r.Voided {
				returned = prisma.Sum{Count: returned.Count + 1, Amount: returned.Amount + r.Amount}
			}
		}
		if b.Totals.Sales != sales || b.Totals.Reversals != reversals || b.Totals.Refunds != returned {
			c.Fatal(b, sales, reversals, returned)
		}
	}
	for _, id := range c.shut {
		status := c.call("GET", settlements+"/"+id+subnet, "").text("settlements_data", "settlement_status")
		if (status == "CONFIRMED") != closed[id] {
			c.Fatal(id, status, closed[id])
		}
	}
}
