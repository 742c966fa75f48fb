package posta

// Country is a place where Posta's merchants sell.
type Country struct {
	Code     string   // ISO 3166-1 alpha-2
	Site     string   // Mercado Pago's site, docs/providers/mercadopago.md §1
	Currency Currency // what is charged there
	Locale   string   // how amounts and dates are written there
	TimeZone string   // of its capital, where a merchant names none

	// WireDecimals is how many digits after the point the provider takes in an
	// amount: CLP and COP none, although ISO 4217 gives COP two
	// (docs/providers/mercadopago-online.md §4.1).
	WireDecimals int
	// AsksIdentification reports whether a buyer has to give an identification:
	// everywhere but in Mexico (§4.2).
	AsksIdentification bool
}

// Countries are the known ones, in the order that forms show them.
var Countries = []Country{
	{"AR", "MLA", "ARS", "es-AR", "America/Argentina/Buenos_Aires", 2, true},
	{"BR", "MLB", "BRL", "pt-BR", "America/Sao_Paulo", 2, true},
	{"CL", "MLC", "CLP", "es-CL", "America/Santiago", 0, true},
	{"CO", "MCO", "COP", "es-CO", "America/Bogota", 0, true},
	{"MX", "MLM", "MXN", "es-MX", "America/Mexico_City", 2, false},
	{"PE", "MPE", "PEN", "es-PE", "America/Lima", 2, true},
	{"UY", "MLU", "UYU", "es-UY", "America/Montevideo", 2, true},
}

// FindCountry finds a country by its code. The error has code "not_found".
func FindCountry(code string) (Country, error) {
	for _, c := range Countries {
		if c.Code == code {
			return c, nil
		}
	}
	return Country{}, &Error{Code: CodeNotFound}
}
