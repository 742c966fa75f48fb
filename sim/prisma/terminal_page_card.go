package prisma

import "strconv"

// testCard is a card that lies ready for whoever plays the customer.
type testCard struct {
	Name     string // of its data-card attribute and its words
	Brand    string
	Kind     string
	LastFour string
	Outcome  string
}

// Plastic is the name of the brand's look.
func (c testCard) Plastic() string {
	switch c.Brand {
	case "VI", "EL":
		return "blue"
	case "MC", "PD", "MA":
		return "dark"
	case "AM":
		return "teal"
	case "NA":
		return "orange"
	}
	return "wine"
}

// BrandName is what is printed on it.
func (c testCard) BrandName() string { return brandName(c.Brand) }

// Good says whether it pays.
func (c testCard) Good() bool { return c.Outcome == "approve" }

// testCards are numbered by nobody: only the last four digits are said.
var testCards = []testCard{
	{"visa-credit", "VI", "CREDIT", "4509", "approve"},
	{"mastercard-credit", "MC", "CREDIT", "5299", "approve"},
	{"amex", "AM", "CREDIT", "3742", "approve"},
	{"visa-debit", "EL", "DEBIT", "4517", "approve"},
	{"mastercard-debit", "PD", "DEBIT", "5175", "approve"},
	{"cabal", "CA", "CREDIT", "5896", "approve"},
	{"naranja", "NA", "CREDIT", "5895", "approve"},
	{"no-funds", "VI", "CREDIT", "0051", "decline"},
	{"wrong-pin", "EL", "DEBIT", "0055", "wrong_pin"},
	{"expired", "MC", "CREDIT", "0054", "expired_card"},
	{"bank-offline", "VI", "CREDIT", "0091", "error"},
	{"charged-unanswered", "MC", "CREDIT", "0096", "error_charged"},
}

func findCard(name string) (testCard, bool) {
	for _, c := range testCards {
		if c.Name == name {
			return c, true
		}
	}
	return testCard{}, false
}

// offered are the numbers of installments that a terminal offers when the till
// fixed none (the set is invented).
var offered = []int64{1, 3, 6, 12}

// tips are the shares of the amount, in percent, that a terminal proposes.
var tips = []int64{0, 5, 10, 15}

// pinForTests is what opens every card that is not meant to fail.
const pinForTests = "1234"

// hand is what the person at the terminal has answered so far; "" is not yet.
type hand struct {
	Intent, Entry, Card string
	Installments, Tip   string
	PIN                 string
}

func readHand(value func(string) string) hand {
	return hand{Intent: value("intent"), Entry: value("entry"), Card: value("card"), Installments: value("installments"), Tip: value("tip"), PIN: value("pin")}
}

// Query is the hand as the next question bears it, in its address and its
// form; the PIN is in no address.
func (h hand) Query() (q [][2]string) {
	for _, f := range [][2]string{{"intent", h.Intent}, {"entry", h.Entry}, {"card", h.Card}, {"installments", h.Installments}, {"tip", h.Tip}} {
		if f[1] != "" {
			q = append(q, f)
		}
	}
	return q
}

// asks is the next question of the terminal to whoever presented the card:
// installments, tip, pin, or "" when it can ask the acquirer.
func (h hand) asks(i Intent, c testCard) string {
	switch {
	case i.Kind != KindPayment:
		return ""
	case c.Kind == "CREDIT" && i.Installments == 0 && h.Installments == "":
		return "installments"
	case i.Tip && h.Tip == "":
		return "tip"
	case (h.Entry == "CHIP" || c.Kind == "DEBIT") && h.PIN == "":
		return "pin"
	}
	return ""
}

// presented is the card as it reaches the terminal.
func (h hand) presented(i Intent, c testCard) Card {
	n, _ := strconv.ParseInt(h.Installments, 10, 64)
	percent, _ := strconv.ParseInt(h.Tip, 10, 64)
	return Card{Brand: c.Brand, Kind: c.Kind, Entry: h.Entry, LastFour: c.LastFour, Holder: "TITULAR DE PRUEBA", PIN: h.PIN, Installments: n,
		Tip: i.Amount * percent / 100, Outcome: c.Outcome}
}
