package storetest

import (
	"context"
	"slices"

	"github.com/huongvecoso/outreach/core/store"
)

// question is a query method of a store: Q its query, T what it returns.
type question[Q, T any] struct {
	name   string
	of     entity[T]
	find   func(ctx context.Context, tx store.Tx, q Q) ([]T, error)
	inSets bool // the order of its answers is not promised
}

// filter is one condition of a query.
type filter[Q, T any] struct {
	name string
	set  func(*Q) // asks for what the model has
	miss func(*T) // makes of a copy of the model something the filter leaves out
}

// filters checks every filter by itself and all together. The model is what all
// filters ask for; beside it there is, for each filter, one value that only
// this filter leaves out.
func (a question[Q, T]) filters(k kit, model func(*T), filters []filter[Q, T]) {
	k.Helper()
	values := []T{a.model("model", model)}
	for _, f := range filters {
		v := a.model("not "+f.name, model)
		f.miss(&v)
		values = append(values, v)
	}
	a.insert(k, values...)

	var everything, all Q
	ids := a.ids(values)
	a.expect(k, "no filter", everything, ids...)
	for _, f := range filters {
		var q Q
		f.set(&q)
		f.set(&all)
		a.expect(k, f.name, q, slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "not "+f.name })...)
	}
	a.expect(k, "all filters", all, "model")
}

// model returns a value that passes all filters.
func (a question[Q, T]) model(id string, model func(*T)) T {
	v := a.of.bare(id)
	model(&v)
	return v
}

// insert puts values, last first, so that no order comes by itself.
func (a question[Q, T]) insert(k kit, values ...T) {
	k.Helper()
	k.update(func(ctx context.Context, tx store.Tx) error {
		for _, v := range slices.Backward(values) {
			if err := a.of.put(ctx, tx, &v); err != nil {
				return a.of.named(err)
			}
		}
		return nil
	})
}

// expect asks q and compares the ids of the answer. Where the order is not
// promised, or wanted is given sorted by id only, both are compared as sets.
func (a question[Q, T]) expect(k kit, what string, q Q, want ...string) {
	k.Helper()
	a.compare(k, what, q, true, want)
}

// inOrder asks q and compares the ids of the answer and their order.
func (a question[Q, T]) inOrder(k kit, what string, q Q, want ...string) {
	k.Helper()
	a.compare(k, what, q, a.inSets, want)
}

func (a question[Q, T]) compare(k kit, what string, q Q, asSet bool, want []string) {
	k.Helper()
	var got []string
	k.view(func(ctx context.Context, tx store.Tx) error {
		values, err := a.find(ctx, tx, q)
		got = a.ids(values)
		return err
	})
	want = slices.Clone(want)
	if asSet {
		slices.Sort(got)
		slices.Sort(want)
	}
	if diff := differ(want, got); diff != "" && len(want)+len(got) > 0 {
		k.Errorf("%s, %s (-want +got):\n%s", a.name, what, diff)
	}
}

func (a question[Q, T]) ids(values []T) []string {
	var ids []string
	for _, v := range values {
		ids = append(ids, a.of.id(&v))
	}
	return ids
}

// disorder are ids in the order they have as bytes, which is not the order of
// any dictionary.
var disorder = []string{"A", "B", "a", "a b", "a-c", "a1", "ab", "b", "Đ", "ấ"}

// byID checks that all values come ordered by id.
func (a question[Q, T]) byID(k kit, model func(*T)) {
	k.Helper()
	var values []T
	for _, id := range disorder {
		values = append(values, a.model(id, model))
	}
	a.insert(k, values...)
	var everything Q
	a.inOrder(k, "ordered by id", everything, disorder...)
}

// nothing is the query of methods without one.
type nothing struct{}

// plain leaves a bare value as it is.
func plain[T any](*T) {}
