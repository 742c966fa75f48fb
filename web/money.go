package web

import (
	"posta"
	"posta/page"
)

// money writes an amount for words that are made here and not in a template.
func (v *visit) money(minor int64, currency posta.Currency) string {
	return page.Money(minor, string(currency), "")
}
