package mercadopago

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"time"

	"github.com/skip2/go-qrcode"
)

// voucher is what a buyer pays by away from the shop's page: a slip for the
// counter, a Pix code, a transfer (docs/providers/mercadopago-online.md §2.3).
type voucher struct {
	Until        time.Time
	Reference    string // what the buyer tells at the counter
	Verification string
	Barcode      string `json:",omitempty"`
	QR           string `json:",omitempty"`
	Picture      string `json:",omitempty"` // of QR: PNG in base64, drawn once
	Institution  string `json:",omitempty"`
	Transfer     int64  `json:",omitempty"` // bank_transfer_id
}

// bank is one that a buyer of PSE chooses.
type bank struct {
	ID          string `json:"id"`
	Description string `json:"description"`
}

var banks = []bank{{"1007", "Bancolombia"}, {"1051", "Davivienda"}, {"1001", "Banco de Bogotá"}, {"1013", "BBVA Colombia"}, {"1507", "Nequi"}, {"1040", "Banco Agrario"}}

func bankName(id string) string {
	for _, b := range banks {
		if b.ID == id {
			return b.Description
		}
	}
	return ""
}

// issueVoucher makes a payment wait for the buyer.
func (s *Simulator) issueVoucher(p *payment, r *paymentRequest, m method, now time.Time) {
	o, t := p.Online, r.Seller.site()
	v := &voucher{Reference: fmt.Sprintf("%010d", p.ID%10_000_000_000), Verification: fmt.Sprintf("%d", p.ID%100_000_000)}
	life := 3 * 24 * time.Hour
	p.Status, p.Detail = pending, "pending_waiting_payment"
	if m.Type == bankTransfer {
		p.Detail = "pending_waiting_transfer"
		life = 24 * time.Hour
	}
	switch m.ID {
	case "pix":
		v.QR = pixCode(p.ID, t.text(p.Amount), r.Seller)
		v.Picture = qrPicture(v.QR)
	case "bolbradesco":
		v.Institution, v.Barcode = "bradesco", boleto(p.ID, p.Amount, expiryOr(r.Expires, now.Add(life)))
	case "pse":
		life = 30 * time.Minute
		v.Institution, v.Transfer = r.Institution, p.ID%1_000_000_000
	case "clabe":
		v.Reference = clabe(p.ID)
	default:
		v.Barcode = fmt.Sprintf("%04d%012d%014d", len(m.ID)*397, p.ID%1_000_000_000_000, p.Amount)
		v.Barcode += luhnDigit(v.Barcode)
	}
	v.Until = now.Add(life)
	if m.ID != "pse" {
		v.Until = expiryOr(r.Expires, v.Until)
	}
	o.Voucher, o.Expires = v, v.Until
}

// ticketHash keeps strangers from a voucher's page.
func ticketHash(p *payment) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "ticket %d %d", p.ID, p.Created.UnixNano()))
	return hex.EncodeToString(sum[:12])
}

func expiryOr(asked, usual time.Time) time.Time {
	if asked.IsZero() {
		return usual
	}
	return asked
}

// pixCode is a dynamic Pix: EMVCo TLV whose key stands for the payment.
func pixCode(id int64, amount string, a *Account) string {
	account := tlv("00", "br.gov.bcb.pix") + tlv("01", fmt.Sprintf("%08x-5350-4958-8000-%012d", id&0xffffffff, id%1_000_000_000_000))
	return sealQR(tlv("00", "01") + tlv("26", account) + tlv("52", "0000") + tlv("53", "986") + tlv("54", amount) + tlv("58", "BR") +
		tlv("59", plain(firstText(a.BusinessName, "LOJA"), 25)) + tlv("60", "SAO PAULO") + tlv("62", tlv("05", fmt.Sprintf("mpqrinter%d", id))))
}

// qrPicture draws a code as a PNG of five dots a module.
func qrPicture(code string) string {
	const dots = 5
	c, err := qrcode.New(code, qrcode.Medium)
	if err != nil {
		panic("sim/mercadopago: a Pix code does not fit: " + err.Error())
	}
	bits := c.Bitmap()
	img := image.NewPaletted(image.Rect(0, 0, len(bits)*dots, len(bits)*dots), color.Palette{color.White, color.Black})
	for y, row := range bits {
		for x, dark := range row {
			for i := range dots * dots {
				if dark {
					img.SetColorIndex(x*dots+i%dots, y*dots+i/dots, 1)
				}
			}
		}
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, img); err != nil {
		panic("sim/mercadopago: a picture does not encode: " + err.Error())
	}
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

// boleto is the bar code of 44 digits: bank, currency, check digit, days since
// 7 October 1997 (which start again at 1000 after 9999), centavos, free field.
func boleto(id, amount int64, due time.Time) string {
	days := int(due.Sub(time.Date(1997, 10, 7, 0, 0, 0, 0, time.UTC)).Hours() / 24)
	if days > 9999 {
		days = (days-1000)%9000 + 1000
	}
	rest := fmt.Sprintf("%04d%010d%04d%02d%011d%07d0", days, amount, 3380, 26, id%100_000_000_000, 63330)
	all, sum := "2379"+rest, 0
	for i := range all {
		sum += int(all[len(all)-1-i]-'0') * (2 + i%8)
	}
	d := 11 - sum%11
	if d > 9 {
		d = 1
	}
	return fmt.Sprintf("2379%d%s", d, rest)
}

// clabe is an account number of 18 digits with its check digit.
func clabe(id int64) string {
	s := fmt.Sprintf("646180%011d", id%100_000_000_000)
	sum := 0
	for i := range s {
		sum += int(s[i]-'0') * []int{3, 7, 1}[i%3] % 10
	}
	return s + fmt.Sprint((10-sum%10)%10)
}

func luhnDigit(s string) string {
	for d := range 10 {
		if luhn(s + fmt.Sprint(d)) {
			return fmt.Sprint(d)
		}
	}
	return ""
}

func firstText(list ...string) string {
	for _, v := range list {
		if strings.TrimSpace(v) != "" {
			return v
		}
	}
	return ""
}
