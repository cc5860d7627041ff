package main

// perhaps returns the end of a message that names the nearest of the names, or "" if none is near.
func perhaps(given string, names []string) string {
	name := nearest(given, names)
	if name == "" {
		return ""
	}
	return ", perhaps " + name
}

// nearest returns the name that given probably stands for, or "" if none is like it. Of several
// names at the same distance the first one is returned.
func nearest(given string, names []string) (name string) {
	best := max(2, len(given)/4) + 1
	for _, n := range names {
		if d := distance(given, n); d < best {
			best, name = d, n
		}
	}
	return name
}

// distance returns how many bytes must be inserted, removed, replaced or exchanged with their
// neighbour to make b of a. No byte is changed twice.
func distance(a, b string) int {
	// Each row has the distances of a part of a from all beginnings of b.
	beforeLast, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			replace := last[j]
			if a[i] != b[j] {
				replace++
			}
			row[j+1] = min(replace, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], beforeLast[j-1]+1)
			}
		}
		beforeLast, last = last, row
	}
	return last[len(b)]
}
