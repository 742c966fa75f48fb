package mercadopago

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/skip2/go-qrcode"
)

// picture serves what the POS's qr links point at: the code, and the poster as
// picture and as PDF (docs/providers/mercadopago.md §2.2).
func (s *Simulator) picture(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.ParseInt(r.PathValue("pos"), 10, 64)
	s.mu.Lock()
	p := s.pos[id]
	payload := ""
	if p != nil {
		payload = s.staticQR(p)
	}
	s.mu.Unlock()
	if p == nil || !strings.Contains(r.PathValue("file"), p.UUID) {
		http.NotFound(w, r)
		return
	}
	code, err := qrcode.New(payload, qrcode.Medium)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if strings.HasSuffix(r.PathValue("file"), ".pdf") {
		w.Header().Set("Content-Type", "application/pdf")
		_, _ = w.Write(poster(code.Bitmap(), p.Name))
		return
	}
	size := 500
	if strings.HasPrefix(r.PathValue("file"), "template_") {
		size = 1000
	}
	png, err := code.PNG(size)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(png)
}

// poster is an A5 page with the code in its middle and the POS's name below.
func poster(bits [][]bool, name string) []byte {
	const width, height, side = 420.0, 595.0, 340.0
	var draw bytes.Buffer
	cell := side / float64(len(bits))
	for y, row := range bits {
		for x, dark := range row {
			if dark {
				fmt.Fprintf(&draw, "%.3f %.3f %.3f %.3f re\n", (width-side)/2+float64(x)*cell, height-90-float64(y+1)*cell, cell, cell)
			}
		}
	}
	label := strings.NewReplacer(`\`, ``, `(`, ``, `)`, ``).Replace(plain(name, 40))
	fmt.Fprintf(&draw, "f\nBT /F1 22 Tf 40 110 Td (%s) Tj ET\n", label)
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n")
	var at []int
	for i, body := range []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %g %g] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>", width, height),
		fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", draw.Len(), draw.String()),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>",
	} {
		at = append(at, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, body)
	}
	table := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&out, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&out, "trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, table)
	return out.Bytes()
}
