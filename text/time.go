package text

import (
	"fmt"
	"strings"
	"time"
)

// Months holds the months' names by language, January first.
var Months = map[string][12]string{
	Spanish:    {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"},
	Portuguese: {"janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"},
	English:    {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

// Weekdays holds the days' names by language, Sunday first.
var Weekdays = map[string][7]string{
	Spanish:    {"domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"},
	Portuguese: {"domingo", "segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado"},
	English:    {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
}

// Date writes a day: "22 nov 2026".
func Date(lang string, t time.Time, zone *time.Location) string {
	t = in(t, zone)
	month := []rune(Months[Pick(lang)][t.Month()-1])
	return fmt.Sprintf("%d %s %d", t.Day(), string(month[:3]), t.Year())
}

// DateTime writes a moment to the minute: "22 nov 2026, 11:44".
func DateTime(lang string, t time.Time, zone *time.Location) string {
	return Date(lang, t, zone) + ", " + in(t, zone).Format("15:04")
}

// Exact writes a moment to the second and names the zone:
// "22 nov 2026, 11:44:05 (Buenos Aires, UTC-03:00)".
func Exact(lang string, t time.Time, zone *time.Location) string {
	t = in(t, zone)
	name := t.Location().String()
	name = strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "_", " ")
	if name != "UTC" {
		name += t.Format(", UTC-07:00")
	}
	return fmt.Sprintf("%s, %s (%s)", Date(lang, t, zone), t.Format("15:04:05"), name)
}

// Month writes a month: "noviembre 2026".
func Month(lang string, t time.Time, zone *time.Location) string {
	t = in(t, zone)
	return fmt.Sprintf("%s %d", Months[Pick(lang)][t.Month()-1], t.Year())
}

func in(t time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone)
}

// Date is the package's Date in the localizer's language.
func (l *Localizer) Date(t time.Time, zone *time.Location) string { return Date(l.lang, t, zone) }

// DateTime is the package's DateTime in the localizer's language.
func (l *Localizer) DateTime(t time.Time, zone *time.Location) string {
	return DateTime(l.lang, t, zone)
}

// Exact is the package's Exact in the localizer's language.
func (l *Localizer) Exact(t time.Time, zone *time.Location) string { return Exact(l.lang, t, zone) }

// Relative says how far t is from now: "ahora", "hace 3 min", "dentro de 2 h".
func (l *Localizer) Relative(t, now time.Time) string {
	span, key := now.Sub(t), "ago"
	if span < 0 {
		span, key = -span, "ahead"
	}
	switch {
	case span < 45*time.Second:
		return l.T("time.now")
	case span < time.Hour:
		return l.T("time."+key+".minutes", max(1, int(span.Round(time.Minute)/time.Minute)))
	case span < 24*time.Hour:
		return l.T("time."+key+".hours", int(span/time.Hour))
	case span < 60*24*time.Hour:
		return l.T("time."+key+".days", int(span/(24*time.Hour)))
	}
	return l.T("time."+key+".months", int(span/(30*24*time.Hour)))
}

// Duration writes a span with its two largest units: "850 ms", "4 s",
// "3 min 4 s", "2 h 5 min", "3 d 4 h".
func (l *Localizer) Duration(d time.Duration) string {
	if d < 0 {
		return "-" + l.Duration(-d)
	}
	two := func(big, small time.Duration, bigUnit, smallUnit string) string {
		if rest := d % big / small; rest > 0 {
			return fmt.Sprintf("%d %s %d %s", d/big, bigUnit, rest, smallUnit)
		}
		return fmt.Sprintf("%d %s", d/big, bigUnit)
	}
	const day = 24 * time.Hour
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return two(time.Minute, time.Second, "min", "s")
	case d < day:
		return two(time.Hour, time.Minute, "h", "min")
	}
	return two(day, time.Hour, "d", "h")
}
