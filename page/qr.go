package page

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/skip2/go-qrcode"
)

// QR draws text as a QR code: an SVG of one path, black on white in every
// theme, with its quiet zone. It scales to its box without blur. Text too long
// for a QR code is shown as it is.
func QR(text string) template.HTML {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		if code, err = qrcode.New(text, qrcode.Low); err != nil {
			return template.HTML(`<code class="qr-text">` + template.HTMLEscapeString(text) + `</code>`)
		}
	}
	bitmap := code.Bitmap()
	var path strings.Builder
	for y, row := range bitmap {
		for x := 0; x < len(row); x++ {
			if !row[x] {
				continue
			}
			start := x
			for x < len(row) && row[x] {
				x++
			}
			fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", start, y, x-start, x-start)
		}
	}
	size := len(bitmap)
	return template.HTML(fmt.Sprintf(`<svg class="qr" role="img" aria-label="QR" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
		`<path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="%s"/></svg>`, size, size, size, size, path.String()))
}
