package reportxlsx_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/huongvecoso/outreach/adapters/reportxlsx"
	"github.com/huongvecoso/outreach/core/report"
)

func figures() report.Figures {
	return report.Compute(report.Facts{Hamlets: []report.Hamlet{
		{Place: "=binh-minh", Commune: "suoi-cat", Official: "lan", Quota: 2, Claimed: 2, Verified: 1},
		{Place: "viet-kieu", Commune: "suoi-cat", Official: "minh", Quota: 2, Claimed: 1, Verified: 1},
	}})
}

func read(t *testing.T, data []byte) *excelize.File {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { book.Close() })
	return book
}

func TestEachTableIsASheetWhoseColumnsAddUp(t *testing.T) {
	var out bytes.Buffer
	if err := reportxlsx.Write(&out, report.Tables(figures(), nil), "vi"); err != nil {
		t.Fatal(err)
	}
	book := read(t, out.Bytes())
	sheets := book.GetSheetList()
	if len(sheets) != 2 || sheets[1] != "2 Buổi theo ấp" {
		t.Fatalf("sheets %q", sheets)
	}
	rows, err := book.GetRows(sheets[1])
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"Buổi theo ấp"},
		{"Ấp", "Xã", "Chỉ tiêu", "Công chức báo cáo", "Cơ sở xác nhận", "Vắng có lý do"},
		{"=binh-minh", "suoi-cat", "2", "2", "1", "0"},
		{"viet-kieu", "suoi-cat", "2", "1", "1", "0"},
		{"Tổng cộng", "", "4", "3", "2", "0"},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	if formula, err := book.GetCellFormula(sheets[1], "A3"); err != nil || formula != "" {
		t.Errorf("a text became the formula %q (%v)", formula, err)
	}
	if kind, err := book.GetCellType(sheets[1], "C3"); err != nil || kind == excelize.CellTypeSharedString {
		t.Errorf("a number is kept as a text (%v, %v)", kind, err)
	}
}

func TestSheetsHaveNamesThatSpreadsheetsAllow(t *testing.T) {
	long := report.Table{Name: "x", Title: report.Text{VI: "Nhận xét: công chức/[ấp] *?' rất dài " + strings.Repeat("ấ", 40), EN: "x"}, Columns: []report.Column{{Name: "a"}}}
	var out bytes.Buffer
	if err := reportxlsx.Write(&out, []report.Table{long, long}, "vi"); err != nil {
		t.Fatal(err)
	}
	for _, name := range read(t, out.Bytes()).GetSheetList() {
		if utf8.RuneCountInString(name) > 31 || strings.ContainsAny(name, `/\?*[]:'`) {
			t.Errorf("a sheet is called %q", name)
		}
	}
	if err := reportxlsx.Write(&out, nil, "en"); err != nil {
		t.Errorf("no tables: %v", err)
	}
}

func TestADiskThatIsFullIsTold(t *testing.T) {
	if err := reportxlsx.Write(full{}, report.Tables(figures(), nil), "vi"); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got %v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// The figures of a month as a workbook.
func ExampleWrite() {
	var out bytes.Buffer
	if err := reportxlsx.Write(&out, report.Tables(figures(), nil), "en"); err != nil {
		fmt.Println(err)
		return
	}
	book, err := excelize.OpenReader(&out)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer book.Close()
	fmt.Println(strings.Join(book.GetSheetList(), ", "))
	// Output: 1 Summary, 2 Visits by hamlet
}
