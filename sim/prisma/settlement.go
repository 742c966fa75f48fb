package prisma

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
)

// createSettlement asks a terminal to close its batch: all by query, the body
// empty or {} (docs/providers/prisma.md §8).
func createSettlement(c *call) reply {
	if len(bytes.TrimSpace(c.body)) > 0 {
		if f, err := parseForm(c.body); err != nil || f.end() != "" {
			return c.badRequest("body")
		}
	}
	print := c.query("print_receipt")
	if c.sim.switches.PrintReceiptAnyCase {
		print = strings.ToLower(print)
	}
	if print != "true" && print != "false" {
		return c.badRequest("print_receipt")
	}
	id := c.query("terminal_id")
	if !terminalID.MatchString(id) {
		return c.badRequest("terminal_id")
	}
	i := &intent{Kind: KindSettlement, Text: "Cierre de lote", Terminals: []string{id}, Print: print, Copies: "NONE"}
	if print == "true" {
		i.Copies = "MERCHANT_ONLY"
	}
	if bad := c.offer(i); bad != nil {
		return *bad
	}
	return reply{status: http.StatusOK, body: c.sim.settlementAnswer(i)}
}

func getSettlement(c *call) reply {
	i := c.find(KindSettlement)
	if i == nil {
		return c.notFound("Cierre de lote")
	}
	return reply{status: http.StatusOK, body: c.sim.settlementAnswer(i)}
}

func (s *Simulator) settlementAnswer(i *intent) object {
	v := object{"settlement_id": i.ID, "settlement_status": i.status(), "settlement_request_date": s.date(i.Created), "settlement_status_date": s.date(i.Moved),
		"print_receipt": i.Print, "subnet_acquirer_id": subnets[s.accounts[i.Account].Environment], "batch_number": nil}
	s.place(v, i)
	s.outcome(v, i)
	for _, name := range []string{"acquirer_id", "acquirer_response_date", "client_receipt_detail"} {
		delete(v, name) // not among a settlement's fields
	}
	v["terminal_id"] = i.Terminals[0]
	if i.Stage == done {
		v["batch_number"] = strconv.FormatInt(i.Result.BatchNumber, 10)
	}
	name := "settlements_data"
	if s.switches.SettlementDataSingular {
		name = "settlement_data"
	}
	return object{name: s.shape(v)}
}
