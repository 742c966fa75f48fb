package payment_test

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"posta/payment"
	"posta/provider"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func after(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

func order(status provider.Status, seconds int) provider.Fact {
	return provider.Fact{Kind: provider.FactOrder, ID: "qr", Status: status, At: after(seconds), Amount: 150000}
}

func sale(id string, status provider.Status, seconds int) provider.Fact {
	return provider.Fact{Kind: provider.FactSale, ID: id, Status: status, At: after(seconds), Amount: 150000}
}

func attempt(id, parent string, status provider.Status, amount int64, seconds int) provider.Fact {
	return provider.Fact{Kind: provider.FactAttempt, ID: id, Parent: parent, Status: status, Amount: amount, At: after(seconds)}
}

func refund(id, parent string, amount int64, seconds int) provider.Fact {
	return provider.Fact{Kind: provider.FactRefund, ID: id, Parent: parent, Status: provider.StatusApproved, Amount: amount, At: after(seconds)}
}

func TestComputeReadsTheStateOffTheFacts(t *testing.T) {
	const asked = 150000
	for _, c := range []struct {
		name      string
		facts     []provider.Fact
		state     payment.State
		attention payment.Attention
		captured  int64
		refunded  int64
	}{
		{"nothing known", nil, payment.Created, "", 0, 0},
		{"answer to create lost", []provider.Fact{{Kind: provider.FactOrder, ID: "create", Status: provider.StatusLost, At: noon}}, payment.Unknown, "", 0, 0},
		{"lost, then found open", []provider.Fact{{Kind: provider.FactOrder, ID: "create", Status: provider.StatusLost, At: noon}, order(provider.StatusOpen, 3)}, payment.Pending, "", 0, 0},
		{"create refused", []provider.Fact{{Kind: provider.FactOrder, ID: "create", Status: provider.StatusRefused, At: noon}}, payment.Failed, "", 0, 0},
		{"open", []provider.Fact{order(provider.StatusOpen, 0)}, payment.Pending, "", 0, 0},
		{"scanned", []provider.Fact{order(provider.StatusOpen, 0), sale("1", provider.StatusOpen, 5)}, payment.Pending, "", 0, 0},
		{"an opened sale never pays, whatever its attempts say",
			[]provider.Fact{order(provider.StatusOpen, 0), sale("1", provider.StatusOpen, 5), attempt("p", "1", provider.StatusApproved, asked, 6)}, payment.Pending, "", 0, 0},
		{"a decline is an attempt, the order stays open",
			[]provider.Fact{order(provider.StatusOpen, 0), sale("1", provider.StatusOpen, 5), attempt("p", "1", provider.StatusRejected, asked, 6)}, payment.Pending, "", 0, 0},
		{"paid", []provider.Fact{order(provider.StatusOpen, 0), sale("1", provider.StatusClosed, 9), attempt("p", "1", provider.StatusApproved, asked, 9)}, payment.Paid, "", asked, 0},
		{"P26: finished without an approved attempt is not paid",
			[]provider.Fact{order(provider.StatusClosed, 9), attempt("p", "qr", provider.StatusRejected, asked, 9)}, payment.Pending, payment.AttentionShortfall, 0, 0},
		{"paid with two cards", []provider.Fact{order(provider.StatusOpen, 0), sale("1", provider.StatusClosed, 9),
			attempt("p", "1", provider.StatusApproved, 100000, 8), attempt("q", "1", provider.StatusApproved, 50000, 9)}, payment.Paid, "", asked, 0},
		{"closed with too little", []provider.Fact{sale("1", provider.StatusClosed, 9), attempt("p", "1", provider.StatusApproved, 100000, 8)}, payment.Pending, payment.AttentionShortfall, 100000, 0},
		{"too little, taken by a person", []provider.Fact{sale("1", provider.StatusClosed, 9), attempt("p", "1", provider.StatusApproved, 100000, 8),
			{Kind: provider.FactOperator, ID: "user:1", Status: provider.StatusAccepted, At: after(60)}}, payment.Paid, "", 100000, 0},
		{"a discount explains the difference", []provider.Fact{{Kind: provider.FactOrder, ID: "ORD1", Status: provider.StatusClosed, At: after(9), Amount: asked, Explained: -5000},
			attempt("p", "ORD1", provider.StatusApproved, 145000, 9)}, payment.Paid, "", 145000, 0},
		{"two scans both paid", []provider.Fact{sale("1", provider.StatusClosed, 9), attempt("p", "1", provider.StatusApproved, asked, 9),
			sale("2", provider.StatusClosed, 9), attempt("q", "2", provider.StatusApproved, asked, 9)}, payment.Paid, payment.AttentionOverpaid, 2 * asked, 0},
		{"canceled", []provider.Fact{order(provider.StatusOpen, 0), order(provider.StatusCanceled, 4)}, payment.Canceled, "", 0, 0},
		{"canceled, and the scan still there", []provider.Fact{order(provider.StatusOpen, 0), sale("1", provider.StatusOpen, 2), order(provider.StatusCanceled, 4)}, payment.Canceled, "", 0, 0},
		{"P27: cancel and approval crossed", []provider.Fact{order(provider.StatusOpen, 0), order(provider.StatusCanceled, 4), sale("1", provider.StatusClosed, 5), attempt("p", "1", provider.StatusApproved, asked, 5)}, payment.Paid, payment.AttentionPaidLate, asked, 0},
		{"paid late, and all of it given back: nobody has anything to do", []provider.Fact{order(provider.StatusOpen, 0), order(provider.StatusCanceled, 4), sale("1", provider.StatusClosed, 5), attempt("p", "1", provider.StatusApproved, asked, 5), refund("r", "p", asked, 6)},
			payment.Refunded, "", asked, asked},
		{"canceled, and told to be open by a clock that runs ahead", []provider.Fact{order(provider.StatusCanceled, 4), order(provider.StatusOpen, 3600)}, payment.Canceled, "", 0, 0},
		{"refused, and nothing found after its time", []provider.Fact{{Kind: provider.FactOrder, ID: "create", Status: provider.StatusRefused, At: noon}, order(provider.StatusExpired, 600)}, payment.Failed, "", 0, 0},
		{"half paid, and ended", []provider.Fact{order(provider.StatusOpen, 0), sale("1", provider.StatusOpen, 5), attempt("p", "1", provider.StatusApproved, 100000, 6), order(provider.StatusExpired, 600)},
			payment.Expired, payment.AttentionShortfall, 100000, 0},
		{"half paid, ended and given back", []provider.Fact{order(provider.StatusExpired, 600), sale("1", provider.StatusOpen, 5), attempt("p", "1", provider.StatusApproved, 100000, 6), refund("r", "p", 100000, 700)},
			payment.Expired, "", 100000, 100000},
		{"half paid, ended and taken by a person", []provider.Fact{order(provider.StatusExpired, 600), sale("1", provider.StatusOpen, 5), attempt("p", "1", provider.StatusApproved, 100000, 6),
			{Kind: provider.FactOperator, ID: "user:1", Status: provider.StatusAccepted, At: after(900)}}, payment.Paid, "", 100000, 0},
		{"expired", []provider.Fact{order(provider.StatusOpen, 0), order(provider.StatusExpired, 600)}, payment.Expired, "", 0, 0},
		{"a terminal's decline", []provider.Fact{order(provider.StatusRejected, 4)}, payment.Rejected, "", 0, 0},
		{"the provider wants a look", []provider.Fact{order(provider.StatusReview, 4)}, payment.Pending, payment.AttentionReview, 0, 0},
		{"the provider long gives no answer", []provider.Fact{order(provider.StatusOpen, 0), {Kind: provider.FactOrder, ID: "enquiry", Status: provider.StatusReview, At: after(900)}}, payment.Pending, payment.AttentionReview, 0, 0},
		{"lost, and long no answer: still unknown", []provider.Fact{{Kind: provider.FactOrder, ID: "create", Status: provider.StatusLost, At: noon},
			{Kind: provider.FactOrder, ID: "enquiry", Status: provider.StatusReview, At: after(900)}}, payment.Unknown, payment.AttentionReview, 0, 0},
		{"no answer for long, then its end", []provider.Fact{order(provider.StatusExpired, 901), {Kind: provider.FactOrder, ID: "enquiry", Status: provider.StatusReview, At: after(900)}}, payment.Expired, "", 0, 0},
		{"proof of another till", []provider.Fact{order(provider.StatusOpen, 0), {Kind: provider.FactForeign, ID: "till"}}, payment.Pending, payment.AttentionMismatch, 0, 0},
		{"partly refunded", []provider.Fact{sale("1", provider.StatusClosed, 9), attempt("p", "1", provider.StatusApproved, asked, 9), refund("r", "p", 50000, 90)}, payment.PartiallyRefunded, "", asked, 50000},
		{"refunded in two", []provider.Fact{sale("1", provider.StatusClosed, 9), attempt("p", "1", provider.StatusApproved, asked, 9), refund("r", "p", 50000, 90), refund("s", "p", 100000, 95)}, payment.Refunded, "", asked, asked},
		{"disputed", []provider.Fact{sale("1", provider.StatusClosed, 9), attempt("p", "1", provider.StatusApproved, asked, 9), attempt("p", "1", provider.StatusInMediation, asked, 99)}, payment.Disputed, "", asked, 0},
		{"dispute won", []provider.Fact{sale("1", provider.StatusClosed, 9), attempt("p", "1", provider.StatusApproved, asked, 200), attempt("p", "1", provider.StatusInMediation, asked, 99)}, payment.Paid, "", asked, 0},
		{"charged back", []provider.Fact{sale("1", provider.StatusClosed, 9), attempt("p", "1", provider.StatusChargedBack, asked, 99)}, payment.ChargedBack, "", asked, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := payment.Compute(asked, c.facts)
			if got.State != c.state || got.Attention != c.attention || got.Captured != c.captured || got.Refunded != c.refunded {
				t.Errorf("got %s %q captured %d refunded %d, want %s %q %d %d",
					got.State, got.Attention, got.Captured, got.Refunded, c.state, c.attention, c.captured, c.refunded)
			}
		})
	}
}

// statuses that each kind of fact may take in a generated history.
var statuses = map[provider.Kind][]provider.Status{
	provider.FactOrder:   {provider.StatusOpen, provider.StatusCanceled, provider.StatusExpired, provider.StatusClosed, provider.StatusLost, provider.StatusRefused, provider.StatusReview},
	provider.FactSale:    {provider.StatusOpen, provider.StatusClosed, provider.StatusExpired},
	provider.FactAttempt: {provider.StatusPending, provider.StatusRejected, provider.StatusApproved, provider.StatusInMediation, provider.StatusChargedBack},
	provider.FactRefund:  {provider.StatusPending, provider.StatusApproved, provider.StatusRejected},
}

func history(t *rapid.T) []provider.Fact {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) provider.Fact {
		kind := rapid.SampledFrom([]provider.Kind{provider.FactOrder, provider.FactSale, provider.FactAttempt, provider.FactRefund}).Draw(t, "kind")
		return provider.Fact{Kind: kind, ID: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "id"),
			Parent: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "parent"),
			Status: rapid.SampledFrom(statuses[kind]).Draw(t, "status"),
			Amount: rapid.SampledFrom([]int64{50, 100}).Draw(t, "amount"),
			At:     after(rapid.IntRange(0, 4).Draw(t, "second")),
			Brand:  rapid.SampledFrom([]string{"", "visa", "master"}).Draw(t, "brand")}
	}), 0, 9).Draw(t, "facts")
}

// Promise 13. Sabotage that turns it red: let newest keep the fact that
// arrived last ("apply in order of arrival").
func TestP13_AnyOrderEndsEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := history(t)
		repeated := append(append([]provider.Fact{}, facts...), rapid.SliceOf(rapid.SampledFrom(append(facts, provider.Fact{Kind: provider.FactForeign, ID: "-"}))).Draw(t, "again")...)
		var told []provider.Fact
		for _, f := range rapid.Permutation(repeated).Draw(t, "arrival") {
			if f.Kind != provider.FactForeign {
				told = append(told, f)
			}
		}
		if want, got := payment.Compute(100, facts), payment.Compute(100, told); !reflect.DeepEqual(want, got) {
			t.Fatalf("in order: %+v\nshuffled and repeated: %+v", want, got)
		}
		want, got := payment.Payment{Facts: facts}, payment.Payment{Facts: told}
		if !reflect.DeepEqual(want.Attempts(), got.Attempts()) {
			t.Fatalf("attempts differ: %+v, %+v", want.Attempts(), got.Attempts())
		}
	})
}

func TestMoneyIsNeverProvenWithoutAClosedOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := history(t)
		closed := false
		for _, f := range facts {
			closed = closed || f.Status == provider.StatusClosed
		}
		if got := payment.Compute(100, facts); got.State.Moneyed() && !closed {
			t.Fatalf("%s without a closed order", got.State)
		}
	})
}

func TestWhatComesLaterDoesNotMoveTheEndOrTheMomentPaid(t *testing.T) {
	gone := payment.Compute(150000, []provider.Fact{order(provider.StatusOpen, 0), order(provider.StatusCanceled, 60), order(provider.StatusExpired, 900)})
	if gone.State != payment.Canceled {
		t.Errorf("canceled, and then found run out: %s, want canceled", gone.State)
	}
	back := payment.Compute(150000, []provider.Fact{sale("7", provider.StatusClosed, 60), attempt("p", "7", provider.StatusApproved, 150000, 60),
		refund("r", "p", 500, 700), attempt("p", "7", provider.StatusApproved, 150000, 700)})
	if back.State != payment.PartiallyRefunded || !back.PaidAt.Equal(after(60)) {
		t.Errorf("%s, paid at %s; want partially_refunded, paid at %s: a refund does not move it", back.State, back.PaidAt, after(60))
	}
}
