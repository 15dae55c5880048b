package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"slices"
)

// The picture, in its own units.
const (
	plotWidth, plotHeight   = 900, 560
	plotLeft, plotRight     = 90, 300
	plotTop, plotBottom     = 40, 60
	innerWidth, innerHeight = plotWidth - plotLeft - plotRight, plotHeight - plotTop - plotBottom
)

// colours of the series, told apart also by who does not see all colours.
var colours = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999"}

// plot draws what each series costs against the size, both in powers of ten,
// each series divided by its value at the smallest size: flat is good.
func plot(points []point) []byte {
	var names []string
	series := map[string][]point{}
	for _, p := range points {
		if p.Value <= 0 || p.Size <= 0 {
			continue
		}
		if series[p.Series] == nil {
			names = append(names, p.Series)
		}
		series[p.Series] = append(series[p.Series], p)
	}
	low, high, least, most := math.Inf(1), math.Inf(-1), 0.0, 0.0
	for _, s := range series {
		slices.SortFunc(s, func(a, b point) int { return a.Size - b.Size })
		for _, p := range s {
			low, high = min(low, math.Log10(float64(p.Size))), max(high, math.Log10(float64(p.Size)))
			least, most = min(least, math.Log10(p.Value/s[0].Value)), max(most, math.Log10(p.Value/s[0].Value))
		}
	}
	high, least, most = max(high, low+1), math.Floor(least), math.Ceil(max(most, 1))
	x := func(size int) float64 {
		return plotLeft + innerWidth*(math.Log10(float64(size))-low)/(high-low)
	}
	y := func(log float64) float64 { return plotTop + innerHeight*(most-log)/(most-least) }

	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/><text x="%d" y="22" font-size="15">Cost against size, each divided by its cost at the smallest size</text>`+"\n", plotWidth, plotHeight, plotLeft)
	for log := math.Ceil(low); log <= high; log++ {
		at := plotLeft + innerWidth*(log-low)/(high-low)
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%.0f</text>`+"\n",
			at, plotTop, at, plotTop+innerHeight, at, plotTop+innerHeight+20, math.Pow(10, log))
	}
	for log := least; log <= most; log++ {
		fmt.Fprintf(&b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%g ×</text>`+"\n",
			plotLeft, y(log), plotLeft+innerWidth, y(log), plotLeft-8, y(log)+4, math.Pow(10, log))
	}
	for i, name := range names {
		colour := colours[i%len(colours)]
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" stroke-width="2" points="`, colour)
		for _, p := range series[name] {
			fmt.Fprintf(&b, "%.1f,%.1f ", x(p.Size), y(math.Log10(p.Value/series[name][0].Value)))
		}
		first := series[name][0]
		fmt.Fprintf(&b, `"/><rect x="%d" y="%d" width="12" height="12" fill="%s"/><text x="%d" y="%d">%s: %s %s</text>`+"\n",
			plotWidth-plotRight+20, plotTop+24*i, colour, plotWidth-plotRight+38, plotTop+24*i+11, html.EscapeString(name), short(first.Value), html.EscapeString(first.Unit))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}
