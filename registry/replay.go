package registry

import (
	"context"
)

const (
	// pageEntries and pageBytes bound a page of a replay, pagesAhead how many are read before they are applied.
	pageEntries, pageBytes, pagesAhead = 256, 1 << 20, 4
)

// page is some entries in a row on their way from the store to the View.
type page struct {
	seqs    []Seq
	ends    []int // of the entries in data
	data    []byte
	changes []*change // set by decode, up to the first that fails
	err     error     // of that one
	decoded chan struct{}
}

// again returns an empty page in the memory of an applied one, of which changes hold nothing.
func (p *page) again() *page {
	return &page{seqs: p.seqs[:0], ends: p.ends[:0], data: p.data[:0], changes: p.changes[:0], decoded: make(chan struct{})}
}

func (p *page) add(e Entry) {
	p.seqs = append(p.seqs, e.Seq)
	p.data = append(p.data, e.Data...)
	p.ends = append(p.ends, len(p.data))
}

func (p *page) full() bool { return len(p.seqs) >= pageEntries || len(p.data) >= pageBytes }

// entry returns the bytes of an entry.
func (p *page) entry(i int) []byte {
	if i == 0 {
		return p.data[:p.ends[0]]
	}
	return p.data[p.ends[i-1]:p.ends[i]]
}

func (p *page) decode() {
	defer close(p.decoded)
	for i := range p.seqs {
		var c *change
		if c, p.err = decodeChange(p.entry(i)); p.err != nil {
			return
		}
		p.changes = append(p.changes, c)
	}
}

// replay applies all that the store holds. While a page is applied the next ones are decoded and read. Nobody else uses r yet.
func (r *Registry) replay(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	pages, applied, read := make(chan *page, pagesAhead), make(chan *page, pagesAhead), make(chan error, 1)
	go func() {
		defer close(pages)
		read <- r.readPages(ctx, pages, applied)
	}()
	var failed error
	for p := range pages {
		<-p.decoded
		if failed == nil {
			failed = r.applyPage(p)
		}
		if failed != nil {
			cancel()
		}
		select {
		case applied <- p:
		default:
		}
	}
	err := <-read
	cancel()
	switch {
	case failed != nil:
		return failed
	case err != nil:
		return err
	}
	return r.gathered()
}

// readPages sends what the store holds in pages that are being decoded, in the memory of applied ones.
func (r *Registry) readPages(ctx context.Context, pages chan<- *page, applied <-chan *page) error {
	p := new(page).again()
	send := func() {
		go p.decode()
		pages <- p
		select {
		case old := <-applied:
			p = old.again()
		default:
			p = new(page).again()
		}
	}
	err := r.opts.Store.Read(ctx, 0, func(e Entry) error {
		if p.add(e); p.full() {
			send()
		}
		return ctx.Err()
	})
	send()
	return err
}

func (r *Registry) applyPage(p *page) error {
	for i, c := range p.changes {
		if err := r.applyChange(p.seqs[i], c, len(p.entry(i))); err != nil {
			return err
		}
	}
	return p.err
}
