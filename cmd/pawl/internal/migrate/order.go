package migrate

// levels returns for every entry how deep its references go: those of level 0 refer to nothing, and each other one is above all
// that it refers to. References to what the image does not hold do not count. Entries that refer to themselves, through whatever
// others, have level -1.
func (im *image) levels() []int {
	out := make([]int, len(im.entries))
	waits := make([]int, len(im.entries)) // references whose level is not known yet
	users := make([][]int, len(im.entries))
	var ready []int
	for i, e := range im.entries {
		out[i] = -1
		for _, r := range e.refs {
			if j, ok := im.at[r]; ok {
				waits[i]++
				users[j] = append(users[j], i)
			}
		}
		if waits[i] == 0 {
			out[i] = 0
			ready = append(ready, i)
		}
	}
	above := make([]int, len(im.entries))
	for len(ready) > 0 {
		i := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		for _, u := range users[i] {
			above[u] = max(above[u], out[i]+1)
			if waits[u]--; waits[u] == 0 {
				out[u] = above[u]
				ready = append(ready, u)
			}
		}
	}
	return out
}

// usedLive reports for every entry whether a live entry refers to it.
func (im *image) usedLive() []bool {
	out := make([]bool, len(im.entries))
	for _, e := range im.entries {
		for _, r := range e.refs {
			if i, ok := im.at[r]; ok && !e.deleted {
				out[i] = true
			}
		}
	}
	return out
}
