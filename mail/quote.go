package mail

import (
	"regexp"
	"strings"
)

// How mail programs introduce the mail that is answered, in the languages of
// our desks: one line, or folded into two or three.
var (
	attribution = regexp.MustCompile(`(?i)^(?:el|em|on|no dia|at)\s.*\d.*\s(?:escribi[oó]|escreveu|wrote)\s?:$`)
	bareVerb    = regexp.MustCompile(`(?i)^.{1,200}\s(?:escribi[oó]|escreveu|wrote)\s?:$`)
	begins      = regexp.MustCompile(`(?i)^(?:el|em|on|no dia|at)\s.*\d`)
	separator   = regexp.MustCompile(`(?i)^\s*-{2,}\s*(?:original message|mensaje original|mensagem original|forwarded message|mensaje reenviado|mensagem encaminhada|message d'origine)\s*-{2,}\s*$`)
	headFrom    = regexp.MustCompile(`(?i)^\s*\*?(?:de|from)\s*:\*?\s+\S`)
	headOther   = regexp.MustCompile(`(?i)^\s*\*?(?:enviado(?: el)?|enviada(?: em)?|sent|date|fecha|data|para|to|cc|asunto|assunto|subject)\s*:\*?\s`)
	rule        = regexp.MustCompile(`^\s*_{10,}\s*$`)
)

// splitQuote cuts off the mail that a text answers. What a person wrote
// between quoted lines stays with them: then nothing is cut. A text that is
// nothing but a quotation stays too.
func splitQuote(text string) (own, quoted string) {
	lines := strings.Split(text, "\n")
	for n := 0; n < len(lines); n++ {
		start, body, ok := quoteAt(lines, n)
		if !ok {
			continue
		}
		if run := marked(lines[body:]); run > 0 && len(skipBlank(lines[body+run:])) > 0 {
			n = body + run - 1 // answered below or in between
			continue
		}
		if own = strings.TrimSpace(strings.Join(lines[:start], "\n")); own == "" {
			return text, ""
		}
		return own, strings.TrimSpace(strings.Join(lines[start:], "\n"))
	}
	return text, ""
}

// quoteAt tells whether the quotation's introduction begins at line n, and
// where what it introduces begins.
func quoteAt(lines []string, n int) (start, body int, ok bool) {
	line := strings.TrimSpace(lines[n])
	if line == "" {
		return 0, 0, false
	}
	for more := 0; more < 3 && n+more < len(lines); more++ {
		joined := strings.Join(strings.Fields(strings.Join(lines[n:n+more+1], " ")), " ")
		if len(joined) > 500 {
			break
		}
		if attribution.MatchString(joined) || more == 0 && bareVerb.MatchString(joined) && marked(lines[n+1:]) > 0 {
			return n, n + more + 1, true
		}
		if !begins.MatchString(joined) {
			break
		}
	}
	switch {
	case separator.MatchString(line):
		return n, n + 1, true
	case rule.MatchString(line) && n+1 < len(lines) && headed(skipBlank(lines[n+1:])):
		return n, n + 1, true
	case headed(lines[n:]):
		return n, n + 1, true
	case strings.HasPrefix(line, ">"):
		return n, n, true
	}
	return 0, 0, false
}

// headed tells a block of headers as Outlook writes it: from, and two more.
func headed(lines []string) bool {
	if len(lines) == 0 || !headFrom.MatchString(lines[0]) {
		return false
	}
	found := 0
	for _, line := range lines[1:min(len(lines), 6)] {
		if headOther.MatchString(line + " ") {
			found++
		}
	}
	return found >= 2
}

func skipBlank(lines []string) []string {
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines = lines[1:]
	}
	return lines
}

// marked counts the lines, up to the last one marked ">", before a line that is
// neither marked nor empty.
func marked(lines []string) (count int) {
	for n, line := range lines {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, ">") {
			count = n + 1
		} else if line != "" {
			break
		}
	}
	return count
}
