package report

import (
	"cmp"
	"slices"

	"github.com/huongvecoso/outreach/core/issue"
	"github.com/huongvecoso/outreach/core/opinion"
	"github.com/huongvecoso/outreach/core/org"
)

// PlaceLine is what happened in one territory, as territories are on some day.
type PlaceLine struct {
	Place     org.PlaceID   `json:"place"`
	Of        []org.PlaceID `json:"of"`                 // hamlets of the period that are counted in it, by id
	Unplaced  bool          `json:"unplaced,omitempty"` // a hamlet that was divided or dissolved since: nobody can say where its past belongs
	Quota     int           `json:"quota"`
	Claimed   int           `json:"claimed"`
	Verified  int           `json:"verified"`
	Opinions  int           `json:"opinions"`
	Issues    int           `json:"issues"`
	Settled   int           `json:"settled"`   // of the issues: the last answer settled it (A2)
	Explained int           `json:"explained"` // of the issues: answered in any other way
}

// Home says in which territory a hamlet of the past is counted; false when it
// has no single one.
type Home func(org.PlaceID) (org.PlaceID, bool)

// Regroup counts the facts of a period by territory, "as it was then" or "in
// today's units" as home decides (A10). What has no home is shown under its own
// hamlet and never added to a neighbour. The lines add up to the figures of the
// same facts. Ordered by place.
func Regroup(f Facts, home Home) []PlaceLine {
	lines := make(map[org.PlaceID]*PlaceLine)
	line := func(hamlet org.PlaceID) *PlaceLine {
		place, ok := home(hamlet)
		if !ok {
			place = hamlet
		}
		l := lines[place]
		if l == nil {
			l = &PlaceLine{Place: place, Unplaced: !ok}
			lines[place] = l
		}
		if !slices.Contains(l.Of, hamlet) {
			l.Of = append(l.Of, hamlet)
		}
		return l
	}
	for _, h := range f.Hamlets {
		l := line(h.Place)
		l.Quota, l.Claimed, l.Verified = l.Quota+h.Quota, l.Claimed+h.Claimed, l.Verified+h.Verified
	}
	for _, o := range countable(f.Opinions) {
		line(o.Place).Opinions++
	}
	for _, i := range f.Issues {
		l := line(i.Place)
		l.Issues++
		switch answerClass(i) {
		case string(issue.Settled):
			l.Settled++
		case noAnswer:
		default:
			l.Explained++
		}
	}
	all := make([]PlaceLine, 0, len(lines))
	for _, l := range lines {
		slices.Sort(l.Of)
		all = append(all, *l)
	}
	slices.SortFunc(all, func(a, b PlaceLine) int { return cmp.Compare(a.Place, b.Place) })
	return all
}

// PlaceTable is the lines as a table.
func PlaceTable(lines []PlaceLine, opts *TableOptions) Table {
	var o TableOptions
	if opts != nil {
		o = *opts
	}
	t := Table{Name: "places", Title: Text{"Theo địa bàn", "By territory"}, Columns: []Column{
		col("place", "Địa bàn", "Territory"), col("hamlets", "Số ấp", "Hamlets"), col("quota", "Chỉ tiêu", "Quota"),
		col("claimed", "Công chức báo cáo", "Claimed"), col("verified", "Cơ sở xác nhận", "Verified"), col("opinions", "Ý kiến", "Opinions"),
		col("issues", "Vụ việc", "Issues"), col("settled", "Giải quyết xong", "Settled"), col("explained", "Trả lời khác", "Answered otherwise"),
	}}
	for _, l := range lines {
		t.Rows = append(t.Rows, []Value{o.place(l.Place), count(len(l.Of)), count(l.Quota), count(l.Claimed), count(l.Verified),
			count(l.Opinions), count(l.Issues), count(l.Settled), count(l.Explained)})
	}
	return t
}

// countable leaves out what is sealed or was taken back.
func countable(all []opinion.State) []opinion.State {
	return slices.DeleteFunc(slices.Clone(all), func(o opinion.State) bool {
		return o.Kind == opinion.Denunciation || o.Confidentiality == opinion.Sealed || o.Status == opinion.Withdrawn
	})
}
