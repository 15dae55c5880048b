// Package memstore is the reference [store.Store]: it keeps the programme in
// the memory of the process. It serves tests, the quickstart and anybody who
// writes a store of their own and wants to see what each method is to do in
// the fewest words. Nothing survives the process.
//
// Units of work that write run one after the other. Each sees the state that
// was committed before it began with its own writes laid over it; the commit
// puts all of them in place at once. A View keeps the state it began with and
// is never held up by a writer.
//
// Values go in and out as JSON, exactly as they would through a database: the
// caller never shares memory with the store, fields hidden from JSON are lost,
// and instants come back in UTC with microseconds.
package memstore
