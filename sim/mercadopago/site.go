package mercadopago

// site is a country as the provider sees it (docs/providers/mercadopago.md §1).
type site struct {
	ID, Country, Alpha3, Currency, Numeric string
	// Exponent is how many decimals the minor unit has, Decimals how many the
	// API accepts and writes: COP has two by ISO and none here.
	Exponent, Decimals int
	// The box in which a store's coordinates must lie.
	South, North, West, East float64
	Host                     string
}

var sites = map[string]site{
	"MLA": {"MLA", "AR", "ARG", "ARS", "032", 2, 2, -56, -21, -74, -53, "www.mercadopago.com.ar"},
	"MLB": {"MLB", "BR", "BRA", "BRL", "986", 2, 2, -34, 6, -74, -34, "www.mercadopago.com.br"},
	"MLM": {"MLM", "MX", "MEX", "MXN", "484", 2, 2, 14, 33, -119, -86, "www.mercadopago.com.mx"},
	"MLC": {"MLC", "CL", "CHL", "CLP", "152", 0, 0, -56, -17, -110, -66, "www.mercadopago.cl"},
	"MCO": {"MCO", "CO", "COL", "COP", "170", 2, 0, -5, 14, -82, -66, "www.mercadopago.com.co"},
	"MPE": {"MPE", "PE", "PER", "PEN", "604", 2, 2, -19, 1, -82, -68, "www.mercadopago.com.pe"},
	"MLU": {"MLU", "UY", "URY", "UYU", "858", 2, 2, -35.5, -30, -59, -53, "www.mercadopago.com.uy"},
}
