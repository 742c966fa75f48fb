package mercadopago

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The QR payload is EMVCo TLV with a CRC in tag 63; there is no amount in it,
// the wallet asks for that (docs/providers/mercadopago.md §3.6).

const qrDomain = "com.mercadolibre"

// dynamicQR is the payload that stands for one order.
func (s *Simulator) dynamicQR(a *Account, uuid string) string {
	return sealQR(tlv("00", "01") + tlv("01", "12") + tlv("43", tlv("00", qrDomain)+tlv("02", "3")+tlv("06", uuid)) + s.merchantTags(a, ""))
}

// staticQR is the payload printed for a POS.
func (s *Simulator) staticQR(p *pos) string {
	a := s.accounts[p.UserID]
	link := tlv("00", qrDomain) + tlv("01", "https://mpago.la/pos/"+text(p.ID))
	head := tlv("00", "01") + tlv("01", "11")
	if a.Site == "MLB" {
		head += tlv("26", tlv("00", "br.gov.bcb.pix")+tlv("25", "pix-qr.mercadopago.com/instore/p/v2/"+p.UUID[:32]))
	}
	city := ""
	if b := s.stores[p.StoreID]; b != nil {
		city = b.City
	}
	return sealQR(head + tlv("43", link) + s.merchantTags(a, city))
}

func (s *Simulator) merchantTags(a *Account, city string) string {
	t := a.site()
	if city == "" {
		city = map[string]string{"MLA": "CABA", "MLB": "SAO PAULO", "MLM": "CDMX", "MLC": "SANTIAGO", "MCO": "BOGOTA", "MPE": "LIMA", "MLU": "MONTEVIDEO"}[a.Site]
	}
	name := a.BusinessName
	if name == "" {
		name = a.Nickname
	}
	return tlv("50", tlv("00", a.TaxID)) + tlv("52", "9700") + tlv("53", t.Numeric) + tlv("58", t.Country) + tlv("59", plain(name, 25)) + tlv("60", plain(city, 15))
}

func tlv(tag, value string) string { return fmt.Sprintf("%s%02d%s", tag, len(value), value) }

func sealQR(payload string) string {
	payload += "6304"
	return payload + fmt.Sprintf("%04X", crc16(payload))
}

// crc16 is CRC-16/CCITT-FALSE.
func crc16(s string) uint16 {
	crc := uint16(0xffff)
	for i := range len(s) {
		crc ^= uint16(s[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

// plain makes text that any wallet reads: ASCII, cut to n.
func plain(s string, n int) string {
	s = strings.NewReplacer("á", "a", "é", "e", "í", "i", "ó", "o", "ú", "u", "ñ", "n", "ã", "a", "õ", "o", "â", "a", "ê", "e", "ç", "c",
		"Á", "A", "É", "E", "Í", "I", "Ó", "O", "Ú", "U", "Ñ", "N", "ü", "u", "Ç", "C").Replace(s)
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	if s == "" {
		s = "Comercio"
	}
	return s[:min(n, len(s))]
}

var errQR = errors.New("sim/mercadopago: that is not a QR of Mercado Pago")

// readQR takes a payload apart: the order's UUID of a dynamic one, the POS id
// of a static one.
func readQR(payload string) (uuid string, posID int64, err error) {
	payload = strings.TrimSpace(payload)
	if len(payload) < 8 || fmt.Sprintf("%04X", crc16(payload[:len(payload)-4])) != payload[len(payload)-4:] {
		return "", 0, fmt.Errorf("%w: the check sum is wrong", errQR)
	}
	tags, err := untlv(payload)
	if err != nil {
		return "", 0, err
	}
	account, err := untlv(tags["43"])
	if err != nil || account["00"] != qrDomain {
		return "", 0, errQR
	}
	if account["06"] != "" {
		return account["06"], 0, nil
	}
	posID, err = strconv.ParseInt(strings.TrimPrefix(account["01"], "https://mpago.la/pos/"), 10, 64)
	if err != nil {
		return "", 0, errQR
	}
	return "", posID, nil
}

func untlv(s string) (map[string]string, error) {
	tags := map[string]string{}
	for s != "" {
		if len(s) < 4 {
			return nil, errQR
		}
		n, err := strconv.Atoi(s[2:4])
		if err != nil || n < 0 || len(s) < 4+n {
			return nil, errQR
		}
		tags[s[:2]] = s[4 : 4+n]
		s = s[4+n:]
	}
	return tags, nil
}
