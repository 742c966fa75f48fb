package prisma

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

type object = map[string]any

// reply is an answer. code is for the traffic list.
type reply struct {
	status int
	body   any
	code   string
}

// fail answers an error in the shape that the switches ask for
// (docs/providers/prisma.md §9). The codes are invented: no catalogue is known.
func (c *call) fail(status int, code, title string) reply {
	w := c.sim.switches
	out := reply{status: status, code: code}
	switch w.ErrorShape {
	case "array":
		out.body = []object{{"code": code, "message": title}}
	case "object":
		out.body = object{"code": code, "message": title}
	case "text":
		out.body = plainText(title)
	case "empty":
		out.body = plainText("")
	default:
		out.body = object{"errors": []object{{"status": strconv.Itoa(status), "code": code, "title": title, "acquirer_message": nil}}}
	}
	if w.ErrorsIn200 {
		out.status = http.StatusOK
	}
	return out
}

// plainText is a body that is not JSON.
type plainText string

func (c *call) badRequest(field string) reply {
	return c.fail(http.StatusBadRequest, "PST-400", "Campo inválido: "+field)
}

func (c *call) notFound(what string) reply {
	return c.fail(http.StatusNotFound, "PST-404", what+" inexistente")
}

func (c *call) conflict(title string) reply {
	return c.fail(http.StatusConflict, "PST-409", title)
}

// Fields of answers whose JSON type the sources leave open (§5.3, §16.1).
var (
	numberFields = []string{"installments_number", "transaction_receipt", "batch_number", "client_transaction_id", "bank_account_type", "refund_client_id"}
	stringFields = []string{"authorized_payment_amount", "change_amount", "qr_original_amount", "batch_number", "refunds_transaction_receipt"}
)

// shape gives the data of an answer the types that the switches ask for.
func (s *Simulator) shape(data object) object {
	if s.switches.NumbersAsStrings {
		for _, name := range numberFields {
			if n, ok := data[name].(int64); ok {
				data[name] = strconv.FormatInt(n, 10)
			}
		}
	}
	if s.switches.StringsAsNumbers {
		for _, name := range stringFields {
			if text, ok := data[name].(string); ok {
				if n, err := strconv.ParseInt(text, 10, 64); err == nil {
					data[name] = n
				}
			}
		}
	}
	if s.switches.NullsAbsent {
		for name, v := range data {
			if v == nil {
				delete(data, name)
			}
		}
	}
	return data
}

// orNull is nil for what is empty.
func orNull[T comparable](v T) any {
	if v == *new(T) {
		return nil
	}
	return v
}

func encode(body any) []byte {
	switch b := body.(type) {
	case nil:
		return nil
	case plainText:
		return []byte(b)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		panic(fmt.Sprintf("sim/prisma: an answer does not marshal: %v", err))
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}
