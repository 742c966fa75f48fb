package posta_test

import (
	"testing"

	"posta"
)

func TestTaxID(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ country, text, number, wrong string }{
		{"AR", "30-00000000-7", "30000000007", ""},
		{"AR", " 30.00000000.7", "30000000007", ""},
		{"AR", "30-00000000-8", "", "check_digit"},
		{"AR", "30-00000001-7", "", "check_digit"},
		{"AR", "3000000000", "", "malformed"},
		{"AR", "", "", "malformed"},
		{"AR", "30-0000000A-7", "", "malformed"},
		{"BR", "00.000.000/0001-91", "00000000000191", ""},
		{"BR", "123.456.789-09", "12345678909", ""},
		{"BR", "00.000.000/0001-92", "", "check_digit"},
		{"BR", "0000000", "", "malformed"},
		{"CL", "76.000.000-0", "760000000", ""},
		{"CL", "76.000.000-k", "", "check_digit"},
		{"CL", "1.000.005-k", "1000005K", ""},
		{"CO", "1000000001-5", "10000000015", ""},
		{"MX", "mag-041126-gt9", "MAG041126GT9", ""},
		{"PE", "20131312955", "20131312955", ""},
		{"UY", "210000000000", "210000000000", ""},
		{"UY", "1", "", "malformed"},
	} {
		if number, wrong := posta.TaxID(tc.country, tc.text); number != tc.number || wrong != tc.wrong {
			t.Errorf("%s %q: %q %q", tc.country, tc.text, number, wrong)
		}
	}
}
