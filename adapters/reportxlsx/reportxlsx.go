// Package reportxlsx writes the tables of a report as a workbook for spreadsheet
// programs, one sheet a table. Numbers are numbers, so that a reader can add the
// columns up; texts that begin like a formula are kept from being one.
package reportxlsx

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/huongvecoso/outreach/core/report"
)

// Write writes the tables in their order, titles in the language "vi" or "en".
// Each sheet has the table's title in its first line, its columns' in the second
// and, where it has numbers, their sums in the last. It returns the error of w.
func Write(w io.Writer, tables []report.Table, lang string) (err error) {
	book := excelize.NewFile()
	defer func() {
		if closed := book.Close(); err == nil {
			err = closed
		}
	}()
	bold, err := book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return fmt.Errorf("reportxlsx: %w", err)
	}
	for i, t := range tables {
		s := sheet{book: book, name: sheetName(i, t, lang), bold: bold}
		if err := s.fill(t, lang); err != nil {
			return fmt.Errorf("reportxlsx: table %s: %w", t.Name, err)
		}
	}
	if len(tables) > 0 {
		if err := book.DeleteSheet("Sheet1"); err != nil { // the one every new book has
			return fmt.Errorf("reportxlsx: %w", err)
		}
	}
	book.SetActiveSheet(0)
	if _, err := book.WriteTo(w); err != nil {
		return fmt.Errorf("reportxlsx: %w", err)
	}
	return nil
}

// sheetName is the number and title of a table within the 31 characters and the
// alphabet that spreadsheets allow.
func sheetName(i int, t report.Table, lang string) string {
	const longest = 31
	name := fmt.Sprintf("%d %s", i+1, strings.NewReplacer("/", "-", "\\", "-", "?", "", "*", "", "[", "(", "]", ")", ":", " ", "'", "").Replace(t.Title.In(lang)))
	for utf8.RuneCountInString(name) > longest {
		_, last := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-last]
	}
	return strings.TrimSpace(name)
}

type sheet struct {
	book *excelize.File
	name string
	bold int
	line int
}

func (s *sheet) fill(t report.Table, lang string) error {
	if _, err := s.book.NewSheet(s.name); err != nil {
		return err
	}
	if err := s.write(s.bold, report.Value{Text: t.Title.In(lang)}); err != nil {
		return err
	}
	titles := make([]report.Value, len(t.Columns))
	for i, c := range t.Columns {
		titles[i] = report.Value{Text: c.Title.In(lang)}
	}
	if err := s.write(s.bold, titles...); err != nil {
		return err
	}
	for _, row := range t.Rows {
		if err := s.write(0, row...); err != nil {
			return err
		}
	}
	return s.sums(t, lang)
}

// sums adds the columns of numbers up, as readers do first. The summary holds
// shares of different wholes: a sum of them says nothing.
func (s *sheet) sums(t report.Table, lang string) error {
	if t.Name == "summary" || t.Name == "corrections" || len(t.Rows) == 0 {
		return nil
	}
	total := report.Text{VI: "Tổng cộng", EN: "Total"}
	line := make([]report.Value, len(t.Columns))
	line[0] = report.Value{Text: total.In(lang)}
	for i, c := range t.Columns {
		if t.Rows[0][i].Number != nil {
			n := t.Sum(c.Name)
			line[i] = report.Value{Number: &n}
		}
	}
	return s.write(s.bold, line...)
}

func (s *sheet) write(style int, values ...report.Value) error {
	s.line++
	for i, v := range values {
		cell, err := excelize.CoordinatesToCellName(i+1, s.line)
		if err != nil {
			return err
		}
		if v.Number != nil {
			err = s.book.SetCellInt(s.name, cell, int64(*v.Number))
		} else {
			err = s.book.SetCellStr(s.name, cell, v.Text) // a string cell is never a formula
		}
		if err != nil {
			return err
		}
		if style != 0 {
			if err := s.book.SetCellStyle(s.name, cell, cell, style); err != nil {
				return err
			}
		}
	}
	return nil
}
