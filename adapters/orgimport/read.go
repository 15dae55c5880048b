package orgimport

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Options bound what Read takes. The zero value, and nil, are legal.
type Options struct {
	Sheet    string // of a workbook. Default: the first
	MaxBytes int64  // of the file, also unpacked ten times over. Default: 8 MiB
	MaxRows  int    // Default: 20000
}

func (o *Options) filled() Options {
	var f Options
	if o != nil {
		f = *o
	}
	if f.MaxBytes <= 0 {
		f.MaxBytes = 8 << 20
	}
	if f.MaxRows <= 0 {
		f.MaxRows = 20000
	}
	return f
}

// Read reads a list: CSV with commas, semicolons or tabs, in UTF-8 or the
// UTF-16 that spreadsheets write, with or without byte order mark; or an XLSX
// workbook without formulas. name is told in messages and never opened.
//
// It fails as a whole ("orgimport.file.*", "orgimport.column.*") when the file
// is none of these, too large, or lacks a column; what is wrong with single
// rows stands in their notes. Blank rows are left out.
func Read(r io.Reader, name string, kind Kind, opts *Options) (Sheet, error) {
	o := opts.filled()
	if kind.columns() == nil {
		return Sheet{}, fault.Broken("orgimport.kind", "kind", "There is no kind of list %q; the kinds are %v.", "Không có loại danh sách %q; các loại gồm %v.", kind, Kinds())
	}
	data, err := io.ReadAll(io.LimitReader(r, o.MaxBytes+1))
	if err != nil {
		return Sheet{}, err
	}
	if int64(len(data)) > o.MaxBytes {
		return Sheet{}, fault.Broken("orgimport.file.size", "file", "%s is larger than %d bytes.", "%s lớn hơn %d byte.", name, o.MaxBytes)
	}
	var rows []Row
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		rows, err = readWorkbook(data, o)
	case bytes.HasPrefix(data, []byte("\xD0\xCF\x11\xE0")):
		err = fault.Broken("orgimport.file.format", "file", "%s is a workbook of the old form; save it as .xlsx or CSV.", "%s là tập tin Excel kiểu cũ; hãy lưu lại dạng .xlsx hoặc CSV.", name)
	default:
		rows, err = readCSV(data, name)
	}
	if err != nil {
		return Sheet{}, err
	}
	if len(rows) > o.MaxRows+1 {
		return Sheet{}, fault.Broken("orgimport.file.rows", "file", "%s has more than %d rows; divide it.", "%s có hơn %d dòng; hãy tách nhỏ.", name, o.MaxRows)
	}
	return arrange(name, kind, rows)
}

// readCSV reads every record with the number of its first line. A quotation mark
// inside a cell is legal; one that is never closed swallows the lines after it,
// and its row is refused.
func readCSV(data []byte, name string) ([]Row, error) {
	text, err := decoded(data, name)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = delimiter(text), true, -1
	var rows []Row
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("orgimport: %s: %w", name, err)
		}
		line, _ := r.FieldPos(0)
		row := Row{Line: line, Cells: cells}
		if slices.ContainsFunc(cells, func(c string) bool { return strings.Contains(c, "\n") }) {
			row.note(Failure, "cell.lines", "", "A cell goes over several lines; look for a quotation mark that is not closed.", "Có ô kéo dài nhiều dòng; kiểm tra dấu ngoặc kép chưa đóng.")
		}
		rows = append(rows, row)
	}
}

// decoded is the text without byte order mark, whatever Unicode form it came in.
func decoded(data []byte, name string) (string, error) {
	if text, ok := utf16Text(data); ok {
		return text, nil
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return "", fault.Broken("orgimport.file.encoding", "file",
			"%s is not UTF-8; save it as \"CSV UTF-8\" or as a workbook.",
			"%s không phải UTF-8 (có thể là TCVN3 hoặc VNI); hãy lưu dạng \"CSV UTF-8\" hoặc .xlsx.", name)
	}
	return text, nil
}

// utf16Text reads "Unicode text" of spreadsheets, which starts with a byte order mark.
func utf16Text(data []byte) (string, bool) {
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case bytes.HasPrefix(data, []byte("\xFF\xFE")):
	case bytes.HasPrefix(data, []byte("\xFE\xFF")):
		order = binary.BigEndian
	default:
		return "", false
	}
	var units []uint16
	for body := data[2:]; len(body) > 1; body = body[2:] {
		units = append(units, order.Uint16(body))
	}
	return string(utf16.Decode(units)), true
}

// delimiter is the sign that stands most often in the first line outside of
// quotation marks; a comma where none does.
func delimiter(text string) rune {
	first, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	best, most, quoted := ',', 0, false
	counts := make(map[rune]int)
	for _, c := range first {
		switch c {
		case '"':
			quoted = !quoted
		case ',', ';', '\t':
			if quoted {
				continue
			}
			if counts[c]++; counts[c] > most {
				best, most = c, counts[c]
			}
		}
	}
	return best
}

// readWorkbook reads one sheet of a workbook, cells as stored: a number is its
// digits, a date the number of days that spreadsheets count.
func readWorkbook(data []byte, o Options) ([]Row, error) {
	limit := 10 * o.MaxBytes
	book, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true, UnzipSizeLimit: limit, UnzipXMLSizeLimit: limit})
	if err != nil {
		return nil, workbookFault()
	}
	defer book.Close()
	sheet := o.Sheet
	if sheet == "" {
		sheet = book.GetSheetName(0)
	}
	if i, err := book.GetSheetIndex(sheet); err != nil || i < 0 {
		return nil, fault.Broken("orgimport.file.sheet", "sheet", "The workbook has no sheet %q; its sheets are %v.", "Tập tin không có trang tính %q; các trang gồm %v.", sheet, book.GetSheetList())
	}
	stream, err := book.Rows(sheet)
	if err != nil {
		return nil, workbookFault()
	}
	defer stream.Close()
	var rows []Row
	for line := 1; stream.Next(); line++ {
		cells, err := stream.Columns()
		if err != nil {
			return nil, workbookFault()
		}
		row := Row{Line: line, Cells: cells}
		if err := refuseFormulas(book, sheet, &row); err != nil {
			return nil, err
		}
		if rows = append(rows, row); len(rows) > o.MaxRows+1 {
			break
		}
	}
	return rows, nil
}

// refuseFormulas marks a row in which a cell is computed: what it shows depends
// on other cells, other files even.
func refuseFormulas(book *excelize.File, sheet string, row *Row) error {
	for i := range row.Cells {
		cell, err := excelize.CoordinatesToCellName(i+1, row.Line)
		if err != nil {
			return workbookFault()
		}
		formula, err := book.GetCellFormula(sheet, cell)
		if err != nil {
			return workbookFault()
		}
		if formula != "" {
			row.note(Failure, "cell.formula", cell, "Cell %s is a formula; paste its value.", "Ô %s là công thức; hãy dán giá trị.", cell)
		}
	}
	return nil
}

func workbookFault() error {
	return fault.Broken("orgimport.file.workbook", "file", "The workbook cannot be read, or is too large unpacked.", "Không đọc được tập tin Excel, hoặc dung lượng giải nén quá lớn.")
}

// arrange takes the first row that is not blank as the header and gives the
// cells of the others their columns.
func arrange(name string, kind Kind, rows []Row) (Sheet, error) {
	rows = slices.DeleteFunc(rows, func(r Row) bool {
		return !slices.ContainsFunc(r.Cells, func(c string) bool { return org.Tidy(c) != "" })
	})
	if len(rows) == 0 {
		return Sheet{}, fault.Broken("orgimport.file.empty", "file", "%s is empty.", "%s không có dữ liệu.", name)
	}
	s := Sheet{Name: name, Kind: kind, Header: rows[0].Cells, Rows: rows[1:]}
	columns, err := s.match(kind)
	if err != nil {
		return Sheet{}, err
	}
	for i := range s.Rows {
		s.Rows[i].assign(columns)
		s.Rows[i].fill(kind)
	}
	return s, nil
}

// match finds the column of each heading, empty for those that are left aside.
func (s *Sheet) match(kind Kind) ([]string, error) {
	var faults fault.List
	wanted := make(map[string]bool)
	for _, c := range kind.columns() {
		wanted[bare(c)] = true
	}
	columns := make([]string, len(s.Header))
	for i, heading := range s.Header {
		column := alias(heading)
		switch {
		case !wanted[column]:
			if heading = org.Tidy(heading); heading != "" {
				s.Ignored = append(s.Ignored, heading)
			}
		case slices.Contains(columns, column):
			faults.Add(fault.Broken("orgimport.column.twice", column, "%s has the column %s twice.", "%s có hai cột %s.", s.Name, column))
		default:
			columns[i] = column
		}
	}
	for _, c := range kind.columns() {
		if column := bare(c); column != c && !slices.Contains(columns, column) {
			faults.Add(fault.Broken("orgimport.column.missing", column, "%s lacks the column %s.", "%s thiếu cột %s.", s.Name, column))
		}
	}
	return columns, faults.Err()
}

// assign gives the cells of a row their columns, tidied. An apostrophe in front
// of a sign that starts a formula is the mark of a text cell and goes.
func (r *Row) assign(columns []string) {
	r.values = make(map[string]string, len(columns))
	for i, cell := range r.Cells {
		value := org.Tidy(cell)
		if len(value) > 1 && value[0] == '\'' && strings.ContainsRune("=+-@", rune(value[1])) {
			value = value[1:]
		}
		switch {
		case i < len(columns) && columns[i] != "":
			r.values[columns[i]] = value
		case i >= len(columns) && value != "":
			r.note(Failure, "row.long", "", "The row has more cells than the header.", "Dòng có nhiều ô hơn tiêu đề.")
		}
	}
	for _, value := range r.values {
		if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			r.note(Failure, "cell.control", "", "A cell holds a control character.", "Có ô chứa ký tự điều khiển.")
			break
		}
	}
}

// fill marks what must not be empty and is.
func (r *Row) fill(kind Kind) {
	for _, c := range kind.columns() {
		if column, required := strings.CutSuffix(c, "*"); required && r.value(column) == "" {
			r.note(Failure, "cell.empty", column, "The column %s must not be empty.", "Cột %s không được để trống.", column)
		}
	}
}
