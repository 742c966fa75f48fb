package page

import "fmt"

// Shape returns the drawing of a state: ring, check, attempt, cross, dash,
// question, back, back-part, flag, flag-back. The payment's states and the
// kit's other words for the same feelings share one table; what it does not
// know is a dash.
func Shape(state any) string {
	return shapes[fmt.Sprint(state)]
}

var shapes = map[string]string{
	"created": "ring", "pending": "ring", "paid": "check", "declined": "attempt", "rejected": "cross", "failed": "cross",
	"canceled": "dash", "expired": "dash", "unknown": "question", "refunded": "back", "partially_refunded": "back-part",
	"disputed": "flag", "charged_back": "flag-back",
}
