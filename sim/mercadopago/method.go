package mercadopago

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Method types of the provider.
const (
	creditCard    = "credit_card"
	debitCard     = "debit_card"
	prepaidCard   = "prepaid_card"
	ticket        = "ticket"
	bankTransfer  = "bank_transfer"
	atm           = "atm"
	accountMoney  = "account_money"
	standingMoney = "digital_currency"
)

// method is a way to pay of one site. Limits are whole major units times 100;
// zero is none known (docs/providers/mercadopago-online.md §4.3).
type method struct {
	ID, Name, Type string
	Min, Max       int64
	Accreditation  int    // minutes
	BIN            string // pattern of the first six digits
	Length         int    // of the card's number; 0 is 16
	Code           int    // digits of the security code; 0 is 3
	Needs          string // what the payer must tell besides the e-mail, separated by blanks
	Inactive       bool   // withdrawn: listed as deactive, refused
}

// Patterns of card ranges. They are the schemes' public ranges, and the
// debit ranges are those of the provider's test cards.
const (
	visaBIN   = `^4`
	masterBIN = `^(5[1-5]|503(143|175)|2(22[1-9]|2[3-9]|[3-6]|7[01]|720))`
	amexBIN   = `^3[47]`
	dinersBIN = `^3(0[0-5]|[689])`
)

func card100(id, name, bin string, low, high int64) method {
	return method{ID: id, Name: name, Type: creditCard, BIN: bin, Min: low, Max: high, Accreditation: 2880}
}

func debit100(id, name, bin string, low, high int64) method {
	return method{ID: id, Name: name, Type: debitCard, BIN: bin, Min: low, Max: high, Accreditation: 1440}
}

func amex100(low, high int64) method {
	m := card100("amex", "American Express", amexBIN, low, high)
	m.Length, m.Code = 15, 4
	return m
}

func diners100(low, high int64) method {
	m := card100("diners", "Diners", dinersBIN, low, high)
	m.Length = 14
	return m
}

func wallet100(low, high int64) method {
	return method{ID: accountMoney, Name: "Dinero en mi cuenta de MercadoPago", Type: accountMoney, Min: low, Max: high, Accreditation: 2880}
}

const brazilPayer = "first_name last_name identification address"

// methods lists them by site, the ranges of debit cards first: the first
// pattern that matches a number names its method.
var methods = map[string][]method{
	"MLA": {
		debit100("debmaster", "Mastercard Débito", `^528733`, 0, 25000000), debit100("debvisa", "Visa Débito", `^400276`, 0, 25000000),
		debit100("debcabal", "Cabal Débito", `^604201`, 0, 25000000), debit100("maestro", "Maestro", `^5018`, 0, 25000000),
		card100("naranja", "Naranja", `^589562`, 0, 25000000), card100("cabal", "Cabal", `^(589657|6042|6035)`, 0, 25000000),
		card100("argencard", "Argencard", `^501105`, 0, 25000000),
		card100("visa", "Visa", visaBIN, 0, 25000000), card100("master", "Mastercard", masterBIN, 0, 25000000), amex100(0, 25000000), diners100(0, 25000000),
		{ID: "rapipago", Name: "Rapipago", Type: ticket, Max: 25000000}, {ID: "pagofacil", Name: "Pago Fácil", Type: ticket, Max: 25000000},
		{ID: "cobroexpress", Name: "Cobro Express", Type: ticket, Inactive: true}, {ID: "cargavirtual", Name: "Carga Virtual (Kioscos y comercios cercanos)", Type: ticket, Inactive: true},
		{ID: "redlink", Name: "Red Link", Type: atm, Inactive: true}, wallet100(0, 0), {ID: "consumer_credits", Name: "Cuotas sin Tarjeta", Type: standingMoney},
	},
	"MLB": {
		debit100("debelo", "Elo Débito", `^506776`, 50, 6000000), debit100("debvisa", "Visa Débito", `^498401`, 50, 5000000), debit100("debmaster", "Mastercard Débito", `^502121`, 50, 6000000),
		card100("elo", "Elo", `^(4011|438935|4576|504175|506[67]|509|636[23]|650|651|655)`, 50, 6000000), card100("hipercard", "Hipercard", `^6062`, 50, 6000000),
		card100("visa", "Visa", visaBIN, 50, 6000000), card100("master", "Mastercard", masterBIN, 50, 6000000), amex100(50, 6000000),
		{ID: "pix", Name: "PIX", Type: bankTransfer, Min: 1, Max: 999999900},
		{ID: "bolbradesco", Name: "Boleto", Type: ticket, Min: 400, Max: 10000000, Accreditation: 1440, Needs: brazilPayer},
		{ID: "pec", Name: "Pagamento na lotérica", Type: ticket, Min: 400, Max: 200000, Accreditation: 60, Needs: brazilPayer},
		wallet100(1, 1000000000),
	},
	"MLM": {
		debit100("debmaster", "Mastercard Débito", `^557905`, 500, 30000000), debit100("debvisa", "Visa Débito", `^418914`, 500, 30000000),
		{ID: "mercadopagocard", Name: "Tarjeta MercadoPago", Type: prepaidCard, BIN: `^531256`, Min: 500, Max: 30000000, Accreditation: 1440},
		card100("visa", "Visa", visaBIN, 500, 30000000), card100("master", "Mastercard", masterBIN, 500, 30000000), amex100(500, 30000000),
		{ID: "oxxo", Name: "OXXO", Type: ticket, Min: 500, Max: 1000000, Accreditation: 2880}, {ID: "paycash", Name: "PayCash", Type: ticket, Min: 2000, Max: 6000000},
		{ID: "banamex", Name: "Citibanamex", Type: atm, Min: 500, Max: 4000000, Accreditation: 60}, {ID: "serfin", Name: "Santander", Type: atm, Min: 500, Max: 4000000, Accreditation: 60},
		{ID: "bancomer", Name: "BBVA Bancomer", Type: atm, Min: 1000, Max: 4000000, Accreditation: 60},
		{ID: "clabe", Name: "Transferencia SPEI", Type: bankTransfer, Min: 500, Max: 30000000}, wallet100(0, 0),
	},
	"MCO": {
		debit100("debvisa", "Visa Débito", `^491511`, 100000, 3000000000), debit100("debmaster", "Mastercard Débito", `^530371`, 100000, 3000000000),
		card100("codensa", "Crédito Fácil Codensa", `^590712`, 100000, 3000000000),
		card100("visa", "Visa", visaBIN, 100000, 3000000000), card100("master", "Mastercard", masterBIN, 100000, 3000000000), amex100(100000, 3000000000), diners100(100000, 3000000000),
		{ID: "pse", Name: "PSE", Type: bankTransfer, Min: 160000, Max: 3000000000, Accreditation: 30, Needs: "entity_type identification financial_institution ip_address callback_url"},
		{ID: "efecty", Name: "Efecty", Type: ticket, Min: 500000, Max: 400000000}, {ID: "baloto", Name: "Baloto", Type: ticket, Min: 150000, Max: 100000000, Inactive: true}, wallet100(0, 0),
	},
	"MLC": {
		debit100("debmaster", "Mastercard Débito", `^524101`, 5000, 500000000), debit100("debvisa", "Visa Débito", `^402365`, 5000, 500000000), debit100("redcompra", "Redcompra", `^505`, 5000, 500000000),
		card100("visa", "Visa", visaBIN, 5000, 500000000), card100("master", "Mastercard", masterBIN, 5000, 500000000), amex100(5000, 500000000),
		{ID: "servipag", Name: "Servipag", Type: ticket, Min: 100, Max: 50000000, Inactive: true}, {ID: "webpay", Name: "RedCompra (Webpay)", Type: bankTransfer, Min: 5000, Max: 300000000, Accreditation: 20, Inactive: true}, wallet100(0, 0),
	},
	"MLU": {
		debit100("debvisa", "Visa Débito", `^(421301|441010)`, 100, 15000000),
		card100("oca", "OCA", `^589892`, 100, 15000000), card100("lider", "Lider", `^970110`, 100, 15000000), card100("creditel", "Creditel", `^601933`, 100, 15000000),
		card100("visa", "Visa", visaBIN, 100, 15000000), card100("master", "Mastercard", masterBIN, 100, 15000000), amex100(100, 15000000),
		{ID: "abitab", Name: "Abitab", Type: ticket, Min: 100, Max: 15000000}, {ID: "redpagos", Name: "Redpagos", Type: ticket, Min: 100, Max: 15000000}, wallet100(0, 0),
	},
	"MPE": {
		debit100("debmaster", "Mastercard Débito", `^517878`, 100, 5000000), debit100("debvisa", "Visa Débito", `^411090`, 100, 5000000),
		card100("visa", "Visa", visaBIN, 100, 5000000), card100("master", "Mastercard", masterBIN, 100, 5000000), amex100(100, 5000000), diners100(100, 5000000),
		{ID: "pagoefectivo_atm", Name: "PagoEfectivo", Type: atm, Min: 100, Max: 300000}, {ID: "yape", Name: "Yape", Type: debitCard, Min: 100, Max: 95000, Code: 3}, wallet100(0, 0),
	},
}

// isCard says whether a token is what pays by the method.
func (m method) isCard() bool {
	return m.Type == creditCard || m.Type == debitCard || m.Type == prepaidCard
}

func (m method) digits() int { return cmp.Or(m.Length, 16) }
func (m method) code() int   { return cmp.Or(m.Code, 3) }

func (m method) needs(what string) bool { return slices.Contains(strings.Fields(m.Needs), what) }

// minor turns the table's hundredths into the site's minor units.
func (t site) minor(hundredths int64) int64 {
	if t.Exponent == 0 {
		return hundredths / 100
	}
	return hundredths
}

// within says whether the method takes that many minor units.
func (m method) within(t site, amount int64) bool {
	return amount >= t.minor(m.Min) && (m.Max == 0 || amount <= t.minor(m.Max))
}

// method finds one of the site that can be paid with.
func (t site) method(id string) (method, bool) {
	for _, m := range methods[t.ID] {
		if m.ID == id && !m.Inactive {
			return m, true
		}
	}
	return method{}, false
}

// methodOfCard finds whose number begins so.
func (t site) methodOfCard(number string) (method, bool) {
	for _, m := range methods[t.ID] {
		if m.BIN != "" && !m.Inactive && pattern(m.BIN).MatchString(number) {
			return m, true
		}
	}
	return method{}, false
}

var patterns = func() map[string]*regexp.Regexp {
	m := map[string]*regexp.Regexp{}
	for _, list := range methods {
		for _, one := range list {
			m[one.BIN] = regexp.MustCompile(one.BIN)
		}
	}
	return m
}()

func pattern(bin string) *regexp.Regexp { return patterns[bin] }
