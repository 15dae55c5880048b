// Package sealed keeps denunciations (tố cáo) apart from everything else, from
// the moment they are spoken: in a vault of their own, under a code that tells
// nothing, open to the competent inspector only (L4, domain 3.3, model M6).
//
//	received     -> transferred   an inspector who may see it is found
//	transferred  -> transferred   the inspector stepped out, another one takes it
//	transferred  -> acknowledged  the inspector has it
//	acknowledged -> transferred
//	acknowledged -> resolved      taken up by the competent body
//	acknowledged -> not_accepted
//	resolved     -> erased        when the retention period is over
//	not_accepted -> erased
//
// Never admitted are the accused, whoever stands above them in their line,
// everybody in an accused unit, and the official who wrote it down. The speaker
// keeps a receipt; the vault keeps its hash. What was said, and how to reach who
// said it, is kept encrypted ([Case.Lock]) and opened for the inspector alone. Every look and every try is kept in
// the access log. Nothing of a case stands in the journal, in notices, exports or
// errors; a refusal never says whether there is a case.
package sealed
