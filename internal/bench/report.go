package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
)

// report is what a run found.
type report struct {
	date    time.Time
	machine string // without its name
	rows    int
	rounds  int
	quick   bool
	results []result
	growth  []curve
}

func (b *bench) report(ctx context.Context, results []result) (report, error) {
	r := report{
		date: time.Now(), rows: b.rows, rounds: b.rounds, quick: b.quick, results: results, growth: b.growth,
		machine: fmt.Sprintf("%d cores, %s, %s", runtime.NumCPU(), runtime.GOOS+"/"+runtime.GOARCH, runtime.Version()),
	}
	if b.postgres == nil {
		return r, nil
	}
	conn, err := pgx.Connect(ctx, b.postgres.SocketURL("postgres"))
	if err != nil {
		return r, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	version := conn.PgConn().ParameterStatus("server_version")
	version, _, _ = strings.Cut(version, " ")
	r.machine += ", PostgreSQL " + version + " on a Unix socket, shared buffers " + sharedBuffers + ", fsync on"
	return r, nil
}

// head says when and where the figures were measured.
func (r report) head() string {
	text := fmt.Sprintf("%s, %s, %s rows in each table, rounds: %d (medians)", r.date.UTC().Format(time.DateOnly), r.machine,
		formatFigure(float64(r.rows)), r.rounds)
	if r.quick {
		text += "; a quick run, which says nothing about speed"
	}
	return text
}

var columns = []string{"#", "work", "compared with", "floor", "Hermes", "ratio", "goal", "met", "memory"}

// cells returns a result as the cells of the columns.
func (r result) cells() []string {
	c := []string{r.number, r.what, "–", "", r.unit.format(r.hermes), "", r.goal.format(r.row), r.verdict(), r.memory.String()}
	if r.row.floor != "" {
		c[2], c[3], c[5] = r.row.floor, r.unit.format(r.floor), formatRatio(r.ratio)
	}
	return c
}

func (r result) verdict() string {
	switch {
	case r.goal.none:
		return ""
	case r.met():
		return "yes"
	}
	return "NO"
}

// text returns the table for a terminal, without the descriptions of the floors.
func (r report) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n\n", r.head())
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(c []string) {
		fmt.Fprintln(w, strings.Join(append(c[:2:2], c[3:]...), "\t"))
	}
	line(columns)
	for _, result := range r.results {
		line(result.cells())
	}
	_ = w.Flush() // to memory
	for _, note := range r.notes() {
		fmt.Fprintf(&b, "\n%s\n", note)
	}
	return b.String()
}

func (r report) notes() (notes []string) {
	for _, result := range r.results {
		if result.note != "" {
			notes = append(notes, fmt.Sprintf("%s: %s", result.what, result.note))
		}
	}
	return notes
}

// markdown returns the table with the descriptions of the floors.
func (r report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Hermes beside its floors\n\n%s.\n\nRepeat it with `go run ./internal/bench --out .`\n\n", r.head())
	line := func(c []string) {
		for i := range c {
			c[i] = strings.ReplaceAll(c[i], "|", `\|`)
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(c, " | "))
	}
	line(columns)
	line(strings.Split(strings.Repeat("---,", len(columns)-1)+"---", ","))
	for _, result := range r.results {
		line(result.cells())
	}
	b.WriteString("\nMemory is by how much the resident memory of hermesd grew at its peak, or what a call of a Go method allocated.\n")
	for _, note := range r.notes() {
		fmt.Fprintf(&b, "\n* %s\n", strings.ReplaceAll(note, "\n", "\n  "))
	}
	if len(r.growth) > 0 {
		b.WriteString("\n![Time of a call by the number of rows](growth.svg)\n")
	}
	return b.String()
}

// write writes the table, and the plot if the growth was measured, to a folder.
func (r report) write(folder string) error {
	err := os.MkdirAll(folder, 0o777)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "bench.md"), []byte(r.markdown()), 0o666)
	}
	if err != nil || len(r.growth) == 0 {
		return err
	}
	f, err := os.Create(filepath.Join(folder, "growth.svg"))
	if err != nil {
		return err
	}
	return errors.Join(plot(f, r.growth), f.Close())
}

func (u unit) format(v float64) string {
	switch u {
	case perSecond:
		return formatFigure(v) + " /s"
	case inSeconds:
		return formatSeconds(v)
	case inBytes:
		return fmt.Sprintf("%.1f MiB", v/(1<<20))
	}
	return formatFigure(v)
}

// formatFigure returns three digits that count, or all digits before the point.
func formatFigure(v float64) string {
	switch {
	case v == float64(int64(v)) || v >= 100:
		return groupThousands(fmt.Sprintf("%.0f", v))
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// groupThousands puts commas into a number of more than three digits.
func groupThousands(digits string) string {
	if len(digits) <= 3 {
		return digits
	}
	head := len(digits) - 3
	return groupThousands(digits[:head]) + "," + digits[head:]
}

func formatSeconds(v float64) string {
	switch {
	case v < 1e-6:
		return formatFigure(v*1e9) + " ns"
	case v < 1e-3:
		return formatFigure(v*1e6) + " µs"
	case v < 1:
		return formatFigure(v*1e3) + " ms"
	}
	return formatFigure(v) + " s"
}

func formatRatio(v float64) string {
	if v < 0.1 {
		return fmt.Sprintf("%.4f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// format returns the goal of a row.
func (g goal) format(r row) string {
	if g.none {
		return ""
	}
	sign, value := "≤ ", r.unit.format(g.value)
	if g.atLeast {
		sign = "≥ "
	}
	if r.floor != "" {
		value = fmt.Sprint(g.value)
	}
	return sign + value
}

func (m memory) String() string {
	switch {
	case !m.measured:
		return ""
	case m.perCall && m.bytes < 10_000:
		return fmt.Sprintf("%.0f B a call", m.bytes)
	case m.perCall:
		return fmt.Sprintf("%.0f KiB a call", m.bytes/(1<<10))
	}
	return fmt.Sprintf("+%.1f MiB", m.bytes/(1<<20))
}
