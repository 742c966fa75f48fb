package prisma

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// width is how many characters a slip's line has.
const width = 32

// pesos writes centavos in Argentine form: 1.500,00.
func pesos(centavos int64) string {
	sign := ""
	if centavos < 0 {
		sign, centavos = "-", -centavos
	}
	whole := strconv.FormatInt(centavos/100, 10)
	for n := len(whole) - 3; n > 0; n -= 3 {
		whole = whole[:n] + "." + whole[n:]
	}
	return fmt.Sprintf("%s%s,%02d", sign, whole, centavos%100)
}

func center(text string) string {
	return strings.Repeat(" ", max(0, (width-utf8.RuneCountInString(text))/2)) + text
}

func spread(left, right string) string {
	return left + strings.Repeat(" ", max(2, width-utf8.RuneCountInString(left)-utf8.RuneCountInString(right))) + right
}

// slips are the customer's and the merchant's copies of an operation
// (docs/providers/prisma.md §13; the layout is inferred).
func (s *Simulator) slips(i *intent, d *device, title string, amount int64) (client, shop string) {
	a := s.accounts[d.Account]
	lines := []string{center(strings.ToUpper(a.Name)), center("CUIT " + a.CUIT),
		spread("TERMINAL "+d.ID, fmt.Sprintf("LOTE %04d", i.Result.BatchNumber)),
		spread(i.Result.At.In(buenosAires).Format("02/01/2006 15:04"), fmt.Sprintf("CUPON %04d", i.Result.Coupon)), "", center(title)}
	if c := i.Card; c != nil {
		kind := map[string]string{"CREDIT": "CREDITO", "DEBIT": "DEBITO"}[c.Kind]
		lines = append(lines, spread(brandName(c.Brand), kind), spread("TARJETA", "************"+c.LastFour))
		if c.Installments > 1 {
			lines = append(lines, spread("CUOTAS", strconv.FormatInt(c.Installments, 10)))
		}
		for _, part := range []struct {
			name   string
			amount int64
		}{{"EXTRACASH", i.Change}, {"PROPINA", c.Tip}, {"DESCUENTO", -c.Discount}} {
			if part.amount != 0 {
				lines = append(lines, spread(part.name, pesos(part.amount)))
			}
		}
	}
	lines = append(lines, spread("TOTAL", "$ "+pesos(amount)), spread("AUTORIZACION", i.Result.Auth))
	if i.Note != "" {
		lines = append(lines, i.Note)
	}
	text := strings.Join(lines, "\n")
	return text + "\n" + center("COPIA CLIENTE"), text + "\n" + center("COPIA COMERCIO")
}

// closingSlip is the receipt of a batch close. Its layout is inferred
// (docs/providers/prisma.md §8.1).
func (s *Simulator) closingSlip(b *Batch) string {
	name := s.accounts[s.devices[b.Terminal].Account].Name
	lines := []string{"CIERRE DE LOTE", strings.ToUpper(name), "TERMINAL: " + b.Terminal, fmt.Sprintf("LOTE: %d", b.Number)}
	line := func(label string, sum Sum) {
		lines = append(lines, fmt.Sprintf("%-16s%2d  %11s", label+"  ", sum.Count, pesos(sum.Amount)))
	}
	for _, v := range b.Totals.Brands {
		line(v.Name, v.Sum)
	}
	line("VENTAS", b.Totals.Sales)
	line("ANULACIONES", b.Totals.Reversals)
	line("DEVOLUCIONES", b.Totals.Refunds)
	line("TOTAL", b.Totals.Total)
	return strings.Join(lines, "\n")
}

// print has the terminal print what the till asked for. Without paper the
// operation stands and its message says so (inferred).
func (s *Simulator) print(i *intent) {
	d := s.devices[i.Terminal]
	var copies []string
	if i.Result.Shop != "" && (i.Copies == "BOTH" || i.Copies == "MERCHANT_ONLY") {
		copies = append(copies, i.Result.Shop)
	}
	if i.Result.Client != "" && (i.Copies == "BOTH" || i.Copies == "CUSTOMER_ONLY") {
		copies = append(copies, i.Result.Client)
	}
	if len(copies) == 0 {
		return
	}
	if d.NoPaper {
		i.Result.Message = strings.TrimSpace(i.Result.Message + " COMPROBANTE NO IMPRESO: SIN PAPEL")
		s.put(i)
		return
	}
	d.Slip = strings.Join(copies, "\n\n")
	s.put(d)
}
