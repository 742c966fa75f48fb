package settlement_test

import (
	"flag"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"posta"
	"posta/provider"
	"posta/settlement"
	"posta/store"
	"posta/store/storetest"
)

// Whatever is sold, given back, closed, declined, lost and settled by a slip: a
// movement is counted in exactly one close, and where the provider's books are
// ours no close that is settled as it was differs. Sabotages that turn it red:
// recount that does nothing; a window that begins at the last settlement of any
// state.
func TestP30_AMovementIsCountedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if checks := flag.Lookup("rapid.checks"); db.Dialect() == store.Postgres && checks.Value.String() == checks.DefValue {
			defer func() { _ = checks.Value.Set(checks.DefValue) }() // its commits take longer
			must[any](t)(nil, checks.Value.Set("20"))
		}
		rapid.Check(t, func(r *rapid.T) {
			d := newDesk(t, db)
			d.nameless = rapid.Bool().Draw(r, "nameless")
			d.mute = rapid.Bool().Draw(r, "mute")
			type lost struct {
				id     posta.SettlementID
				closed bool
				batch  int
			}
			var unknown []lost
			settle := func(l lost) {
				totals := d.total(l.batch)
				if _, err := d.SettleBySlip(t.Context(), l.id, settlement.SlipInput{MerchantID: d.world.Merchant.ID, Mode: posta.Test, Closed: l.closed,
					Batch: strconv.Itoa(l.batch), Totals: &totals, By: "user:ana"}); err != nil {
					r.Fatal(err)
				}
			}
			moved := 0
			for range rapid.IntRange(1, 14).Draw(r, "steps") {
				switch step := rapid.SampledFrom([]string{"move", "move", "move", "close", "close", "lose", "slip"}).Draw(r, "step"); step {
				case "move":
					d.move(t, rapid.SampledFrom([]settlement.MovementKind{settlement.Sale, settlement.Sale, settlement.Reversal, settlement.Refund}).Draw(r, "kind"),
						rapid.SampledFrom([]string{"VI", "MC"}).Draw(r, "brand"), rapid.Int64Range(1, 1000).Draw(r, "amount"))
					moved++
				case "close":
					st := d.closed(t, rapid.SampledFrom([]provider.Status{provider.StatusApproved, provider.StatusApproved, provider.StatusRejected}).Draw(r, "end"))
					if st.Attention == settlement.AttentionUnread {
						settle(lost{st.ID, true, d.batch - 1})
					}
				case "lose":
					l := lost{batch: d.batch, closed: rapid.Bool().Draw(r, "arrives")}
					d.lose, d.drop = l.closed, !l.closed
					l.id = d.ask(t).ID
					if l.closed {
						d.batch++
					}
					unknown = append(unknown, l)
				case "slip":
					if len(unknown) > 0 {
						at := rapid.IntRange(0, len(unknown)-1).Draw(r, "which")
						settle(unknown[at])
						unknown = append(unknown[:at], unknown[at+1:]...)
					}
				}
				d.clock.Move(time.Minute)
			}
			for _, l := range unknown {
				settle(l)
			}
			if last := d.closed(t, provider.StatusApproved); last.Attention == settlement.AttentionUnread {
				settle(lost{last.ID, true, d.batch - 1})
			}
			var counted int64
			for _, st := range d.all(t) {
				if st.State == settlement.Confirmed {
					counted += st.Ours.Sales.Count + st.Ours.Reversals.Count + st.Ours.Refunds.Count
					if st.Attention != settlement.AttentionNone {
						r.Errorf("%s of batch %s: %+v, theirs %+v", st.Attention, st.Batch, st.Ours, st.Theirs)
					}
				}
			}
			if counted != int64(moved) {
				r.Errorf("%d movements, %d counted", moved, counted)
			}
		})
	})
}
