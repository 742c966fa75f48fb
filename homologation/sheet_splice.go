package homologation

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/xml"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// edit replaces the bytes of a span; an empty span is a place to insert at.
type edit struct {
	span
	text string
}

func apply(data []byte, edits []edit) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Or(a.start-b.start, a.end-b.end) })
	var out []byte
	at := 0
	for _, e := range edits {
		out = append(append(out, data[at:e.start]...), e.text...)
		at = e.end
	}
	return append(out, data[at:]...)
}

// splice puts cells into a worksheet's XML.
func (b *book) splice(part string, cells cellWrites) ([]byte, error) {
	byRow := map[int][]int{}
	wanted := map[int]bool{}
	used := area{}
	for at := range cells {
		byRow[at[1]] = append(byRow[at[1]], at[0])
		wanted[at[1]] = true
		used = used.with(at[0], at[1])
	}
	data := b.parts[part]
	l, err := readLayout(data, wanted)
	if err != nil {
		return nil, sheetError("unreadable", err)
	}
	var edits []edit
	for _, row := range slices.Sorted(maps.Keys(byRow)) {
		columns := byRow[row]
		slices.Sort(columns)
		edits = append(edits, b.spliceRow(data, l, row, columns, cells)...)
	}
	if was, err := parseArea(l.used); err == nil && l.used != "" {
		grown := was.with(used.left, used.top).with(used.right, used.bottom)
		if grown != was {
			ref := ` ref="` + cellName(grown.left, grown.top) + ":" + cellName(grown.right, grown.bottom) + `"`
			edits = append(edits, edit{l.dimension, attribute("ref").ReplaceAllString(string(data[l.dimension.start:l.dimension.end]), ref)})
		}
	}
	return apply(data, edits), nil
}

func (a area) with(column, row int) area {
	if a == (area{}) {
		return area{column, row, column, row}
	}
	return area{min(a.left, column), min(a.top, row), max(a.right, column), max(a.bottom, row)}
}

// attribute finds an attribute of a tag, with the space before it.
func attribute(name string) *regexp.Regexp {
	return regexp.MustCompile(`\s+` + name + `\s*=\s*("[^"]*"|'[^']*')`)
}

// spliceRow makes the edits of one row, whose columns are in order.
func (b *book) spliceRow(data []byte, l layout, row int, columns []int, cells cellWrites) []edit {
	at, exists := l.wanted[row]
	if !exists {
		text := ""
		for _, c := range columns {
			text += b.cell(l, c, row, l.style(c, xml.StartElement{}), cells[[2]int{c, row}])
		}
		text = "<" + l.prefix + `row r="` + strconv.Itoa(row) + `">` + text + "</" + l.prefix + "row>"
		place := l.end
		if i := slices.IndexFunc(l.following, func(r rowStart) bool { return r.number > row }); i >= 0 {
			place = l.following[i].start
		}
		return []edit{{span{place, place}, text}}
	}
	var edits []edit
	open := string(data[at.open.start:at.open.end])
	added := ""
	for _, c := range columns {
		i := slices.IndexFunc(at.cells, func(p cellPos) bool { return p.column >= c })
		switch value := cells[[2]int{c, row}]; {
		case i >= 0 && at.cells[i].column == c:
			edits = append(edits, edit{at.cells[i].span, b.cell(l, c, row, at.cells[i].style, value)})
			continue
		case i >= 0:
			edits = append(edits, edit{span{at.cells[i].start, at.cells[i].start}, b.cell(l, c, row, l.style(c, at.start), value)})
		default:
			added += b.cell(l, c, row, l.style(c, at.start), value)
		}
		open = attribute("spans").ReplaceAllString(open, "") // a hint that would not hold any more
	}
	if at.empty {
		open = strings.TrimSuffix(open, "/>") + ">" + added + "</" + l.prefix + "row>"
	} else if added != "" {
		edits = append(edits, edit{span{at.end, at.end}, added})
	}
	return append(edits, edit{at.open, open})
}

// style is the style of a cell that is not there yet: its row's or its column's.
func (l layout) style(column int, row xml.StartElement) string {
	if f := attr(row, "customFormat"); f == "1" || f == "true" {
		return attr(row, "s")
	}
	for _, c := range l.columns {
		if c.first <= column && column <= c.last {
			return c.style
		}
	}
	return ""
}

// cell is a cell's XML. Texts are inline, so that the table of shared texts
// stays as it is, and always texts, whatever digits they consist of.
func (b *book) cell(l layout, column, row int, style string, v cellValue) string {
	p := l.prefix
	open := "<" + p + `c r="` + cellName(column, row) + `"`
	if style != "" {
		open += ` s="` + style + `"`
	}
	if !v.at.IsZero() {
		if serial, ok := b.serial(style, v.at); ok {
			return open + "><" + p + "v>" + serial + "</" + p + "v></" + p + "c>"
		}
		v.text = v.at.Format("2006-01-02 15:04")
	}
	var text strings.Builder
	_ = xml.EscapeText(&text, []byte(literal(v.text))) // a Builder takes everything
	return open + ` t="inlineStr"><` + p + "is><" + p + `t xml:space="preserve">` + text.String() + "</" + p + "t></" + p + "is></" + p + "c>"
}

var characterCode = regexp.MustCompile(`^_x[0-9A-Fa-f]{4}_`)

// literal is s so that spreadsheet programs read no "_x0041_" in it as the code
// of a character.
func literal(s string) string {
	var b strings.Builder
	for i := range s {
		if s[i] == '_' && characterCode.MatchString(s[i:]) {
			b.WriteString("_x005F_")
			continue
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		b.WriteString(s[i : i+size])
	}
	return b.String()
}

var formatText = regexp.MustCompile(`"[^"]*"|\[[^\]]*\]|\\.|_.|\*.`)

// serial is a time as the number of days that workbooks count, if the style
// shows numbers as dates.
func (b *book) serial(style string, at time.Time) (string, bool) {
	id, _ := strconv.Atoi(style)
	s, err := b.excel.GetStyle(id)
	if err != nil || s == nil {
		return "", false
	}
	date := s.NumFmt >= 14 && s.NumFmt <= 22 || s.NumFmt >= 27 && s.NumFmt <= 36 || s.NumFmt >= 45 && s.NumFmt <= 47 || s.NumFmt >= 50 && s.NumFmt <= 58
	if s.CustomNumFmt != nil {
		date = strings.ContainsAny(strings.ToLower(formatText.ReplaceAllString(*s.CustomNumFmt, "")), "ydh")
	}
	if !date {
		return "", false
	}
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if p, err := b.excel.GetWorkbookProps(); err == nil && p.Date1904 != nil && *p.Date1904 {
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	wall := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
	return strconv.FormatFloat(wall.Sub(epoch).Hours()/24, 'f', -1, 64), true
}

// recalculate asks, in the workbook's XML, for formulas to be computed when it
// is opened: their stored results may depend on what was written.
func recalculate(data []byte) ([]byte, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	depth, place, prefix := 0, 0, ""
	for {
		start := int(d.InputOffset())
		token, err := d.RawToken()
		if err == io.EOF && place > 0 {
			return apply(data, []edit{{span{place, place}, "<" + prefix + `calcPr fullCalcOnLoad="1"/>`}}), nil
		} else if err != nil {
			return nil, sheetError("unreadable", err)
		}
		end := int(d.InputOffset())
		switch e := token.(type) {
		case xml.StartElement:
			if depth++; depth == 2 && e.Name.Local == "calcPr" {
				if f := attr(e, "fullCalcOnLoad"); f == "1" || f == "true" {
					return data, nil
				}
				tag := attribute("fullCalcOnLoad").ReplaceAllString(string(data[start:end]), "")
				name := strings.IndexAny(tag, " \t\r\n/>")
				return apply(data, []edit{{span{start, end}, tag[:name] + ` fullCalcOnLoad="1"` + tag[name:]}}), nil
			}
		case xml.EndElement:
			if depth--; depth == 1 && slices.Contains([]string{"sheets", "functionGroups", "externalReferences", "definedNames"}, e.Name.Local) {
				place, prefix = end, ""
				if e.Name.Space != "" {
					prefix = e.Name.Space + ":"
				}
			}
		}
	}
}

// zip packs the workbook with some parts changed; all others are copied as
// they are packed.
func (b *book) zip(changed map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	if err := w.SetComment(b.archive.Comment); err != nil {
		return nil, err
	}
	for _, f := range b.archive.File {
		content, ok := changed[partName(f.Name)]
		if !ok {
			if err := w.Copy(f); err != nil {
				return nil, err
			}
			continue
		}
		part, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: f.Method, Modified: f.Modified, Comment: f.Comment})
		if err != nil {
			return nil, err
		}
		if _, err := part.Write(content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
