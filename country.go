package posta

// Country is a place where Posta's merchants sell.
type Country struct {
	Code     string   // ISO 3166-1 alpha-2
	Site     string   // Mercado Pago's site, docs/providers/mercadopago.md §1
	Currency Currency // what is charged there
	Locale   string   // how amounts and dates are written there
	TimeZone string   // of its capital, where a merchant names none
}

// Countries are the known ones, in the order that forms show them.
var Countries = []Country{
	{"AR", "MLA", "ARS", "es-AR", "America/Argentina/Buenos_Aires"},
	{"BR", "MLB", "BRL", "pt-BR", "America/Sao_Paulo"},
	{"CL", "MLC", "CLP", "es-CL", "America/Santiago"},
	{"CO", "MCO", "COP", "es-CO", "America/Bogota"},
	{"MX", "MLM", "MXN", "es-MX", "America/Mexico_City"},
	{"PE", "MPE", "PEN", "es-PE", "America/Lima"},
	{"UY", "MLU", "UYU", "es-UY", "America/Montevideo"},
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
