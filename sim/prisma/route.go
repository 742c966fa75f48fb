package prisma

import "net/http"

// operation is one call of the provider's API. Its name is what fault rules
// match.
type operation struct {
	name, pattern string
	subnet        bool // subnet_acquirer_id stands in the query (docs/providers/prisma.md §4)
	do            func(*call) reply
	open          bool // needs no token
}

const paystore = "/v1/paystore_terminals/"

var operations = []operation{
	{name: "token", pattern: "GET /v1/oauth/accesstoken", do: getToken, open: true},
	{name: "token", pattern: "POST /v1/oauth/accesstoken", do: postToken, open: true},

	{name: "payment_create", pattern: "POST " + paystore + "terminal_payments/payments", do: createPayment},
	{name: "payment_get", pattern: "GET " + paystore + "terminal_payments/payments/{id}", subnet: true, do: getPayment},
	{name: "payment_cancel", pattern: "PUT " + paystore + "terminal_payments/payments/{id}/cancellations", subnet: true, do: cancelPayment},
	{name: "payment_search", pattern: "POST " + paystore + "terminal_payments/payments/searches", do: searchPayments},

	{name: "reversal_create", pattern: "POST " + paystore + "terminal_reversals/reversals", do: createReversal},
	{name: "reversal_get", pattern: "GET " + paystore + "terminal_reversals/reversals/{id}", subnet: true, do: getReversal},
	{name: "reversal_cancel", pattern: "PUT " + paystore + "terminal_reversals/reversals/{id}/cancellations", subnet: true, do: cancelReversal},

	{name: "refund_create", pattern: "POST " + paystore + "terminal_refunds/refunds", do: createRefund},
	{name: "refund_get", pattern: "GET " + paystore + "terminal_refunds/refunds/{id}", subnet: true, do: getRefund},
	{name: "refund_cancel", pattern: "PUT " + paystore + "terminal_refunds/refunds/{id}/cancellations", subnet: true, do: cancelRefund},

	{name: "settlement_create", pattern: "POST " + paystore + "terminal_settlements/settlements", subnet: true, do: createSettlement},
	{name: "settlement_get", pattern: "GET " + paystore + "terminal_settlements/settlements/{id}", subnet: true, do: getSettlement},

	{name: "liveness", pattern: "GET " + paystore + "{api}/health/liveness", do: liveness},
}

// Handler serves the API at the root, and what is the simulator's own below
// /sim/.
func (s *Simulator) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, op := range operations {
		mux.HandleFunc(op.pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, &op) })
	}
	unknown := operation{name: "unknown", do: func(c *call) reply { return c.notFound("Recurso") }}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, &unknown) })
	s.own(mux)
	return mux
}

// liveness is the health check, which needs a token
// (docs/providers/prisma.md §5.1); its body is inferred.
func liveness(*call) reply { return reply{status: http.StatusOK, body: object{"status": "UP"}} }
