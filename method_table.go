package posta

import (
	"slices"
	"time"
)

const (
	day     = 24 * time.Hour
	unknown = -1 // minutes of accreditation are not published
)

// family is what the methods of one kind have in common.
type family struct {
	kind     MethodType
	needs    []BuyerField
	next     NextStep
	validity Validity
}

// docs/providers/mercadopago-online.md §2.3 and §4.3
var (
	cashValidity = Validity{3 * day, day, 30 * day}
	identified   = []BuyerField{BuyerEmail, BuyerIdentification}

	credit  = family{kind: CreditCard, needs: identified}
	debit   = family{kind: DebitCard, needs: identified}
	prepaid = family{kind: PrepaidCard, needs: identified}
	cash    = family{Ticket, identified, NextReference, cashValidity}
	slip    = family{Ticket, []BuyerField{BuyerEmail, BuyerName, BuyerIdentification, BuyerAddress}, NextBarcode, cashValidity}
	bankATM = family{ATM, []BuyerField{BuyerEmail}, NextReference, cashValidity}
	pix     = family{BankTransfer, []BuyerField{BuyerEmail}, NextQR, Validity{day, 30 * time.Minute, 30 * day}}
	pse     = family{BankTransfer, []BuyerField{BuyerEmail, BuyerName, BuyerIdentification, BuyerEntityType, BuyerBank, BuyerAddress, BuyerPhone}, NextRedirect, Validity{}}
	bank    = family{BankTransfer, []BuyerField{BuyerEmail}, NextRedirect, Validity{}}
	clabe   = family{BankTransfer, []BuyerField{BuyerEmail}, NextReference, Validity{}}
	balance = family{kind: AccountMoney, next: NextRedirect}
	loan    = family{kind: DigitalCurrency, next: NextRedirect}
	wallet  = family{DigitalWallet, []BuyerField{BuyerEmail}, NextNothing, Validity{}}
)

// Methods are all known methods, in the order that pages show them.
// Limits are minor units: 4_00 is 4.00.
var Methods = build([]row{
	{"AR", "visa", "Visa", credit, 0, 0, unknown, MethodActive, ""},
	{"AR", "master", "Mastercard", credit, 0, 0, unknown, MethodActive, ""},
	{"AR", "amex", "American Express", credit, 0, 0, unknown, MethodActive, ""},
	{"AR", "naranja", "Naranja", credit, 0, 0, unknown, MethodActive, ""},
	{"AR", "cabal", "Cabal", credit, 0, 0, unknown, MethodActive, ""},
	{"AR", "diners", "Diners Club", credit, 0, 0, unknown, MethodActive, ""},
	{"AR", "argencard", "Argencard", credit, 0, 0, unknown, MethodActive, ""},
	{"AR", "debvisa", "Visa Débito", debit, 0, 0, unknown, MethodActive, ""},
	{"AR", "debmaster", "Mastercard Débito", debit, 0, 0, unknown, MethodActive, ""},
	{"AR", "maestro", "Maestro", debit, 0, 0, unknown, MethodActive, ""},
	{"AR", "debcabal", "Cabal Débito", debit, 0, 0, unknown, MethodActive, ""},
	{"AR", "account_money", "Dinero en Mercado Pago", balance, 0, 0, unknown, MethodActive, ""},
	{"AR", "consumer_credits", "Cuotas sin tarjeta", loan, 0, 0, unknown, MethodActive, ""},
	{"AR", "rapipago", "Rapipago", cash, 0, 0, unknown, MethodActive, ""},
	{"AR", "pagofacil", "Pago Fácil", cash, 0, 0, unknown, MethodActive, ""},
	{"AR", "cobroexpress", "Cobro Express", cash, 0, 0, unknown, MethodLegacy, ""},
	{"AR", "cargavirtual", "Carga Virtual", cash, 0, 0, unknown, MethodLegacy, ""},
	{"AR", "redlink", "Red Link", bankATM, 0, 0, unknown, MethodLegacy, ""},

	{"BR", "visa", "Visa", credit, 50, 60_000_00, 2880, MethodActive, "S"},
	{"BR", "master", "Mastercard", credit, 50, 60_000_00, 2880, MethodActive, "S"},
	{"BR", "elo", "Elo", credit, 50, 60_000_00, 2880, MethodActive, "S"},
	{"BR", "amex", "American Express", credit, 50, 60_000_00, 2880, MethodActive, "S"},
	{"BR", "hipercard", "Hipercard", credit, 50, 60_000_00, 2880, MethodActive, "S"},
	{"BR", "debvisa", "Visa Débito", debit, 50, 50_000_00, 1440, MethodTesting, "S"},
	{"BR", "debmaster", "Mastercard Débito", debit, 50, 60_000_00, 1440, MethodTesting, "S"},
	{"BR", "debelo", "Elo Débito", debit, 50, 60_000_00, 1440, MethodTesting, "S"},
	{"BR", "debcabal", "Cabal Débito", debit, 0, 0, unknown, MethodTesting, ""},
	{"BR", "account_money", "Saldo no Mercado Pago", balance, 1, 10_000_000_00, 2880, MethodActive, "S"},
	{"BR", "pix", "Pix", pix, 1, 9_999_999_00, 0, MethodActive, "S"},
	{"BR", "bolbradesco", "Boleto", slip, 4_00, 100_000_00, 1440, MethodActive, "S"},
	{"BR", "pec", "Lotérica", slip, 4_00, 2_000_00, 60, MethodActive, "S"},

	{"CL", "visa", "Visa", credit, 0, 0, unknown, MethodActive, ""},
	{"CL", "master", "Mastercard", credit, 0, 0, unknown, MethodActive, ""},
	{"CL", "amex", "American Express", credit, 0, 0, unknown, MethodActive, ""},
	{"CL", "debvisa", "Visa Débito", debit, 0, 0, unknown, MethodActive, ""},
	{"CL", "debmaster", "Mastercard Débito", debit, 0, 0, unknown, MethodActive, ""},
	{"CL", "redcompra", "Redcompra", debit, 0, 0, unknown, MethodActive, ""},
	{"CL", "servipag", "Servipag", cash, 1, 500_000, 0, MethodLegacy, "D"},
	{"CL", "webpay", "Webpay", bank, 50, 3_000_000, 20, MethodLegacy, "D"},
	{"CL", "khipu", "Khipu", bank, 0, 0, unknown, MethodUnconfirmed, ""},

	{"CO", "visa", "Visa", credit, 0, 0, unknown, MethodActive, ""},
	{"CO", "master", "Mastercard", credit, 0, 0, unknown, MethodActive, ""},
	{"CO", "amex", "American Express", credit, 0, 0, unknown, MethodActive, ""},
	{"CO", "diners", "Diners Club", credit, 0, 0, unknown, MethodActive, ""},
	{"CO", "codensa", "Codensa", credit, 0, 0, unknown, MethodActive, ""},
	{"CO", "debvisa", "Visa Débito", debit, 0, 0, unknown, MethodActive, ""},
	{"CO", "debmaster", "Mastercard Débito", debit, 0, 0, unknown, MethodActive, ""},
	{"CO", "pse", "PSE", pse, 1_600_00, 30_000_000_00, 30, MethodActive, "D"},
	{"CO", "efecty", "Efecty", cash, 5_000_00, 4_000_000_00, 0, MethodActive, "D"},
	{"CO", "baloto", "Baloto", cash, 1_500_00, 1_000_000_00, 0, MethodLegacy, "D"},

	{"MX", "visa", "Visa", credit, 0, 0, unknown, MethodActive, ""},
	{"MX", "master", "Mastercard", credit, 0, 0, unknown, MethodActive, ""},
	{"MX", "amex", "American Express", credit, 0, 0, unknown, MethodActive, ""},
	{"MX", "debvisa", "Visa Débito", debit, 0, 0, unknown, MethodActive, ""},
	{"MX", "debmaster", "Mastercard Débito", debit, 0, 0, unknown, MethodActive, ""},
	{"MX", "mercadopagocard", "Tarjeta Mercado Pago", prepaid, 5_00, 300_000_00, 1440, MethodActive, "D"},
	{"MX", "clabe", "Transferencia SPEI", clabe, 0, 0, unknown, MethodActive, ""},
	{"MX", "oxxo", "OXXO", cash, 5_00, 10_000_00, 2880, MethodActive, "D"},
	{"MX", "paycash", "PayCash", cash, 20_00, 60_000_00, 0, MethodActive, "D"},
	{"MX", "bancomer", "BBVA", bankATM, 10_00, 40_000_00, 60, MethodActive, "D"},
	{"MX", "banamex", "Citibanamex", bankATM, 5_00, 40_000_00, 60, MethodActive, "D"},
	{"MX", "serfin", "Santander", bankATM, 5_00, 40_000_00, 60, MethodActive, "D"},

	{"PE", "visa", "Visa", credit, 0, 0, unknown, MethodActive, ""},
	{"PE", "master", "Mastercard", credit, 0, 0, unknown, MethodActive, ""},
	{"PE", "amex", "American Express", credit, 0, 0, unknown, MethodActive, ""},
	{"PE", "diners", "Diners Club", credit, 0, 0, unknown, MethodActive, ""},
	{"PE", "debvisa", "Visa Débito", debit, 0, 0, unknown, MethodActive, ""},
	{"PE", "debmaster", "Mastercard Débito", debit, 0, 0, unknown, MethodActive, ""},
	{"PE", "pagoefectivo_atm", "PagoEfectivo", bankATM, 0, 0, unknown, MethodActive, ""},
	{"PE", "yape", "Yape", wallet, 0, 0, unknown, MethodUnconfirmed, ""},

	{"UY", "visa", "Visa", credit, 0, 0, unknown, MethodActive, ""},
	{"UY", "master", "Mastercard", credit, 0, 0, unknown, MethodActive, ""},
	{"UY", "oca", "OCA", credit, 0, 0, unknown, MethodActive, ""},
	{"UY", "amex", "American Express", credit, 0, 0, unknown, MethodActive, ""},
	{"UY", "lider", "Lider", credit, 0, 0, unknown, MethodActive, ""},
	{"UY", "creditel", "Creditel", credit, 0, 0, unknown, MethodActive, ""},
	{"UY", "debvisa", "Visa Débito", debit, 0, 0, unknown, MethodActive, ""},
	{"UY", "abitab", "Abitab", cash, 1_00, 150_000_00, 0, MethodActive, "D"},
	{"UY", "redpagos", "Redpagos", cash, 1_00, 150_000_00, 0, MethodActive, "D"},
})

type row struct {
	country, id, name string
	family            family
	minimum, maximum  int64
	minutes           time.Duration
	status            MethodStatus
	source            string
}

func build(rows []row) (methods []Method) {
	for _, r := range rows {
		needs := r.family.needs
		if country, _ := FindCountry(r.country); !country.AsksIdentification {
			needs = slices.DeleteFunc(slices.Clone(needs), func(f BuyerField) bool { return f == BuyerIdentification })
		}
		methods = append(methods, Method{Country: r.country, ID: r.id, Name: r.name, Type: r.family.kind,
			Minimum: r.minimum, Maximum: r.maximum, Accreditation: r.minutes * time.Minute, DeferredCapture: r.family.kind == CreditCard,
			Status: r.status, Needs: needs, Next: r.family.next, Validity: r.family.validity, Source: r.source})
	}
	return methods
}
