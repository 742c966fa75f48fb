package page

import (
	"fmt"
	"html/template"
	"strings"
)

// Barcode draws the bar code of a voucher: an even number of digits as
// interleaved two of five, which boletos and slips are printed in, anything else
// of printable ASCII as Code 128. Bars are black on white in every theme, one SVG
// path, with quiet zones. It gives nothing for a text that neither can hold.
func Barcode(text string) template.HTML {
	var widths []int
	switch {
	case text == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }):
		return ""
	case len(text)%2 == 0 && strings.Trim(text, "0123456789") == "":
		widths = interleaved(text)
	default:
		widths = code128(text)
	}
	const quiet, height = 10, 60
	var path strings.Builder
	x := quiet
	for i, width := range widths {
		if i%2 == 0 {
			fmt.Fprintf(&path, "M%d 0h%dv%dh-%dz", x, width, height, width)
		}
		x += width
	}
	return template.HTML(fmt.Sprintf(`<svg class="barcode" role="img" aria-label="%s" viewBox="0 0 %d %d" preserveAspectRatio="none" shape-rendering="crispEdges">`+
		`<path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="%s"/></svg>`, template.HTMLEscapeString(text), x+quiet, height, x+quiet, height, path.String()))
}

// twoOfFive tells which of a digit's five bars are wide (ISO/IEC 16390).
var twoOfFive = [10]string{"nnwwn", "wnnnw", "nwnnw", "wwnnn", "nnwnw", "wnwnn", "nwwnn", "nnnww", "wnnwn", "nwnwn"}

// interleaved gives the widths of bars and spaces in turn: of each pair of
// digits the first is in the bars, the second in the spaces between.
func interleaved(digits string) []int {
	const narrow, wide = 1, 3
	widths := []int{narrow, narrow, narrow, narrow}
	for i := 0; i+1 < len(digits); i += 2 {
		bars, spaces := twoOfFive[digits[i]-'0'], twoOfFive[digits[i+1]-'0']
		for j := range 5 {
			for _, kind := range []byte{bars[j], spaces[j]} {
				if kind == 'w' {
					widths = append(widths, wide)
				} else {
					widths = append(widths, narrow)
				}
			}
		}
	}
	return append(widths, wide, narrow, narrow)
}

// code128 gives the widths of bars and spaces in turn, in code set B: ISO/IEC 15417.
func code128(text string) []int {
	const startB, stop = 104, 106
	symbols, sum := []int{startB}, startB
	for i := range len(text) {
		value := int(text[i] - ' ')
		symbols = append(symbols, value)
		sum += (i + 1) * value
	}
	var widths []int
	for _, symbol := range append(symbols, sum%103, stop) {
		for _, width := range code128Widths[symbol] {
			widths = append(widths, int(width-'0'))
		}
	}
	return widths
}

// code128Widths are the symbols by value, as widths of bar, space, bar…
var code128Widths = strings.Fields(`212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222
123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321
232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121
313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224
111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111
111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113
114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112`)
