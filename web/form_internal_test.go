package web

import (
	"testing"

	"posta"
)

func TestParseAmount(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		typed    string
		currency posta.Currency
		want     int64 // -1: refused
	}{
		{"1500", "ARS", 150000},
		{"1.500", "ARS", 150000},
		{"$\u00a01.500,00", "ARS", 150000},
		{"1500,5", "ARS", 150050},
		{"1500.5", "ARS", 150050}, // a point before one digit is no thousand
		{"1500.50", "ARS", 150050},
		{"1.50", "ARS", 150},
		{",50", "ARS", 50},
		{"1500,", "ARS", 150000},
		{"1.234.567,89", "ARS", 123456789},
		{"1,500.00", "ARS", 150000}, // both marks say it all
		{"1,500", "ARS", -1},        // one and a half, or fifteen hundred?
		{"15.00.0", "ARS", -1},
		{"1.5000", "ARS", -1},
		{"1500,999", "ARS", -1},
		{"-5", "ARS", -1},
		{"12a", "ARS", -1},
		{"", "ARS", -1},
		{"1e3", "ARS", -1},
		{"R$ 1.500,00", "BRL", 150000},
		{"1,500.00", "MXN", 150000},
		{"1,500", "MXN", 150000},
		{"1500", "CLP", 1500},
		{"1.500", "CLP", 1500},
		{"$ 1.234.567", "CLP", 1234567},
		{"15,5", "CLP", -1},
	} {
		got, err := parseAmount(tc.typed, tc.currency)
		if err != nil {
			got = -1
		}
		if got != tc.want {
			t.Errorf("%q %s: got %d, want %d", tc.typed, tc.currency, got, tc.want)
		}
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"/till?x=1": "/till?x=1", "": "/", "https://bad.example/": "/", "//bad.example": "/", `/\bad.example`: "/",
		"javascript:alert(1)": "/", "till": "/", "/%0d": "/%0d",
	} {
		if got := local(address, "/"); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}
