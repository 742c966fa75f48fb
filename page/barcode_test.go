package page_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"posta/page"
)

var bar = regexp.MustCompile(`M(\d+) 0h(\d+)v60h-\d+z`)

// bars gives the widths of bars and of the spaces between as drawn.
func bars(t *testing.T, text string) (widths []int) {
	t.Helper()
	end := 0
	for i, found := range bar.FindAllStringSubmatch(string(page.Barcode(text)), -1) {
		at, _ := strconv.Atoi(found[1])
		width, _ := strconv.Atoi(found[2])
		if i > 0 {
			widths = append(widths, at-end)
		}
		widths, end = append(widths, width), at+width
	}
	return widths
}

func joined(widths []int) string {
	var out strings.Builder
	for _, w := range widths {
		out.WriteString(strconv.Itoa(w))
	}
	return out.String()
}

// What is drawn reads back as what was written, digit by digit.
func TestABarCodeOfDigitsReadsBack(t *testing.T) {
	patterns := map[string]byte{"11331": '0', "31113": '1', "13113": '2', "33111": '3', "11313": '4', "31311": '5', "13311": '6', "11133": '7', "31131": '8', "13131": '9'}
	const boleto = "23795164200001000003380263847243203200633300"
	drawn := bars(t, boleto)
	if joined(drawn[:4]) != "1111" || joined(drawn[len(drawn)-3:]) != "311" {
		t.Errorf("start %v, stop %v", drawn[:4], drawn[len(drawn)-3:])
	}
	var read []byte
	for body := drawn[4 : len(drawn)-3]; len(body) >= 10; body = body[10:] {
		var pair [2][]int
		for i, w := range body[:10] {
			pair[i%2] = append(pair[i%2], w)
		}
		read = append(read, patterns[joined(pair[0])], patterns[joined(pair[1])])
	}
	if string(read) != boleto {
		t.Errorf("reads back as %s", read)
	}
}

// Code 128, set B: start, text, check symbol, stop.
func TestABarCodeOfLettersIsCode128(t *testing.T) {
	drawn := bars(t, "A1B")
	// Start B, A, 1, B, check: (104 + 33·1 + 17·2 + 34·3) mod 103 = 67 (c), stop.
	if got := joined(drawn); got != "211214"+"111323"+"123221"+"131123"+"141122"+"2331112" {
		t.Errorf("%s", got)
	}
	if page.Barcode("") != "" || page.Barcode("ñ") != "" {
		t.Error("drew what it cannot hold")
	}
}
