// Package document prints what the programme owes on paper: the period report in
// the form of Decree 30/2020/NĐ-CP (national name and motto, number and symbol,
// place and date, subject, body, signature block, recipients), the sheet an
// official takes along to a hamlet, the slip with an answer for somebody without a
// telephone, and the page for the hamlet's notice board. The output is one HTML file each that prints
// on A4 and needs no network, no script and no font of its own.
package document
