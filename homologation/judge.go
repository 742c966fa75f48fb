package homologation

import (
	"slices"
	"strconv"
	"strings"
)

// Judge holds facts to a case: it passes when every assertion does, fails when
// one fails, and is unprovable when one reads what the facts do not tell.
func Judge(c Case, f Facts) (Verdict, []Finding) {
	verdict := Pass
	var findings []Finding
	for _, a := range c.Asserts {
		finding := judge(a, f)
		findings = append(findings, finding)
		if finding.Verdict == Fail || finding.Verdict == Unprovable && verdict == Pass {
			verdict = finding.Verdict
		}
	}
	return verdict, findings
}

func judge(a Assertion, f Facts) Finding {
	values, there := read(a.Field, f)
	values = slices.DeleteFunc(values, func(v string) bool { return v == "" })
	out := Finding{Field: a.Field, Want: strings.Join(a.Is, " | "), Got: strings.Join(distinct(values), ", "), Verdict: Fail}
	switch {
	case slices.ContainsFunc(values, func(v string) bool { return fits(v, a.Is) }):
		out.Verdict = Pass
	case !there, len(values) == 0 && !slices.Contains(a.Is, "*"):
		out.Verdict = Unprovable
	}
	return out
}

// fits reports whether a value, not "", is one of those that are wanted.
func fits(value string, wanted []string) bool {
	return slices.ContainsFunc(wanted, func(w string) bool {
		least, more := strings.CutPrefix(w, ">")
		if !more {
			return w == "*" || w == value
		}
		n, err := strconv.ParseInt(value, 10, 64)
		limit, bad := strconv.ParseInt(least, 10, 64)
		return err == nil && bad == nil && n > limit
	})
}

func distinct(values []string) (out []string) {
	for _, v := range values {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// Wrong are the findings that did not pass.
func Wrong(findings []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.Verdict == Pass })
}
