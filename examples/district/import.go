package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"text/tabwriter"

	"github.com/huongvecoso/outreach/adapters/orgimport"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
)

// lists are the files of the organisation, and what each holds.
func lists() []struct {
	file string
	kind orgimport.Kind
} {
	return []struct {
		file string
		kind orgimport.Kind
	}{
		{"places.csv", orgimport.Places}, {"place_parents.csv", orgimport.Parents}, {"place_successors.csv", orgimport.Successors},
		{"units.csv", orgimport.Units}, {"subjects.csv", orgimport.Subjects}, {"leaders.csv", orgimport.Leaders},
		{"officials.csv", orgimport.Officials}, {"hamlet_heads.csv", orgimport.KeyPersons},
	}
}

// readLists reads the organisation's files. What is wrong with a row is the
// import's to say; a file that cannot be read at all is a fault of the input.
func (in *input) readLists() error {
	var faults []error
	for _, l := range lists() {
		raw, err := fs.ReadFile(in.files, l.file)
		if err == nil {
			var sheet orgimport.Sheet
			if sheet, err = orgimport.Read(bytes.NewReader(raw), l.file, l.kind, nil); err == nil {
				in.lists = append(in.lists, sheet)
				continue
			}
			err = fmt.Errorf("%s: %w", l.file, err)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// takeIn imports the organisation: first tried, then kept, without the rows that
// cannot be. It is done again to show that a list may be handed in twice.
func (s *season) takeIn(ctx context.Context, stdout io.Writer, plan programme.ID) error {
	settings := &orgimport.Settings{Programme: plan}
	tried, err := orgimport.Prepare(ctx, s.world.sys, org.System(), settings, s.in.lists...)
	if err != nil {
		return err
	}
	kept, err := orgimport.Apply(ctx, s.world.sys, org.System(), tried, orgimport.SkipErrors)
	if err != nil {
		return err
	}
	again, err := orgimport.Prepare(ctx, s.world.sys, org.System(), settings, s.in.lists...)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "NHẬP DỮ LIỆU / IMPORT")
	printImport(stdout, kept)
	fmt.Fprintf(stdout, "  nhập lại lần nữa / handed in again: %d created, %d updated, %d same, %d error\n",
		again.Count(orgimport.Created), again.Count(orgimport.Updated), again.Count(orgimport.Same), again.Count(orgimport.Refused))
	return nil
}

// printImport prints what became of each file, and of each line that was not plain.
func printImport(stdout io.Writer, p orgimport.Plan) {
	table := tabwriter.NewWriter(stdout, 0, 8, 2, ' ', 0)
	for _, sheet := range p.Sheets {
		count := make(map[orgimport.Action]int)
		for _, r := range p.Results {
			if r.Sheet == sheet.Name {
				count[r.Action]++
			}
		}
		fmt.Fprintf(table, "  %s\tcreated %d\tupdated %d\tsame %d\terror %d\n", sheet.Name,
			count[orgimport.Created], count[orgimport.Updated], count[orgimport.Same], count[orgimport.Refused])
	}
	table.Flush() // the writer below reports
	for _, r := range p.Results {
		for _, n := range r.Notes {
			fmt.Fprintf(stdout, "    %s:%d %s %s: %s %s\n", r.Sheet, r.Line, r.ID, n.Severity, n.Vi, n.En)
		}
	}
}
