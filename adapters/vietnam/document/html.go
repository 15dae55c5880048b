package document

import (
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"
)

// page writes HTML and remembers the first error of its writer.
type page struct {
	w   io.Writer
	err error
}

// raw writes markup of this package.
func (p *page) raw(markup string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, markup)
	}
}

// rawf writes markup with values, each of them escaped.
func (p *page) rawf(markup string, values ...any) {
	escaped := make([]any, len(values))
	for i, v := range values {
		escaped[i] = html.EscapeString(fmt.Sprint(v))
	}
	p.raw(fmt.Sprintf(markup, escaped...))
}

func (p *page) begin(title string) {
	p.rawf("<!DOCTYPE html>\n<html lang=\"vi\"><head><meta charset=\"utf-8\"><title>%s</title>\n", title)
	p.raw("<style>" + style + "</style></head><body>\n")
}

func (p *page) end() error {
	p.raw("</body></html>\n")
	return p.err
}

func (p *page) heading(level int, text string) {
	p.rawf("<h"+strconv.Itoa(level)+">%s</h"+strconv.Itoa(level)+">\n", text)
}

func (p *page) para(format string, values ...any) {
	p.rawf("<p>"+format+"</p>\n", values...)
}

// table writes a table; a row of total is set in bold. Columns whose heading
// begins with "#" hold numbers.
func (p *page) table(caption string, columns []string, rows [][]string, total []string) {
	p.rawf("<table><caption>%s</caption><thead><tr>", caption)
	for _, c := range columns {
		p.rawf("<th>%s</th>", strings.TrimPrefix(c, "#"))
	}
	p.raw("</tr></thead><tbody>\n")
	for _, row := range rows {
		p.row(columns, row, "")
	}
	if total != nil {
		p.row(columns, total, ` class="total"`)
	}
	p.raw("</tbody></table>\n")
}

func (p *page) row(columns, cells []string, attributes string) {
	p.raw("<tr" + attributes + ">")
	for i, c := range cells {
		if strings.HasPrefix(columns[i], "#") {
			p.rawf(`<td class="n">%s</td>`, c)
		} else {
			p.rawf("<td>%s</td>", c)
		}
	}
	p.raw("</tr>\n")
}

// number writes a count the Vietnamese way: 55.821.
func number(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "." + digits[i:]
	}
	return sign + digits
}

// percent writes a share the Vietnamese way: 87,5%.
func percent(p float64) string {
	s := strconv.FormatFloat(p, 'f', 1, 64)
	return strings.Replace(strings.TrimSuffix(s, ".0"), ".", ",", 1) + "%"
}

// style follows Annex I of Decree 30/2020: A4, margins 20–25 mm above and below,
// 30–35 left, 15–20 right, Times New Roman 13–14 pt, the page number centred on
// top and not on the first page.
const style = `
@page { size: A4; margin: 20mm 15mm 20mm 30mm; @top-center { content: counter(page); font: 13pt "Times New Roman", serif; } }
@page :first { @top-center { content: none; } }
body { font: 14pt/1.35 "Times New Roman", Tinos, serif; color: #000; max-width: 165mm; margin: 0 auto; }
p { margin: 6pt 0; text-align: justify; text-indent: 10mm; }
h1 { font-size: 14pt; text-align: center; margin: 14pt 0 2pt; }
h2 { font-size: 14pt; margin: 12pt 0 4pt; } h3 { font-size: 14pt; font-style: italic; margin: 8pt 0 4pt; }
.head { display: flex; justify-content: space-between; text-align: center; font-size: 12pt; }
.head div:first-child { width: 45%; } .head div:last-child { white-space: nowrap; }
.head p, .sign p, .to p { text-indent: 0; text-align: inherit; margin: 0; }
.rule { display: inline-block; border-bottom: 1px solid #000; padding-bottom: 2pt; }
.subject { text-align: center; font-weight: bold; text-indent: 0; }
table { border-collapse: collapse; width: 100%; font-size: 12pt; margin: 6pt 0 10pt; page-break-inside: avoid; }
caption { text-align: left; font-style: italic; padding: 3pt 0; }
th, td { border: 1px solid #000; padding: 2pt 5pt; vertical-align: top; } td.n { text-align: right; white-space: nowrap; }
tr.total td { font-weight: bold; }
.foot { display: flex; justify-content: space-between; margin-top: 14pt; page-break-inside: avoid; }
.to { font-size: 11pt; width: 48%; } .sign { width: 48%; text-align: center; font-weight: bold; }
.line { border-bottom: 1px dotted #000; height: 20pt; } ul { margin: 4pt 0; } li { margin: 2pt 0; }
.box { display: inline-block; width: 10pt; height: 10pt; border: 1px solid #000; margin-right: 4pt; }
`
