// Package smstext makes a Vietnamese text fit for an SMS and says what it
// will cost, before a gateway is asked to send it.
//
// A short message is written in one of two alphabets:
//
//	GSM-7   160 units in one part, 153 in each of several parts
//	UCS-2    70 units in one part,  67 in each of several parts
//
// One character outside GSM-7 moves the whole text to UCS-2. Of the 134
// Vietnamese letters with marks only à è é ì ò ù and É are inside, so a
// reminder of 155 characters is one part without marks and three with them.
// The nine characters ^ { } \ [ ~ ] | € cost two units in GSM-7, and neither
// they nor a surrogate pair may be torn apart by the end of a part.
//
// [Count] measures a text exactly as given. [Prepare] is the way from a text
// written by people to a text for a gateway:
//
//	text -> Normalize -> keep marks or Fold, as the Policy says
//	     -> Charset of the gateway -> Count, and the limit of parts
//
// Folding loses meaning ("ma", "má", "mã" become one word), so it belongs
// here, at the last step before the gateway: e-mail, Zalo and paper keep the
// original.
//
// All functions are pure and safe for use by several goroutines.
package smstext
