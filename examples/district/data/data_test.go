package data_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

const bom = "\ufeff"

// columns is the promise README.md makes about each file.
var columns = map[string]string{
	"places.csv":           "id,code,kind,name,parent_id,from,to,source",
	"place_parents.csv":    "id,parent_id,from,to",
	"place_successors.csv": "from_id,to_id,date,kind,share,note",
	"units.csv":            "id,code,name,sms_name,parent_id,place_id,from,to,source",
	"subjects.csv":         "subject,subject_name_vi,subject_name_en,unit_id,cooperating,from,to",
	"officials.csv":        "id,full_name,unit_id,participant_class,team,role,phone,email,from",
	"hamlet_heads.csv":     "id,full_name,honorific,role,place_id,phone,email",
	"leaders.csv":          "id,full_name,role,unit_id,place_id,phone,email",
	"opinions.csv":         "kind,subject,urgency,text_vi,on_the_spot,answer_vi,answer_class,body_id",
	"bulletins.csv":        "month,title,document_no,type",
}

// verifiedHamlets are those a public source names. Adding one to places.csv
// means adding it here, with the source in the row.
var verifiedHamlets = map[string][]string{
	"Gia Ray":     {"Khu 1", "Khu 5"},
	"Suối Cát":    {"Bình Minh", "Suối Cát 1", "Suối Cát 2", "Việt Kiều"},
	"Xuân Hiệp":   {"Bình Minh", "Tam Hiệp", "Tân Tiến", "Việt Kiều"},
	"Xuân Phú":    {"Bình Hòa", "Bình Tiến", "Bình Tân", "Bình Xuân 1", "Bình Xuân 2"},
	"Xuân Định":   {"Bảo Thị", "Bảo Định", "Nông Doanh"},
	"Xuân Trường": {"Bàu Sen", "Gia Hòa", "Trung Hiếu", "Trung Hưng", "Trung Lương", "Trung Nghĩa", "Trung Sơn", "Trung Tín"},
	"Suối Cao":    {"Bàu Sình", "Chà Rang", "Cây Da", "Gia Lào", "Gia Tỵ", "Phượng Vỹ"},
	"Xuân Thọ":    {"Thọ Chánh"},
	"Xuân Thành":  {"Tân Hòa"},
}

// row is one record, by column name.
type row map[string]string

func read(t *testing.T, name string) []row {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(raw), bom))).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	header := records[0]
	if got := strings.Join(header, ","); got != columns[name] {
		t.Fatalf("%s: columns are %s, want %s", name, got, columns[name])
	}
	rows := make([]row, 0, len(records)-1)
	for _, record := range records[1:] {
		r := row{}
		for i, column := range header {
			r[column] = record[i]
		}
		rows = append(rows, r)
	}
	return rows
}

func byID(t *testing.T, rows []row) map[string]row {
	t.Helper()
	index := map[string]row{}
	for _, r := range rows {
		if index[r["id"]] != nil {
			t.Errorf("id %q stands twice", r["id"])
		}
		index[r["id"]] = r
	}
	return index
}

// span is a stretch of civil dates as the files write it; empty ends are open.
type span struct{ from, to string }

func life(r row) span { return span{r["from"], r["to"]} }

func (s span) last() string {
	if s.to == "" {
		return "9999-12-31"
	}
	return s.to
}

func (s span) includes(day string) bool    { return s.from <= day && day <= s.last() }
func (s span) covers(other span) bool      { return s.from <= other.from && other.last() <= s.last() }
func (s span) overlaps(other span) bool    { return s.from <= other.last() && other.from <= s.last() }
func (s span) endsDayBefore(d string) bool { return dayBefore[d] == s.to }

// dayBefore knows the two days on which the map changed.
var dayBefore = map[string]string{"2025-07-01": "2025-06-30", "2026-04-30": "2026-04-29"}

// atlas answers where a place belonged on a day.
type atlas struct {
	places map[string]row
	edges  map[string][]row
}

func openAtlas(t *testing.T) atlas {
	t.Helper()
	a := atlas{places: byID(t, read(t, "places.csv")), edges: map[string][]row{}}
	for _, edge := range read(t, "place_parents.csv") {
		a.edges[edge["id"]] = append(a.edges[edge["id"]], edge)
	}
	return a
}

func (a atlas) parent(id, day string) string {
	for _, edge := range a.edges[id] {
		if life(edge).includes(day) {
			return edge["parent_id"]
		}
	}
	if len(a.edges[id]) > 0 {
		return ""
	}
	return a.places[id]["parent_id"]
}

func (a atlas) chain(id, day string) string {
	var names []string
	for ; id != ""; id = a.parent(id, day) {
		p := a.places[id]
		names = append(names, strings.TrimSpace(p["kind"]+" "+p["name"]+" "+p["code"]))
	}
	return strings.Join(names, " < ")
}

func TestEveryFileIsPlainUTF8AndComposed(t *testing.T) {
	for name := range columns {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		if got, want := strings.HasPrefix(text, bom), name == "officials.csv"; got != want {
			t.Errorf("%s: starts with a byte order mark: %v, want %v", name, got, want)
		}
		if strings.ContainsAny(text, "#\r\ufffd") {
			t.Errorf("%s: holds '#', a carriage return or a broken character", name)
		}
		for i, r := range read(t, name) {
			for column, value := range r {
				marked := name == "officials.csv" && r["id"] == "CC-017" && column == "full_name"
				if norm.NFC.IsNormalString(value) == marked {
					t.Errorf("%s row %d %s: composed: %v, want %v", name, i+1, column, !marked, marked)
				}
				if name != "officials.csv" && value != strings.TrimSpace(value) {
					t.Errorf("%s row %d %s: stray space in %q", name, i+1, column, value)
				}
			}
		}
	}
}

func TestReadmeCountsEveryRow(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, header := range columns {
		line := fmt.Sprintf("| `%s` | %d |", name, len(read(t, name)))
		if !strings.Contains(string(readme), line) {
			t.Errorf("README.md does not say %q", line)
		}
		if list := strings.ReplaceAll(header, ",", ", "); !strings.Contains(string(readme), "`"+name+"`: `"+list+"`") {
			t.Errorf("README.md does not give the columns of %s as %s", name, list)
		}
	}
}

func TestEveryPlaceHasAParentThatLivesAsLong(t *testing.T) {
	a := openAtlas(t)
	for id, p := range a.places {
		if id == p["code"] || id == "" {
			t.Errorf("place %q: an id is not a code", id)
		}
		if !slices.Contains([]string{"tinh", "thanh_pho", "huyen", "thi_tran", "xa", "phuong", "ap", "khu"}, p["kind"]) {
			t.Errorf("place %s: unknown kind %q", id, p["kind"])
		}
		edges := a.edges[id]
		if len(edges) == 0 {
			edges = []row{{"id": id, "parent_id": p["parent_id"], "from": p["from"], "to": p["to"]}}
		} else if len(edges) == 1 || edges[0]["parent_id"] != p["parent_id"] {
			t.Errorf("place %s: place_parents.csv must list several parents, the one of places.csv first", id)
		}
		checkEdges(t, a, p, edges)
	}
	for id := range a.edges {
		if a.places[id] == nil {
			t.Errorf("place_parents.csv speaks of unknown place %q", id)
		}
	}
}

func checkEdges(t *testing.T, a atlas, p row, edges []row) {
	t.Helper()
	if edges[0]["from"] != p["from"] || edges[len(edges)-1]["to"] != p["to"] {
		t.Errorf("place %s: its parents do not cover its life", p["id"])
	}
	for i, edge := range edges {
		if i > 0 && !life(edges[i-1]).endsDayBefore(edge["from"]) {
			t.Errorf("place %s: gap or overlap before %s", p["id"], edge["from"])
		}
		top := p["kind"] == "tinh" || p["kind"] == "thanh_pho"
		if (edge["parent_id"] == "") != top {
			t.Errorf("place %s: a parent is required below the province, and only there", p["id"])
			continue
		}
		if top {
			continue
		}
		parent := a.places[edge["parent_id"]]
		if parent == nil {
			t.Errorf("place %s: parent %q does not exist", p["id"], edge["parent_id"])
		} else if !life(parent).covers(life(edge)) {
			t.Errorf("place %s: parent %s does not live through %v", p["id"], parent["id"], life(edge))
		}
	}
}

func TestOnlyVerifiedHamletsAreListed(t *testing.T) {
	a := openAtlas(t)
	got := map[string][]string{}
	for _, p := range a.places {
		if p["kind"] != "ap" && p["kind"] != "khu" {
			continue
		}
		commune := a.places[p["parent_id"]]
		got[commune["name"]] = append(got[commune["name"]], p["name"])
		if (commune["kind"] == "thi_tran") != (p["kind"] == "khu") {
			t.Errorf("%s: a township has khu, a commune has ấp", p["id"])
		}
		if p["code"] != "" || p["source"] == "" {
			t.Errorf("%s: a hamlet has a source and no official code", p["id"])
		}
	}
	for commune := range got {
		slices.Sort(got[commune])
	}
	if diff := cmp.Diff(verifiedHamlets, got); diff != "" {
		t.Errorf("hamlets (-verified +listed):\n%s", diff)
	}
	// Six communes state how many hamlets they have; two of Suối Cao's eight are not named anywhere.
	stated := map[string]int{"Suối Cát": 4, "Xuân Hiệp": 4, "Xuân Phú": 5, "Xuân Định": 3, "Xuân Trường": 8, "Suối Cao": 8}
	sum, listed := 0, 0
	for commune, n := range stated {
		sum += n
		listed += len(got[commune])
	}
	if sum != 32 || listed != 30 {
		t.Errorf("stated %d and listed %d hamlets, want 32 and 30", sum, listed)
	}
}

func TestPlacesAsTheyWereThen(t *testing.T) {
	a := openAtlas(t)
	for _, tc := range []struct{ id, day, want string }{
		{"xl-suoi-cat-suoi-cat-1", "2017-05-05", "ap Suối Cát 1 < xa Suối Cát 26452 < huyen Xuân Lộc 741 < tinh Đồng Nai 75"},
		{"xl-suoi-cat-suoi-cat-1", "2025-06-30", "ap Suối Cát 1 < xa Suối Cát 26452 < huyen Xuân Lộc 741 < tinh Đồng Nai 75"},
		{"xl-suoi-cat-suoi-cat-1", "2025-08-01", "ap Suối Cát 1 < xa Xuân Lộc 26425 < tinh Đồng Nai 75"},
		{"xl-suoi-cat-suoi-cat-1", "2026-06-01", "ap Suối Cát 1 < phuong Xuân Lộc 26425 < thanh_pho Đồng Nai 75"},
		{"xl-suoi-cao-gia-lao", "2026-06-01", "ap Gia Lào < xa Xuân Thành 26434 < thanh_pho Đồng Nai 75"},
		{"xl-gia-ray-khu-1", "2017-05-05", "khu Khu 1 < thi_tran Gia Ray 26425 < huyen Xuân Lộc 741 < tinh Đồng Nai 75"},
	} {
		if got := a.chain(tc.id, tc.day); got != tc.want {
			t.Errorf("%s on %s: %s, want %s", tc.id, tc.day, got, tc.want)
		}
	}
}

func TestACodeMeansAnotherPlaceOnAnotherDay(t *testing.T) {
	a := openAtlas(t)
	bearer := func(code, day string) string {
		var found []string
		for _, p := range a.places {
			if p["code"] == code && life(p).includes(day) {
				found = append(found, p["kind"]+" "+p["name"])
			}
		}
		return strings.Join(found, ", ")
	}
	for _, tc := range []struct{ code, day, want string }{
		{"26446", "2025-06-30", "xa Xuân Hưng"},
		{"26446", "2025-07-01", "xa Xuân Hòa"},
		{"26443", "2025-06-30", "xa Xuân Hòa"},
		{"26443", "2025-07-01", ""},
		{"26425", "2017-01-01", "thi_tran Gia Ray"},
		{"26425", "2026-04-29", "xa Xuân Lộc"},
		{"26425", "2026-04-30", "phuong Xuân Lộc"},
		{"741", "2025-07-01", ""},
		{"75", "2026-04-30", "thanh_pho Đồng Nai"},
	} {
		if got := bearer(tc.code, tc.day); got != tc.want {
			t.Errorf("code %s on %s is %q, want %q", tc.code, tc.day, got, tc.want)
		}
	}
}

func TestEveryPlaceThatEndsSaysWhatBecameOfIt(t *testing.T) {
	a := openAtlas(t)
	heirs := map[string][]string{}
	for _, s := range read(t, "place_successors.csv") {
		from, to := a.places[s["from_id"]], a.places[s["to_id"]]
		if from == nil || to == nil {
			t.Errorf("%v speaks of an unknown place", s)
			continue
		}
		if to["from"] != s["date"] || !life(from).endsDayBefore(s["date"]) {
			t.Errorf("%s to %s: the day %s fits neither life", from["id"], to["id"], s["date"])
		}
		if !slices.Contains([]string{"merge", "split", "rename", "upgrade"}, s["kind"]) {
			t.Errorf("%s: unknown kind %q", from["id"], s["kind"])
		}
		if (s["kind"] == "split") != (s["share"] == "part") || s["share"] != "part" && s["share"] != "whole" {
			t.Errorf("%s: a split gives parts, all else the whole, got %s of %s", from["id"], s["share"], s["kind"])
		}
		heirs[from["id"]] = append(heirs[from["id"]], to["name"])
	}
	communes := 0
	for id, p := range a.places {
		if p["parent_id"] == "xl-741" {
			communes++
		}
		want := 0
		switch {
		case id == "xl-26449": // Xuân Tâm, split
			want = 2
		case p["to"] != "" && id != "xl-741": // the district alone ended without an heir
			want = 1
		}
		if len(heirs[id]) != want {
			t.Errorf("%s %s has %d successors, want %d", id, p["name"], len(heirs[id]), want)
		}
	}
	if communes != 15 {
		t.Errorf("the district has %d communes and townships, want 15", communes)
	}
	if diff := cmp.Diff([]string{"Xuân Hòa", "Xuân Đông"}, heirs["xl-26449"]); diff != "" {
		t.Errorf("Xuân Tâm went to (-want +got):\n%s", diff)
	}
}

// smsText are the characters every message gateway takes: no marks, no '&'.
var smsText = regexp.MustCompile(`^[A-Za-z0-9 .,/()-]{2,30}$`)

func TestUnits(t *testing.T) {
	a := openAtlas(t)
	rows := read(t, "units.csv")
	units := byID(t, rows)
	departments := 0
	for i, u := range rows {
		if !smsText.MatchString(u["sms_name"]) {
			t.Errorf("unit %s: sms_name %q would be refused by a gateway", u["id"], u["sms_name"])
		}
		if u["id"] == u["code"] || u["code"] == "" || u["name"] == "" || u["source"] == "" {
			t.Errorf("unit %s: incomplete", u["id"])
		}
		place := a.places[u["place_id"]]
		if place == nil || !life(place).covers(life(u)) {
			t.Errorf("unit %s: place %q is unknown or does not live as long", u["id"], u["place_id"])
		}
		if parent := units[u["parent_id"]]; u["parent_id"] != "" && (parent == nil || !life(parent).covers(life(u))) {
			t.Errorf("unit %s: parent %q is unknown or does not live as long", u["id"], u["parent_id"])
		}
		for _, other := range rows[:i] {
			if other["code"] == u["code"] && life(other).overlaps(life(u)) {
				t.Errorf("units %s and %s bear the code %s at the same time", other["id"], u["id"], u["code"])
			}
		}
		if u["parent_id"] == "xl-ubnd" && u["place_id"] == "xl-741" {
			departments++
		}
	}
	if departments != 12 {
		t.Errorf("the district has %d departments, want 12", departments)
	}
}

func TestEverySubjectHasOneLeadAtATime(t *testing.T) {
	units := byID(t, read(t, "units.csv"))
	rows := read(t, "subjects.csv")
	for i, s := range rows {
		targets := []string{s["unit_id"]}
		if s["cooperating"] != "" {
			targets = append(targets, strings.Split(s["cooperating"], ";")...)
		}
		for n, target := range targets {
			if units[target] == nil || !life(units[target]).covers(life(s)) {
				t.Errorf("subject %s: unit %q is unknown or does not live through %v", s["subject"], target, life(s))
			}
			if slices.Contains(targets[:n], target) {
				t.Errorf("subject %s: unit %s is named twice", s["subject"], target)
			}
		}
		for _, other := range rows[:i] {
			if other["subject"] != s["subject"] {
				continue
			}
			if life(other).overlaps(life(s)) {
				t.Errorf("subject %s has two leads at a time", s["subject"])
			}
			if other["subject_name_vi"] != s["subject_name_vi"] || other["subject_name_en"] != s["subject_name_en"] {
				t.Errorf("subject %s has two names", s["subject"])
			}
		}
	}
}

func TestRosterIsAsDirtyAsReadmeSays(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := read(t, "officials.csv")
	first := map[string]row{}
	for _, o := range rows {
		if before := first[o["id"]]; before != nil {
			if o["id"] != "CC-015" || cmp.Diff(before, o) != "" {
				t.Errorf("%s stands twice; only CC-015 may, and alike", o["id"])
			}
			continue
		}
		first[o["id"]] = o
	}
	if len(rows) != 38 || len(first) != 37 {
		t.Errorf("%d lines for %d persons, want 38 for 37", len(rows), len(first))
	}
	for _, dirt := range []struct{ id, column, want string }{
		{"CC-003", "phone", `^0168 000 0003$`},
		{"CC-014", "phone", `^0168\.000\.0014$`},
		{"CC-028", "phone", `^0168 0000 028$`},
		{"CC-008", "phone", `^01200000008$`},
		{"CC-021", "phone", `^0120\.000\.0021$`},
		{"CC-034", "phone", `^01200000034$`},
		{"CC-033", "phone", `^\+84 168 000 0033$`},
		{"CC-012", "phone", `^900000012$`},
		{"CC-019", "phone", `^0251\.3000019$`},
		{"CC-026", "phone", "^0900\u00a0000\u00a0026$"},
		{"CC-005", "full_name", `^ \S+  \S.* $`},
		{"CC-022", "unit_id", `^ xl-`},
		{"CC-030", "email", `\.example $`},
		{"CC-035", "email", `^$`},
		{"CC-037", "unit_id", `^xl-kt-xh$`},
	} {
		if got := first[dirt.id][dirt.column]; !regexp.MustCompile(dirt.want).MatchString(got) {
			t.Errorf("%s %s is %q, want %s", dirt.id, dirt.column, got, dirt.want)
		}
		if !strings.Contains(string(readme), dirt.id) {
			t.Errorf("README.md is silent about %s", dirt.id)
		}
	}
	for _, form := range []string{" ", ".", "-", "(", "+84", "0084"} {
		if !slices.ContainsFunc(rows, func(o row) bool { return strings.Contains(o["phone"], form) }) {
			t.Errorf("no phone is written with %q", form)
		}
	}
}

func TestRosterFillsFourTeams(t *testing.T) {
	units := byID(t, read(t, "units.csv"))
	members, leaders, classes, seen := map[string]int{}, map[string]int{}, map[string]int{}, map[string]bool{}
	for _, o := range read(t, "officials.csv") {
		if seen[o["id"]] {
			continue
		}
		seen[o["id"]] = true
		unit := units[strings.TrimSpace(o["unit_id"])]
		if (unit == nil) != (o["id"] == "CC-037") {
			t.Errorf("%s: unit %q", o["id"], o["unit_id"])
		}
		if unit == nil {
			continue
		}
		members[o["team"]]++
		classes[o["participant_class"]]++
		switch o["role"] {
		case "team_leader":
			leaders[o["team"]]++
		case "official":
		default:
			t.Errorf("%s: unknown role %q", o["id"], o["role"])
		}
		if o["from"] > "2017-02-01" || len(o["from"]) != len("2017-02-01") {
			t.Errorf("%s joined on %q, after the programme began", o["id"], o["from"])
		}
	}
	if diff := cmp.Diff(map[string]int{"T1": 9, "T2": 9, "T3": 9, "T4": 9}, members); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"T1": 1, "T2": 1, "T3": 1, "T4": 1}, leaders); diff != "" {
		t.Errorf("leaders (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"can_bo": 4, "cong_chuc": 28, "vien_chuc": 4}, classes); diff != "" {
		t.Errorf("classes (-want +got):\n%s", diff)
	}
}

func TestEachHamletHasOneHead(t *testing.T) {
	a := openAtlas(t)
	heads, roles, silent := map[string]int{}, map[string]int{}, 0
	holders := map[string][]string{}
	rows := read(t, "hamlet_heads.csv")
	byID(t, rows)
	for _, p := range rows {
		place := a.places[p["place_id"]]
		if place == nil || place["kind"] != "ap" && place["kind"] != "khu" {
			t.Errorf("%s: %q is no hamlet", p["id"], p["place_id"])
		}
		if p["honorific"] == "" {
			t.Errorf("%s: how is this person addressed?", p["id"])
		}
		roles[p["role"]]++
		if p["role"] == "hamlet_head" {
			heads[p["place_id"]]++
		}
		if p["phone"] == "" {
			silent++
		} else {
			holders[digits(p["phone"])] = append(holders[digits(p["phone"])], p["id"])
		}
	}
	for id, place := range a.places {
		if (place["kind"] == "ap" || place["kind"] == "khu") && heads[id] != 1 {
			t.Errorf("hamlet %s has %d heads", id, heads[id])
		}
	}
	want := map[string]int{"hamlet_head": 34, "party_cell_secretary": 5, "resident_group_head": 5, "village_elder": 4}
	if diff := cmp.Diff(want, roles); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	if silent != 8 {
		t.Errorf("%d have no phone, README says eight", silent)
	}
	for number, ids := range holders {
		if len(ids) > 1 && !slices.Equal(ids, []string{"TA-08", "KP-03"}) {
			t.Errorf("%s is shared by %v", number, ids)
		}
	}
	if len(holders[digits("0900000108")]) != 2 {
		t.Error("README says TA-08 and KP-03 share a phone")
	}
}

func TestEveryLeadUnitAndCommuneIsStaffed(t *testing.T) {
	a := openAtlas(t)
	units := byID(t, read(t, "units.csv"))
	rows := read(t, "leaders.csv")
	byID(t, rows)
	count, at := map[string]int{}, map[string]bool{}
	for _, l := range rows {
		if units[l["unit_id"]] == nil || a.places[l["place_id"]] == nil {
			t.Errorf("%s: unknown unit %q or place %q", l["id"], l["unit_id"], l["place_id"])
		}
		if units[l["unit_id"]]["place_id"] != l["place_id"] {
			t.Errorf("%s: %s does not serve %s", l["id"], l["unit_id"], l["place_id"])
		}
		count[l["role"]]++
		at[l["role"]+"@"+l["unit_id"]] = true
		at[l["role"]+"@"+l["place_id"]] = true
	}
	leads := map[string]bool{}
	for _, s := range read(t, "subjects.csv") {
		if life(s).includes("2017-02-01") {
			leads[s["unit_id"]] = true
		}
	}
	for unit := range leads {
		if !at["unit_head@"+unit] || !at["unit_clerk@"+unit] {
			t.Errorf("unit %s leads a subject but has no head or no clerk", unit)
		}
	}
	for id, p := range a.places {
		if p["parent_id"] == "xl-741" && !at["commune_leader@"+id] {
			t.Errorf("commune %s has no leader", id)
		}
	}
	want := map[string]int{
		"programme_chair": 1, "programme_leader": 1, "programme_office": 2, "inspector": 3, "deputy_inspector": 1,
		"admin": 1, "auditor": 1, "unit_head": len(leads), "unit_clerk": len(leads), "commune_leader": 15,
	}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
}

var notDigit = regexp.MustCompile(`\D`)

// digits reduces a number of these files to what follows the trunk zero.
func digits(phone string) string {
	d := notDigit.ReplaceAllString(phone, "")
	d = strings.TrimPrefix(d, "00")
	d = strings.TrimPrefix(d, "84")
	return strings.TrimPrefix(d, "0")
}

func TestNobodyRealCanBeReached(t *testing.T) {
	fictional := regexp.MustCompile(`^(900000\d{3}|168000\d{4}|120000\d{4}|2513000\d{3})$`)
	names, emails, numbers := map[string]string{}, map[string]string{}, map[string]string{}
	claim := func(taken map[string]string, value, id, what string) {
		if owner := taken[value]; value != "" && owner != "" && owner != id {
			t.Errorf("%s and %s bear the same %s", owner, id, what)
		}
		taken[value] = id
	}
	for _, file := range []string{"officials.csv", "hamlet_heads.csv", "leaders.csv"} {
		for _, p := range read(t, file) {
			if p["phone"] != "" && !fictional.MatchString(digits(p["phone"])) {
				t.Errorf("%s: %q does not look made up", p["id"], p["phone"])
			}
			if p["email"] != "" && !strings.HasSuffix(strings.TrimSpace(p["email"]), "@xuanloc.example") {
				t.Errorf("%s: %q is outside the fictional domain", p["id"], p["email"])
			}
			name := norm.NFC.String(strings.Join(strings.Fields(p["full_name"]), " "))
			if name == "" || name == "Lê Thị Xuân Trang" {
				t.Errorf("%s: %q may not stand here", p["id"], name)
			}
			claim(names, name, p["id"], "name")
			claim(emails, strings.TrimSpace(p["email"]), p["id"], "mail address")
			if p["id"] != "KP-03" { // shares a household's phone
				claim(numbers, digits(p["phone"]), p["id"], "phone")
			}
		}
	}
}

func TestOpinionsKeepToTheirKind(t *testing.T) {
	units := byID(t, read(t, "units.csv"))
	subjects := map[string]bool{"": true}
	for _, s := range read(t, "subjects.csv") {
		if life(s).includes("2017-02-01") {
			subjects[s["subject"]] = true
		}
	}
	kinds, texts := map[string]int{}, map[string]bool{}
	for i, o := range read(t, "opinions.csv") {
		kinds[o["kind"]]++
		if !subjects[o["subject"]] {
			t.Errorf("row %d: nobody answers for %q in 2017", i+1, o["subject"])
		}
		if !slices.Contains([]string{"urgent", "normal", "complex"}, o["urgency"]) {
			t.Errorf("row %d: urgency %q", i+1, o["urgency"])
		}
		if texts[o["text_vi"]] {
			t.Errorf("row %d: said twice", i+1)
		}
		texts[o["text_vi"]] = true
		if o["body_id"] != "" && units[o["body_id"]] == nil {
			t.Errorf("row %d: body %q does not exist", i+1, o["body_id"])
		}
		if wrong := wrongAnswer(o); wrong != "" {
			t.Errorf("row %d (%s): %s", i+1, o["kind"], wrong)
		}
	}
	for _, kind := range []string{"report", "petition", "query", "suggestion", "feeling", "wish", "complaint", "denunciation"} {
		if kinds[kind] == 0 {
			t.Errorf("no %s at all", kind)
		}
	}
	if len(kinds) != 8 {
		t.Errorf("unknown kinds in %v", kinds)
	}
}

// wrongAnswer says what of the answer does not fit the kind of opinion, or "".
func wrongAnswer(o row) string {
	answered := o["answer_vi"] != ""
	class, body := o["answer_class"], o["body_id"] != ""
	switch o["kind"] {
	case "denunciation":
		if o["text_vi"] != "" || answered || class != "" || o["on_the_spot"] != "0" {
			return "a denunciation must not have a word in a file"
		}
		return ""
	case "feeling", "wish":
		if answered || class != "" || o["on_the_spot"] != "0" {
			return "no answer is owed"
		}
	case "complaint":
		if !answered || class != "guided" || !body || o["on_the_spot"] != "1" {
			return "a complaint is guided, at once, to a body"
		}
	default:
		if !answered {
			return "an answer is owed"
		}
		if !slices.Contains([]string{"settled", "in_progress", "explained", "study", "beyond"}, class) {
			return "unknown class of answer " + class
		}
		if (class == "beyond") != body {
			return "beyond competence, and only that, names the body it went on to"
		}
		if o["on_the_spot"] != "0" && o["on_the_spot"] != "1" {
			return "on_the_spot is 0 or 1"
		}
	}
	if o["text_vi"] == "" {
		return "nothing was said"
	}
	return ""
}

func TestBulletinsCiteOnlyKnownDocuments(t *testing.T) {
	known := []string{"", "34/2007/PL-UBTVQH11", "02/2011/QH13", "42/2013/QH13"}
	months := map[string]int{}
	for _, b := range read(t, "bulletins.csv") {
		months[b["month"]]++
		if b["title"] == "" || !slices.Contains([]string{"state_policy", "local_task", "information"}, b["type"]) {
			t.Errorf("bulletin %v", b)
		}
		if !slices.Contains(known, b["document_no"]) {
			t.Errorf("%q: document number %q is not verified", b["title"], b["document_no"])
		}
	}
	for _, month := range []string{"2017-02", "2017-03", "2017-04", "2017-05"} {
		if months[month] < 3 {
			t.Errorf("%s has %d items, want three at least", month, months[month])
		}
	}
	if len(months) != 4 {
		t.Errorf("months are %v, want February to May 2017", months)
	}
}

func TestPlanInventsNeitherSignerNorDate(t *testing.T) {
	raw, err := os.ReadFile("plan.json")
	if err != nil {
		t.Fatal(err)
	}
	var plan map[string]any
	if err := json.Unmarshal(raw, &plan); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"code": "HVCS", "number": "60", "symbol": "KH-UBND", "year": 2017.0, "issuer": "UBND huyện Xuân Lộc",
		"title": "Kế hoạch “Hướng về cơ sở” trong năm 2017 của cán bộ, công chức, viên chức trên địa bàn huyện Xuân Lộc",
	}
	if diff := cmp.Diff(want, plan); diff != "" {
		t.Errorf("plan.json (-what the source states +file):\n%s", diff)
	}
}
