package mercadopago

import "cmp"

// TestCard is one of the provider's published test cards
// (docs/providers/mercadopago-online.md §2.11).
type TestCard struct {
	Site, Method, Number string
}

// Code is the security code: 123, of American Express 1234.
func (c TestCard) Code() string {
	if c.Method == "amex" {
		return "1234"
	}
	return "123"
}

// All of them expire in November 2030.
const (
	TestMonth = 11
	TestYear  = 2030
)

// TestCards are those of all sites.
var TestCards = []TestCard{
	{"MLA", "visa", "4509953566233704"}, {"MLA", "master", "5031755734530604"}, {"MLA", "amex", "371180303257522"}, {"MLA", "debmaster", "5287338310253304"}, {"MLA", "debvisa", "4002768694395619"},
	{"MLB", "visa", "4235647728025682"}, {"MLB", "master", "5031433215406351"}, {"MLB", "master", "5480832801033311"}, {"MLB", "amex", "375365153556885"}, {"MLB", "debelo", "5067766783888311"},
	{"MLM", "visa", "4075595716483764"}, {"MLM", "master", "5474925432670366"}, {"MLM", "amex", "371180303257522"}, {"MLM", "debmaster", "5579053461482647"}, {"MLM", "debvisa", "4189141221267633"},
	{"MCO", "visa", "4013540682746260"}, {"MCO", "master", "5254133674403564"}, {"MCO", "amex", "374378187755283"}, {"MCO", "debvisa", "4915112055246507"},
	{"MLC", "visa", "4168818844447115"}, {"MLC", "master", "5416752602582580"}, {"MLC", "amex", "375778174461804"}, {"MLC", "debmaster", "5241019826646950"}, {"MLC", "debvisa", "4023653523914373"},
	{"MLU", "visa", "4509953566233704"}, {"MLU", "master", "5031755734530604"}, {"MLU", "debvisa", "4213016314706756"},
	{"MPE", "visa", "4009175332806176"}, {"MPE", "master", "5031755734530604"}, {"MPE", "amex", "371180303257522"}, {"MPE", "debmaster", "5178781622202455"},
}

// TestDocuments are the documents that go with the test cards, type and
// number, by site.
var TestDocuments = map[string][2]string{"MLA": {"DNI", "12345678"}, "MLB": {"CPF", "12345678909"}, "MLM": {}, "MCO": {"CC", "123456789"},
	"MLC": {"Otro", "123456789"}, "MLU": {"CI", "12345678"}, "MPE": {"DNI", "12345678"}}

// filled gives what was left out.
func (f CardForm) filled(siteID string) cardInput {
	if f.Number == "" {
		for _, c := range TestCards {
			if c.Site == siteID && c.Method == "visa" {
				f.Number = c.Number
			}
		}
	}
	code := "123"
	if m, ok := sites[siteID].methodOfCard(f.Number); ok && m.code() == 4 {
		code = "1234"
	}
	if f.DocumentType == "" && f.DocumentNumber == "" {
		f.DocumentType, f.DocumentNumber = TestDocuments[siteID][0], TestDocuments[siteID][1]
	}
	return cardInput{Number: f.Number, Code: cmp.Or(f.Code, code), Holder: cmp.Or(f.Holder, "APRO"), Month: cmp.Or(f.Month, TestMonth), Year: cmp.Or(f.Year, TestYear),
		Identification: identification{f.DocumentType, f.DocumentNumber}}
}
