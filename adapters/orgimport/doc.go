// Package orgimport takes the lists of an office into the programme: places and
// their history, units, who answers for which subject, officials, hamlet heads,
// leaders. Lists come as CSV or XLSX, as dirty as such lists are.
//
// An import has two steps. [Read] turns a file into a [Sheet] and marks what can
// be seen in a row alone: a telephone number that has lost its first zero, a
// date that is none. [Prepare] then tries all sheets together against what is
// stored, keeps nothing, and says for each line what would happen and why:
//
//	plan, err := orgimport.Prepare(ctx, sys, by, places, units, officials)
//	plan.WriteErrors(file, "officials.csv")       // the lines to be corrected
//	plan, err = orgimport.Apply(ctx, sys, by, plan, orgimport.SkipErrors)
//
// Nothing is guessed silently: what was changed on the way, such as a number
// of eleven digits, is a note; what is doubtful is an error with a suggestion.
// An import may be run again: rows are recognised by their ids, and the second
// time every row is "same". Nothing that is stored is deleted by a row that is
// missing.
//
// The rules themselves are those of the core, and so are the rights: the actor
// needs to be allowed to manage the organisation.
package orgimport
