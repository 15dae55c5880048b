package org

import (
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
)

// Tree is every place as it was on one date: who lay in what, what it was
// called. It is immutable and safe for concurrent use.
type Tree struct {
	on       calendar.Date
	places   map[PlaceID]Naming
	children map[PlaceID][]PlaceID // "" holds the outermost places
}

// NewTree arranges the places that existed on the date. A place whose parent
// did not exist then stands at the top, where it is noticed.
func NewTree(places []Place, on calendar.Date) *Tree {
	t := &Tree{on: on, places: make(map[PlaceID]Naming), children: make(map[PlaceID][]PlaceID)}
	for _, p := range places {
		if naming, ok := p.At(on); ok {
			t.places[p.ID] = naming
		}
	}
	for id, naming := range t.places {
		parent := naming.Parent
		if _, ok := t.places[parent]; !ok {
			parent = ""
		}
		t.children[parent] = append(t.children[parent], id)
	}
	for _, ids := range t.children {
		slices.SortFunc(ids, t.compare)
	}
	return t
}

// compare orders places as people list them: by name, Ấp 2 before Ấp 10.
func (t *Tree) compare(a, b PlaceID) int {
	if c := Compare(t.places[a].Name, t.places[b].Name); c != 0 {
		return c
	}
	return strings.Compare(string(a), string(b))
}

// On is the date of which the tree tells.
func (t *Tree) On() calendar.Date { return t.on }

// Naming returns what the place was called, and whether it existed.
func (t *Tree) Naming(id PlaceID) (Naming, bool) {
	n, ok := t.places[id]
	return n, ok
}

// Roots returns the outermost places, in the order of their names.
func (t *Tree) Roots() []PlaceID { return slices.Clone(t.children[""]) }

// Children returns the places directly inside, in the order of their names.
func (t *Tree) Children(id PlaceID) []PlaceID {
	if id == "" {
		return nil
	}
	return slices.Clone(t.children[id])
}

// Within returns the place and everything inside it, each before what it
// holds. It is empty when the place did not exist.
func (t *Tree) Within(id PlaceID) []PlaceID {
	if _, ok := t.places[id]; !ok {
		return nil
	}
	all, seen := []PlaceID{id}, map[PlaceID]bool{id: true}
	for i := 0; i < len(all); i++ {
		for _, inside := range t.children[all[i]] {
			if !seen[inside] { // parents that run in a circle
				seen[inside] = true
				all = append(all, inside)
			}
		}
	}
	return all
}

// Outreach returns the places that are visited, in the order of their names:
// those of the given kinds, or, without kinds, those of every kind that holds
// no other place anywhere in the tree. So a commune of which no hamlet is known
// is not taken for a hamlet.
func (t *Tree) Outreach(kinds ...string) []PlaceID {
	wanted := func(kind string) bool { return slices.Contains(kinds, kind) }
	if len(kinds) == 0 {
		holds := make(map[string]bool)
		for id, naming := range t.places {
			holds[naming.Kind] = holds[naming.Kind] || len(t.children[id]) > 0
		}
		wanted = func(kind string) bool { return !holds[kind] }
	}
	var found []PlaceID
	for id, naming := range t.places {
		if wanted(naming.Kind) {
			found = append(found, id)
		}
	}
	slices.SortFunc(found, t.compare)
	return found
}

// ByCode returns the place that bore the official code on that date. Codes move
// from place to place: ask the tree of the right date.
func (t *Tree) ByCode(code string) (PlaceID, bool) {
	var found []PlaceID
	for id, naming := range t.places {
		if code != "" && naming.Code == code {
			found = append(found, id)
		}
	}
	if len(found) == 0 {
		return "", false
	}
	return slices.Min(found), true
}

// Display is the place with its kind and what it lay in, as the function
// Display shows it; empty for a place that did not exist.
func (t *Tree) Display(id PlaceID) string {
	naming, ok := t.places[id]
	if !ok {
		return ""
	}
	above, ok := t.places[naming.Parent]
	if !ok {
		return naming.Called()
	}
	return naming.Called() + " (" + above.Called() + ")"
}

// Find returns the places whose name contains the words, without regard to
// marks, capitals and the fashion of tones: "Binh Minh" finds both hamlets of
// that name, "Xuan Hoa" finds Xuân Hòa and Xuân Hoà (A13). The kind may be
// written in front: "ấp Bình Minh". Names written exactly so come first, then
// names that differ in marks only, then the others.
func (t *Tree) Find(words string) []PlaceID {
	key := Fold(words)
	if key == "" {
		return nil
	}
	nearness := make(map[PlaceID]int)
	var found []PlaceID
	for id, naming := range t.places {
		if n := near(naming, words, key); n > 0 {
			nearness[id] = n
			found = append(found, id)
		}
	}
	slices.SortFunc(found, func(a, b PlaceID) int {
		if nearness[a] != nearness[b] {
			return nearness[a] - nearness[b]
		}
		return t.compare(a, b)
	})
	return found
}

// near says how well a name fits: 1 exactly, 2 but for marks, 3 at the start, 4
// somewhere, 0 not at all.
func near(n Naming, words, key string) int {
	best := 0
	for _, name := range []string{n.Name, n.Called()} {
		plain := Fold(name)
		fit := 0
		switch {
		case Spelling(name) == Spelling(words):
			fit = 1
		case plain == key:
			fit = 2
		case strings.HasPrefix(plain, key):
			fit = 3
		case strings.Contains(plain, key):
			fit = 4
		}
		if fit > 0 && (best == 0 || fit < best) {
			best = fit
		}
	}
	return best
}
