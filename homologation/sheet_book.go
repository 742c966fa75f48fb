package homologation

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
)

// book is an opened workbook: its parts as they came, and excelize's view of
// them for what cells show. Parts are unpacked once and never beyond the limit.
type book struct {
	archive    *zip.Reader
	parts      map[string][]byte // by name in lower case with "/"
	excel      *excelize.File
	workbook   string // name of the workbook's part
	worksheets []worksheet
}

// worksheet is one of the workbook's tabs that may hold cells.
type worksheet struct {
	name   string
	part   string
	hidden bool
	layout layout
}

// openBook opens data after every check that can be made before reading it.
func openBook(data []byte) (b *book, err error) {
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return nil, sheetError("empty", nil)
	case len(data) > SheetMaxBytes:
		return nil, tooLarge()
	case bytes.HasPrefix(data, oleMagic):
		return nil, oleError(data)
	}
	b = &book{parts: map[string][]byte{}}
	if b.archive, err = zip.NewReader(bytes.NewReader(data), int64(len(data))); err != nil {
		return nil, sheetError("unreadable", err)
	}
	if err := b.unzip(); err != nil {
		return nil, err
	}
	if err := b.findWorksheets(); err != nil {
		return nil, err
	}
	b.excel, err = excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: SheetMaxUnzipped, UnzipXMLSizeLimit: SheetMaxUnzipped})
	if err != nil {
		return nil, sheetError("unreadable", err)
	}
	return b, nil
}

func (b *book) close() { _ = b.excel.Close() }

func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// unzip unpacks every part. It trusts no size that the archive claims.
func (b *book) unzip() error {
	var claimed uint64
	for _, f := range b.archive.File {
		if claimed += f.UncompressedSize64; f.UncompressedSize64 > SheetMaxUnzipped || claimed > SheetMaxUnzipped {
			return tooLarge()
		}
	}
	left := int64(SheetMaxUnzipped)
	for _, f := range b.archive.File {
		name := partName(f.Name)
		switch {
		case f.Flags&1 != 0:
			return sheetError("encrypted", nil)
		case strings.HasSuffix(name, "vbaproject.bin"), strings.HasPrefix(name, "xl/macrosheets/"):
			return sheetError("macro", nil)
		case b.parts[name] != nil:
			return sheetError("unreadable", fmt.Errorf("part %q is there twice", name))
		}
		r, err := f.Open()
		if err != nil {
			return sheetError("unreadable", err)
		}
		content, err := io.ReadAll(io.LimitReader(r, left+1))
		_ = r.Close()
		if left -= int64(len(content)); left < 0 {
			return tooLarge()
		}
		if err != nil {
			return sheetError("unreadable", err)
		}
		if strings.HasSuffix(name, ".xml") && (bytes.Contains(content, []byte("<!DOCTYPE")) || bytes.Contains(content, []byte("<!ENTITY"))) {
			return sheetError("unreadable", fmt.Errorf("part %q declares entities", name))
		}
		b.parts[name] = append([]byte{}, content...)
	}
	if bytes.Contains(bytes.ToLower(b.parts["[content_types].xml"]), []byte("macroenabled")) {
		return sheetError("macro", nil)
	}
	return nil
}

// relations are the targets of a part's relationships by id, those of one type only.
func (b *book) relations(of, kind string) map[string]string {
	var list struct {
		Relationship []struct {
			ID     string `xml:"Id,attr"`
			Type   string `xml:"Type,attr"`
			Target string `xml:"Target,attr"`
		}
	}
	rels := path.Join(path.Dir(of), "_rels", path.Base(of)+".rels")
	if of == "" {
		rels = "_rels/.rels"
	}
	_ = xml.Unmarshal(b.parts[partName(rels)], &list) // a broken part has no relations
	targets := map[string]string{}
	for _, r := range list.Relationship {
		if !strings.HasSuffix(r.Type, "/"+kind) {
			continue
		}
		if target := strings.ReplaceAll(r.Target, `\`, "/"); strings.HasPrefix(target, "/") {
			targets[r.ID] = partName(target)
		} else {
			targets[r.ID] = partName(path.Join(path.Dir(of), target))
		}
	}
	return targets
}

// findWorksheets reads the workbook's list of tabs and the layout of each.
func (b *book) findWorksheets() error {
	for _, name := range b.relations("", "officeDocument") {
		b.workbook = name
	}
	var list struct {
		Sheets []struct {
			Name  string     `xml:"name,attr"`
			State string     `xml:"state,attr"`
			Attr  []xml.Attr `xml:",any,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := xml.Unmarshal(b.parts[b.workbook], &list); err != nil {
		return sheetError("unreadable", fmt.Errorf("no workbook: %w", err))
	}
	parts, rows, cells := b.relations(b.workbook, "worksheet"), 0, 0
	for _, s := range list.Sheets {
		at := slices.IndexFunc(s.Attr, func(a xml.Attr) bool { return a.Name.Local == "id" })
		if at < 0 || parts[s.Attr[at].Value] == "" {
			continue // a chart on a tab of its own
		}
		w := worksheet{name: s.Name, part: parts[s.Attr[at].Value], hidden: strings.HasSuffix(strings.ToLower(s.State), "hidden")}
		var err error
		if w.layout, err = readLayout(b.parts[w.part], nil); errors.Is(err, errTooLarge) {
			return tooLarge()
		} else if err != nil {
			return sheetError("unreadable", fmt.Errorf("worksheet %q: %w", w.name, err))
		}
		rows, cells = rows+w.layout.rows, cells+w.layout.cells
		if rows > SheetMaxRows || cells > maxCells {
			return tooLarge()
		}
		b.worksheets = append(b.worksheets, w)
	}
	if len(b.worksheets) == 0 {
		return sheetError("unreadable", errors.New("no worksheets"))
	}
	return nil
}

var oleMagic = []byte{0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1}

// oleError says which of the two things a compound file is: a workbook with a
// password, or one of the program's format before 2007.
func oleError(data []byte) error {
	if bytes.Contains(data, utf16Bytes("EncryptedPackage")) {
		return sheetError("encrypted", nil)
	}
	return sheetError("old_format", nil)
}

func utf16Bytes(s string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return out
}
