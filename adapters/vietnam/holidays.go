package vietnam

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// One file a year: the decision's inputs, the days off with their sources, and
// entries that could not be verified.
//
//go:embed holidays/*.json
var holidayFiles embed.FS

// holidayYear is the content of one file.
type holidayYear struct {
	// Decision holds the inputs with which Propose gives the same days, and
	// where they were published.
	Decision struct {
		Inputs
		Sources []string `json:"sources"`
	} `json:"decision"`
	Calendar json.RawMessage `json:"calendar"` // a calendar.Spec
	Optional []OptionalEntry `json:"optional"`
}

// OptionalEntry is a change of the days off that was announced or expected
// but could not be verified. It is not part of [OfficialCalendar]; who knows
// that it is in force adds it with [OptionalEntry.AddTo].
type OptionalEntry struct {
	ID          string                `json:"id"`
	Note        string                `json:"note"`   // Vietnamese: what is not known
	NoteEn      string                `json:"noteEn"` // English
	Closures    []calendar.Closure    `json:"closures,omitempty"`
	WorkingDays []calendar.WorkingDay `json:"workingDays,omitempty"`
}

// AddTo returns the spec with the entry added. The caller gives the result a
// higher version when the spec has been in use.
func (o OptionalEntry) AddTo(spec calendar.Spec) calendar.Spec {
	spec.Closures = slices.Concat(spec.Closures, o.Closures)
	spec.WorkingDays = slices.Concat(spec.WorkingDays, o.WorkingDays)
	slices.SortStableFunc(spec.Closures, func(a, b calendar.Closure) int { return a.From.Compare(b.From) })
	return spec
}

// OfficialYears returns the first and the last year with an official list.
func OfficialYears() (first, last int) {
	years := officialYears()
	return years[0], years[len(years)-1]
}

func officialYears() []int {
	names, _ := fs.Glob(holidayFiles, "holidays/*.json") // sorted; the pattern is well-formed
	var years []int
	for _, name := range names {
		if year, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(name, "holidays/"), ".json")); err == nil {
			years = append(years, year)
		}
	}
	return years
}

// OfficialCalendar returns the days off decided for public bodies that rest on
// Saturday and Sunday, for the given years, which must follow each other;
// without arguments for all of [OfficialYears]. A district adds its own
// closures to the spec, gives it its own id, and makes a calendar of it.
//
// The id is "VN-2017" or "VN-2017-2019". The version is 1 and grows with every
// correction to one of the files. The violations are "vietnam.holidays.year"
// for a year without a list and "vietnam.holidays.gap" for years with a gap.
func OfficialCalendar(years ...int) (calendar.Spec, error) {
	if len(years) == 0 {
		years = officialYears()
	}
	years = slices.Compact(slices.Sorted(slices.Values(years)))
	var all calendar.Spec
	for i, year := range years {
		if i > 0 && year != years[i-1]+1 {
			return calendar.Spec{}, fault.Broken("vietnam.holidays.gap", "years",
				"A calendar covers years without a gap; %d does not follow %d.",
				"Lịch phải gồm các năm liên tiếp; %d không kế tiếp %d.", year, years[i-1])
		}
		spec, _, err := readYear(year)
		if err != nil {
			return calendar.Spec{}, err
		}
		if i == 0 {
			all = spec
			continue
		}
		all.ID = fmt.Sprintf("VN-%d-%d", years[0], year)
		all.Version += spec.Version - 1
		all.Coverage.To = spec.Coverage.To
		all.Closures = append(all.Closures, spec.Closures...)
		all.WorkingDays = append(all.WorkingDays, spec.WorkingDays...)
	}
	return all, nil
}

// OptionalEntries returns the unverified changes of a year, see [OptionalEntry].
// A year without a list is the violation "vietnam.holidays.year".
func OptionalEntries(year int) ([]OptionalEntry, error) {
	_, file, err := readYear(year)
	return file.Optional, err
}

// Decided returns the inputs of [Propose] that were decided for a year, and
// where they were published. A year without a list is the violation
// "vietnam.holidays.year".
func Decided(year int) (in Inputs, sources []string, err error) {
	_, file, err := readYear(year)
	return file.Decision.Inputs, file.Decision.Sources, err
}

func readYear(year int) (calendar.Spec, holidayYear, error) {
	data, err := holidayFiles.ReadFile(fmt.Sprintf("holidays/%d.json", year))
	if err != nil {
		first, last := OfficialYears()
		return calendar.Spec{}, holidayYear{}, fault.Broken("vietnam.holidays.year", "years",
			"There is no official list of days off for %d; the lists run from %d to %d, a later year can be proposed.",
			"Chưa có lịch nghỉ chính thức cho năm %d; hiện có các năm %d đến %d, năm sau đó có thể lập đề xuất.",
			year, first, last)
	}
	var file holidayYear
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		return calendar.Spec{}, holidayYear{}, fmt.Errorf("holidays/%d.json: %w", year, err)
	}
	spec, err := calendar.ParseSpec(file.Calendar)
	if err != nil {
		return calendar.Spec{}, holidayYear{}, fmt.Errorf("holidays/%d.json: %w", year, err)
	}
	return spec, file, nil
}
