package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/template"
)

// curve is how the time of a call grows with the rows.
type curve struct {
	engine string
	call   string
	rows   []int
	times  []float64 // in seconds
}

// The plot has a panel for each engine, with logarithmic axes, in units of SVG.
const (
	panelWidth  = 300
	panelHeight = 300
	panelLeft   = 64
	panelTop    = 40
	panelGap    = 190 // has the names of the curves
)

// colours can be told apart on a white and on a black background.
var colours = [...]string{"#3b82f6", "#e0662b", "#16a06a", "#c2559d", "#a3821a", "#8b6fe8", "#d64550", "#1aa3b8"}

// growthPlot is what the template shows.
type growthPlot struct {
	Width, Height int
	Panels        []panel
}

type panel struct {
	Title                    string
	Left, Top, Right, Bottom float64
	Rows, Times              []tick
	Lines                    []line
}

type tick struct {
	At   float64
	Text string
}

type line struct {
	Colour string
	Path   string
	X, Y   float64 // of its name
	Name   string
}

// growthTemplate uses the grey of middle brightness for texts, which is readable on white and on
// black, and has no background of its own.
const growthTemplate = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{.Width}} {{.Height}}" font-family="sans-serif" font-size="12" fill="#7d8590">
<title>Time of a call by the number of rows</title>
{{range $p := .Panels}}<text x="{{.Left}}" y="20" font-size="15" font-weight="bold">{{.Title}}</text>
{{range .Times}}<path d="M{{$p.Left}} {{.At}}H{{$p.Right}}" stroke="#7d8590" stroke-opacity="0.35"/><text x="{{$p.Left}}" y="{{.At}}" dx="-6" dy="4" text-anchor="end">{{.Text}}</text>
{{end}}{{range .Rows}}<path d="M{{.At}} {{$p.Top}}V{{$p.Bottom}}" stroke="#7d8590" stroke-opacity="0.35"/><text x="{{.At}}" y="{{$p.Bottom}}" dy="18" text-anchor="middle">{{.Text}}</text>
{{end}}{{range .Lines}}<path d="{{.Path}}" fill="none" stroke="{{.Colour}}" stroke-width="2"/><text x="{{.X}}" y="{{.Y}}" dx="8" dy="4" fill="{{.Colour}}">{{.Name}}</text>
{{end}}{{end}}</svg>
`

// plot draws the curves as SVG.
func plot(w io.Writer, curves []curve) error {
	t, err := template.New("growth").Parse(growthTemplate)
	if err != nil {
		return err
	}
	return t.Execute(w, newGrowthPlot(curves))
}

// newGrowthPlot places the curves. All panels have the same scale.
func newGrowthPlot(curves []curve) growthPlot {
	s := newScale(curves)
	p := growthPlot{Height: panelTop + panelHeight + 36}
	for i, engine := range engines() {
		left := float64(panelLeft + i*(panelWidth+panelGap+panelLeft))
		panel := panel{Title: engine, Left: left, Top: panelTop, Right: left + panelWidth, Bottom: panelTop + panelHeight}
		for _, rows := range curves[0].rows {
			panel.Rows = append(panel.Rows, tick{At: s.x(panel, rows), Text: formatRows(rows)})
		}
		for decade := s.least; decade <= s.most; decade++ {
			panel.Times = append(panel.Times, tick{At: s.y(panel, math.Pow10(decade)), Text: formatSeconds(math.Pow10(decade))})
		}
		for _, c := range curves {
			if c.engine == engine {
				panel.Lines = append(panel.Lines, s.line(panel, c, colours[len(panel.Lines)%len(colours)]))
			}
		}
		spread(panel.Lines)
		p.Panels = append(p.Panels, panel)
		p.Width = int(panel.Right) + panelGap
	}
	return p
}

// scale maps rows and times to places in a panel.
type scale struct {
	fewest, manyest float64 // logarithms of the rows
	least, most     int     // decades of the times
}

func newScale(curves []curve) scale {
	s := scale{least: math.MaxInt, most: math.MinInt}
	for _, c := range curves {
		s.fewest, s.manyest = math.Log10(float64(slices.Min(c.rows))), math.Log10(float64(slices.Max(c.rows)))
		s.least = min(s.least, int(math.Floor(math.Log10(slices.Min(c.times)))))
		s.most = max(s.most, int(math.Ceil(math.Log10(slices.Max(c.times)))))
	}
	return s
}

func (s scale) x(p panel, rows int) float64 {
	part := (math.Log10(float64(rows)) - s.fewest) / (s.manyest - s.fewest)
	return math.Round(p.Left + part*(p.Right-p.Left))
}

func (s scale) y(p panel, time float64) float64 {
	part := (math.Log10(time) - float64(s.least)) / float64(s.most-s.least)
	return math.Round(p.Bottom - part*(p.Bottom-p.Top))
}

func (s scale) line(p panel, c curve, colour string) line {
	l := line{Colour: colour, Name: c.call}
	for i, rows := range c.rows {
		command := "L"
		if i == 0 {
			command = "M"
		}
		l.X, l.Y = s.x(p, rows), s.y(p, c.times[i])
		l.Path += fmt.Sprintf("%s%g %g", command, l.X, l.Y)
	}
	last, first := c.times[len(c.times)-1], c.times[0]
	l.Name += " ×" + formatFigure(last/first)
	return l
}

// spread moves names apart that would be on top of each other.
func spread(lines []line) {
	const apart = 14
	slices.SortStableFunc(lines, func(a, b line) int { return int(a.Y - b.Y) })
	for i := 1; i < len(lines); i++ {
		lines[i].Y = max(lines[i].Y, lines[i-1].Y+apart)
	}
}

func formatRows(n int) string {
	switch {
	case n >= 1_000_000 && n%100_000 == 0:
		return fmt.Sprintf("%g million rows", float64(n)/1e6)
	case n >= 1000 && n%100 == 0:
		return fmt.Sprintf("%g thousand", float64(n)/1e3)
	}
	return fmt.Sprint(n)
}
